// Amplify's Authenticator as it is: only the endpoints are the local ones. The pool's own attribute
// is the one field that it does not know.
import { Amplify } from "aws-amplify"
import { parseAmplifyConfig } from "aws-amplify/utils"
import { Authenticator, TextField } from "@aws-amplify/ui-react"
import "@aws-amplify/ui-react/styles.css"
import { createRoot } from "react-dom/client"

const outputs = await (await fetch("/amplify_outputs.json")).json()
const config = parseAmplifyConfig(outputs)
const { endpoint } = outputs.custom
Object.assign(config.Auth.Cognito, { userPoolEndpoint: endpoint, identityPoolEndpoint: endpoint })
Amplify.configure(config)

const fields = () => <>
	<Authenticator.SignUp.FormFields />
	<TextField label="Agent name" name="custom:agentName" />
</>

createRoot(document.getElementById("root")).render(
	<Authenticator components={{ SignUp: { FormFields: fields } }}>
		{({ signOut, user }) => <main>
			<h1>Hello {user.signInDetails.loginId}</h1>
			<button onClick={signOut}>Leave</button>
		</main>}
	</Authenticator>,
)

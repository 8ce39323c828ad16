// Amplify as it is: only the endpoint is the local one.
import assert from "node:assert/strict"
import { Amplify } from "aws-amplify"
import * as auth from "aws-amplify/auth"
import { clientId, code, endpoint, fails, identityPoolId, password, poolId } from "./pool.mjs"

// Amplify names the device after the browser. Without a name it does not confirm the device, and no
// refresh succeeds.
globalThis.navigator ??= { userAgent: "Node.js" }

Amplify.configure({ Auth: { Cognito: {
	userPoolId: poolId, userPoolClientId: clientId, userPoolEndpoint: endpoint,
	identityPoolId, identityPoolEndpoint: endpoint, allowGuestAccess: true,
} } })

// role is the role of the session's credentials.
const role = ({ credentials }) => /assumed-role\/[^/]*-(\w+)\//.exec(atob(credentials.sessionToken))[1]

const guest = await auth.fetchAuthSession()
assert.equal(guest.tokens, undefined)
assert.equal(role(guest), "unauthenticated")
assert.equal((await auth.fetchAuthSession()).identityId, guest.identityId)

// Whoever has just signed up is signed in.
const anna = "anna.amplify@example.com"
const signUp = address => auth.signUp({
	username: address, password,
	options: { userAttributes: { email: address, "custom:agentName": "Amy Example" }, autoSignIn: true },
})
assert.equal((await signUp(anna)).nextStep.signUpStep, "CONFIRM_SIGN_UP")
const confirmed = await auth.confirmSignUp({ username: anna, confirmationCode: await code(anna) })
assert.equal(confirmed.nextStep.signUpStep, "COMPLETE_AUTO_SIGN_IN")
assert.ok((await auth.autoSignIn()).isSignedIn)
await auth.signOut()

const amy = "amy.amplify@example.com"
await signUp(amy)
await fails("UsernameExistsException", null, () => signUp(amy))
const superseded = await code(amy)
assert.equal((await auth.signIn({ username: amy, password })).nextStep.signInStep, "CONFIRM_SIGN_UP")
await auth.resendSignUpCode({ username: amy })
const current = await code(amy)
if (superseded !== current) {
	await fails("ExpiredCodeException", null, () => auth.confirmSignUp({ username: amy, confirmationCode: superseded }))
}
await auth.confirmSignUp({ username: amy, confirmationCode: current })

for (const [authFlowType, message] of [
	["USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"],
	["USER_AUTH", "USER_AUTH flow not enabled for this client"],
	["CUSTOM_WITH_SRP", "CUSTOM_AUTH flow not enabled for this client"],
]) {
	await fails("InvalidParameterException", message, () => auth.signIn({ username: amy, password, options: { authFlowType } }))
}

assert.ok((await auth.signIn({ username: amy, password })).isSignedIn)
const session = await auth.fetchAuthSession()
const { tokens } = session
assert.equal(role(session), "authenticated")
assert.notEqual(session.identityId, guest.identityId)
const refreshed = await auth.fetchAuthSession({ forceRefresh: true })
assert.notEqual(String(refreshed.tokens.accessToken), String(tokens.accessToken))
assert.equal(refreshed.identityId, session.identityId)
assert.equal(refreshed.tokens.accessToken.payload.origin_jti, tokens.accessToken.payload.origin_jti)

await auth.rememberDevice()
assert.equal((await auth.fetchDevices()).length, 1)
await auth.updateUserAttributes({ userAttributes: { name: "Amy", "custom:agentName": "Amy Two" } })
await auth.deleteUserAttributes({ userAttributeKeys: ["name"] })
await fails("NotAuthorizedException", "A client attempted to write unauthorized attribute",
	() => auth.updateUserAttribute({ userAttribute: { attributeKey: "birthdate", value: "1815-12-10" } }))
const attributes = await auth.fetchUserAttributes()
assert.equal(attributes["custom:agentName"], "Amy Two")
assert.equal(attributes.name, undefined)

const changed = "amy.changed@example.com"
const update = await auth.updateUserAttributes({ userAttributes: { email: changed } })
assert.equal(update.email.nextStep.updateAttributeStep, "CONFIRM_ATTRIBUTE_WITH_CODE")
await auth.confirmUserAttribute({ userAttributeKey: "email", confirmationCode: await code(changed) })

await auth.updatePassword({ oldPassword: password, newPassword: "sample-pass-2" })
await auth.signOut({ global: true })
await fails("UserUnAuthenticatedException", null, () => auth.fetchUserAttributes())

await auth.resetPassword({ username: changed })
await auth.confirmResetPassword({ username: changed, confirmationCode: await code(changed), newPassword: "sample-pass-3" })
assert.equal(role(await auth.fetchAuthSession()), "unauthenticated")
assert.ok((await auth.signIn({ username: changed, password: "sample-pass-3" })).isSignedIn)
assert.equal((await auth.fetchAuthSession()).identityId, session.identityId, "the same person is the same identity")
await auth.forgetDevice()
await auth.deleteUser()
await fails("NotAuthorizedException", "Incorrect username or password.", () => auth.signIn({ username: changed, password: "sample-pass-3" }))

// Whoever was invited chooses a password. The test has made the user.
const ivy = "ivy.invited@example.com"
const invited = await auth.signIn({ username: ivy, password: "sample-temporary-1" })
assert.equal(invited.nextStep.signInStep, "CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED")
assert.ok((await auth.confirmSignIn({ challengeResponse: "sample-pass-1" })).isSignedIn)
await auth.signOut()

// Amplify would wait for another three minutes for the automatic sign-in after the second sign-up.
process.exit()

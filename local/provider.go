package local

import (
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// provider signs somebody in who comes back from Facebook or another provider to
// Cognito's hosted sign-in. The form says what the provider would say.
func (a *app) provider(w http.ResponseWriter, r *http.Request) {
	p := a.page(r, "provider")
	attributes := map[string]string{}
	if p.Email != "" {
		attributes["email"] = p.Email
	}
	if verified := r.FormValue("verified"); verified != "" {
		attributes["email_verified"] = verified
	}
	name, err := a.signInWithProvider(r.Context(), a.clientIDs[p.Client], strings.TrimSpace(r.FormValue("provider")), strings.TrimSpace(r.FormValue("id")), attributes)
	if err == nil {
		var user *cognito.AdminGetUserOutput
		user, err = a.pool.AdminGetUser(r.Context(), &cognito.AdminGetUserInput{UserPoolId: aws.String(a.poolID), Username: aws.String(name)})
		if err == nil {
			p.Step = "signed-in"
			p.Facts = append([]types.AttributeType{{Name: aws.String("user name"), Value: user.Username}}, user.UserAttributes...)
		}
	}
	a.show(w, p, err)
}

package cognito

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"poolpost/local/awsjson"
)

const maxBody = 1 << 20

// Target begins the X-Amz-Target of every request to a user pool.
const Target = "AWSCognitoIdentityProviderService."

// operations are what the API has here: a line each, besides a type for the request and
// a function. The signed ones are for administrators.
func (p *Pool) operations() map[string]awsjson.Operation {
	return map[string]awsjson.Operation{
		"SignUp":                           open(p, p.signUp),
		"ConfirmSignUp":                    open(p, p.confirmSignUp),
		"ResendConfirmationCode":           open(p, p.resendConfirmationCode),
		"ForgotPassword":                   open(p, p.forgotPassword),
		"ConfirmForgotPassword":            open(p, p.confirmForgotPassword),
		"InitiateAuth":                     open(p, p.initiateAuth),
		"RespondToAuthChallenge":           open(p, p.respondToAuthChallenge),
		"GetTokensFromRefreshToken":        open(p, p.getTokensFromRefreshToken),
		"RevokeToken":                      open(p, p.revokeToken),
		"GlobalSignOut":                    open(p, p.globalSignOut),
		"GetUser":                          open(p, p.getUser),
		"UpdateUserAttributes":             open(p, p.updateUserAttributes),
		"DeleteUserAttributes":             open(p, p.deleteUserAttributes),
		"GetUserAttributeVerificationCode": open(p, p.getUserAttributeVerificationCode),
		"VerifyUserAttribute":              open(p, p.verifyUserAttribute),
		"ChangePassword":                   open(p, p.changePassword),
		"DeleteUser":                       open(p, p.deleteUser),
		"ConfirmDevice":                    open(p, p.confirmDevice),
		"GetDevice":                        open(p, p.getDevice),
		"ListDevices":                      open(p, p.listDevices),
		"UpdateDeviceStatus":               open(p, p.updateDeviceStatus),
		"ForgetDevice":                     open(p, p.forgetDevice),
		"AssociateSoftwareToken":           open(p, p.associateSoftwareToken),
		"VerifySoftwareToken":              open(p, p.verifySoftwareToken),
		"SetUserMFAPreference":             open(p, p.setUserMFAPreference),
		"GetUserAuthFactors":               open(p, p.getUserAuthFactors),
		"StartWebAuthnRegistration":        open(p, p.noPasskeys),
		"CompleteWebAuthnRegistration":     open(p, p.noPasskeys),
		"ListWebAuthnCredentials":          open(p, p.listWebAuthnCredentials),
		"DeleteWebAuthnCredential":         open(p, p.deleteWebAuthnCredential),

		"AdminCreateUser":             signed(p, p.adminCreateUser),
		"AdminConfirmSignUp":          signed(p, p.adminConfirmSignUp),
		"AdminGetUser":                signed(p, p.adminGetUser),
		"AdminUpdateUserAttributes":   signed(p, p.adminUpdateUserAttributes),
		"AdminDeleteUserAttributes":   signed(p, p.adminDeleteUserAttributes),
		"AdminResetUserPassword":      signed(p, p.adminResetUserPassword),
		"AdminSetUserPassword":        signed(p, p.adminSetUserPassword),
		"AdminEnableUser":             signed(p, p.adminEnableUser),
		"AdminDisableUser":            signed(p, p.adminDisableUser),
		"AdminDeleteUser":             signed(p, p.adminDeleteUser),
		"AdminUserGlobalSignOut":      signed(p, p.adminUserGlobalSignOut),
		"AdminInitiateAuth":           signed(p, p.adminInitiateAuth),
		"AdminRespondToAuthChallenge": signed(p, p.adminRespondToAuthChallenge),
		"AdminSetUserMFAPreference":   signed(p, p.adminSetUserMFAPreference),
		"AdminGetDevice":              signed(p, p.adminGetDevice),
		"AdminListDevices":            signed(p, p.adminListDevices),
		"AdminUpdateDeviceStatus":     signed(p, p.adminUpdateDeviceStatus),
		"AdminForgetDevice":           signed(p, p.adminForgetDevice),
		"AdminLinkProviderForUser":    signed(p, p.adminLinkProviderForUser),
		"ListUsers":                   signed(p, p.listUsers),
		"CreateGroup":                 signed(p, p.createGroup),
		"GetGroup":                    signed(p, p.getGroup),
		"DeleteGroup":                 signed(p, p.deleteGroup),
		"ListGroups":                  signed(p, p.listGroups),
		"ListUsersInGroup":            signed(p, p.listUsersInGroup),
		"AdminAddUserToGroup":         signed(p, p.adminAddUserToGroup),
		"AdminRemoveUserFromGroup":    signed(p, p.adminRemoveUserFromGroup),
		"AdminListGroupsForUser":      signed(p, p.adminListGroupsForUser),
		"DescribeUserPool":            signed(p, p.describeUserPool),
		"ListUserPools":               signed(p, p.listUserPools),
		"GetUserPoolMfaConfig":        signed(p, p.getUserPoolMFAConfig),
		"DescribeUserPoolClient":      signed(p, p.describeUserPoolClient),
		"ListUserPoolClients":         signed(p, p.listUserPoolClients),

		"UpdateGroup":                     signed(p, p.updateGroup),
		"AdminGetUserAuthFactors":         signed(p, p.adminGetUserAuthFactors),
		"AdminDeleteSoftwareToken":        signed(p, p.adminDeleteSoftwareToken),
		"AdminDisableProviderForUser":     signed(p, p.adminDisableProviderForUser),
		"ListIdentityProviders":           signed(p, p.listIdentityProviders),
		"DescribeIdentityProvider":        signed(p, p.describeIdentityProvider),
		"GetIdentityProviderByIdentifier": signed(p, p.getIdentityProviderByIdentifier),
		"ListTagsForResource":             signed(p, p.listTags),
		"GetCSVHeader":                    signed(p, p.getCSVHeader),
		"ListUserImportJobs":              signed(p, nothing("UserImportJobs")),
		"ListResourceServers":             signed(p, nothing("ResourceServers")),
		"DescribeResourceServer":          signed(p, p.describeResourceServer),
		"ListUserPoolClientSecrets":       signed(p, nothing("ClientSecrets")),
		"AdminListUserAuthEvents":         signed(p, p.noAddOn),
		"AdminUpdateAuthEventFeedback":    signed(p, p.noAddOn),
		"UpdateAuthEventFeedback":         open(p, p.noAddOn),
		"DescribeRiskConfiguration":       signed(p, p.noAddOn),
		"SetRiskConfiguration":            signed(p, p.noAddOn),
	}
}

// open makes an operation that anyone may call. It runs with the pool locked.
func open[In request](p *Pool, run func(context.Context, caller, In) (any, error)) awsjson.Operation {
	return awsjson.Handle(func(r *http.Request, in In) (any, error) {
		if err := check(in); err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		c := callerOf(r.Header)
		if err := in.authorize(p, &c); err != nil {
			return nil, err
		}
		// A caller that goes away does not stop Cognito half-way.
		return run(context.WithoutCancel(r.Context()), c, in)
	})
}

// signed makes an operation for callers with AWS credentials: the API reference
// says that IAM policies are evaluated for it.
func signed[In request](p *Pool, run func(context.Context, caller, In) (any, error)) awsjson.Operation {
	return awsjson.Signed(open(p, run))
}

func (p *Pool) service() *awsjson.Service {
	return &awsjson.Service{
		Version: "1.1", Target: Target, MaxRequest: maxBody, Operations: p.operations(), ErrorMessageHeader: true,
		Unknown: unknown,
		// Smithy's AWS JSON protocol; the text is our own.
		Malformed: failure("SerializationException", "The request body is not the JSON of this operation, or has more than %d bytes.", maxBody),
	}
}

// ServeHTTP serves the API, and the documents below /POOL_ID/.well-known/.
func (p *Pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/"+p.options.PoolID+"/") {
		p.documents.ServeHTTP(w, r)
		return
	}
	p.api.ServeHTTP(w, r)
}

// A caller is who makes a request. Triggers get the first two.
type caller struct {
	sdk      string
	clientID *string      // nil is sent as null
	user     *user        // of a tokenRequest or an adminUserRequest
	token    accessClaims // of a tokenRequest
	session  *session     // of a softwareTokenRequest without an access token
}

var sdkName = regexp.MustCompile(`^(aws-sdk-[a-z0-9-]+)/([0-9][0-9.]*)`)

// callerOf reads the SDK from the request, browsers' own header first. An event
// says aws-sdk-js-2.1639.0 for what introduces itself as aws-sdk-js/2.1639.0, and
// aws-sdk-unknown-unknown for most others (observed).
func callerOf(h http.Header) caller {
	for _, agent := range []string{h.Get("X-Amz-User-Agent"), h.Get("User-Agent")} {
		if match := sdkName.FindStringSubmatch(agent); match != nil {
			return caller{sdk: match[1] + "-" + match[2]}
		}
	}
	return caller{sdk: "aws-sdk-unknown-unknown"}
}

// An epoch is a time as the protocol writes it.
type epoch = awsjson.Epoch

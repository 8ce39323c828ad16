package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"uuid"
)

// The AWS JSON 1.1 protocol: POST /, the operation in X-Amz-Target.
const (
	targetPrefix = "AWSCognitoIdentityProviderService."
	contentType  = "application/x-amz-json-1.1"
	maxBody      = 1 << 20
)

// An operation is one operation of the API.
type operation struct {
	// signed operations are for administrators: the API reference says that
	// IAM policies are evaluated for them, so the request must be signed.
	signed bool
	run    func(ctx context.Context, c caller, body []byte) (any, error)
}

// A request is the input of an operation.
type request interface{ constraints() []constraint }

// open makes an operation that anyone may call.
func open[In request](run func(context.Context, caller, In) (any, error)) operation {
	return operation{run: func(ctx context.Context, c caller, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			// Smithy's AWS JSON protocol; the text is our own.
			return nil, failure("SerializationException", "The request body is not the JSON of this operation.")
		}
		if err := check(in.constraints()); err != nil {
			return nil, err
		}
		return run(ctx, c, in)
	}}
}

// signed makes an operation for callers with AWS credentials.
func signed[In request](run func(context.Context, caller, In) (any, error)) operation {
	o := open(run)
	o.signed = true
	return o
}

func (p *Pool) operations() map[string]operation {
	return map[string]operation{
		"SignUp":                           open(p.signUp),
		"ConfirmSignUp":                    open(p.confirmSignUp),
		"ResendConfirmationCode":           open(p.resendConfirmationCode),
		"ForgotPassword":                   open(p.forgotPassword),
		"ConfirmForgotPassword":            open(p.confirmForgotPassword),
		"InitiateAuth":                     open(p.initiateAuth),
		"RespondToAuthChallenge":           open(p.respondToAuthChallenge),
		"GetUser":                          open(p.getUser),
		"UpdateUserAttributes":             open(p.updateUserAttributes),
		"GetUserAttributeVerificationCode": open(p.getUserAttributeVerificationCode),
		"VerifyUserAttribute":              open(p.verifyUserAttribute),
		"AdminCreateUser":                  signed(p.adminCreateUser),
		"AdminConfirmSignUp":               signed(p.adminConfirmSignUp),
		"AdminGetUser":                     signed(p.adminGetUser),
		"AdminResetUserPassword":           signed(p.adminResetUserPassword),
		"AdminAddUserToGroup":              signed(p.adminAddUserToGroup),
		"AdminListGroupsForUser":           signed(p.adminListGroupsForUser),
		"AdminLinkProviderForUser":         signed(p.adminLinkProviderForUser),
		"ListUsers":                        signed(p.listUsers),
		"DescribeUserPoolClient":           signed(p.describeUserPoolClient),
	}
}

// ServeHTTP answers one request of the API. Whatever the request is, the
// answer is JSON.
func (p *Pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		p.reply(w, http.StatusMethodNotAllowed, failure("UnknownOperationException", "Requests to the user pool are POST requests."))
		return
	}
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	result, err := p.serve(w, r, name)
	var refusal *apiError
	switch {
	case err == nil:
		p.reply(w, http.StatusOK, result)
	case errors.As(err, &refusal):
		p.reply(w, http.StatusBadRequest, refusal)
	default:
		slog.Error("user pool operation failed", "operation", name, "error", err)
		p.reply(w, http.StatusInternalServerError, failure("InternalErrorException", "Something went wrong"))
	}
}

func (p *Pool) serve(w http.ResponseWriter, r *http.Request, name string) (any, error) {
	operation, ok := p.table[name]
	if !ok {
		return nil, failure("UnknownOperationException", "This pool knows the operations %s.",
			strings.Join(slices.Sorted(maps.Keys(p.table)), ", "))
	}
	if operation.signed && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		// "Common errors" of the API reference.
		return nil, failure("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, failure("SerializationException", "The request body could not be read, or has more than %d bytes.", maxBody)
	}
	// A caller that goes away does not stop Cognito half-way.
	return operation.run(context.WithoutCancel(r.Context()), callerOf(r.Header), body)
}

func (p *Pool) reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		slog.Error("encode the answer of a user pool operation", "error", err)
		status, text = http.StatusInternalServerError, []byte(`{"__type":"InternalErrorException","message":"Something went wrong"}`)
	}
	if refusal, ok := body.(*apiError); ok {
		w.Header().Set("X-Amzn-Errortype", refusal.Type+":")
	}
	w.Header().Set("X-Amzn-Requestid", uuid.NewV4().String())
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(text)
}

// A caller is who a trigger is told about (callerContext).
type caller struct {
	sdk      string
	clientID *string // nil is sent as null
}

// of says which app client the caller uses.
func (c caller) of(clientID string) caller {
	c.clientID = &clientID
	return c
}

// admin is a caller without an app client.
func (c caller) admin() caller { return c.of("CLIENT_ID_NOT_APPLICABLE") }

var sdkName = regexp.MustCompile(`^(aws-sdk-[a-z0-9-]+)/([0-9][0-9.]*)`)

// callerOf reads the SDK from the request, browsers' own header first. An
// event says aws-sdk-js-2.1639.0 for what introduces itself as
// aws-sdk-js/2.1639.0, and aws-sdk-unknown-unknown for most others (observed).
func callerOf(h http.Header) caller {
	for _, agent := range []string{h.Get("X-Amz-User-Agent"), h.Get("User-Agent")} {
		if match := sdkName.FindStringSubmatch(agent); match != nil {
			return caller{sdk: fmt.Sprintf("%s-%s", match[1], match[2])}
		}
	}
	return caller{sdk: "aws-sdk-unknown-unknown"}
}

// An epoch is a time as the protocol writes it: seconds since 1970.
type epoch time.Time

func (e epoch) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(time.Time(e).UnixMilli())/1000), nil
}

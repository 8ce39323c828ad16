package cognito

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/json/jsontext"
	jsonv2 "encoding/json/v2"
	"errors"
)

// The triggers, as LambdaConfigType of the API reference names them.
const (
	preSignUp          = "PreSignUp"
	customMessage      = "CustomMessage"
	customEmailSender  = "CustomEmailSender"
	postConfirmation   = "PostConfirmation"
	preTokenGeneration = "PreTokenGeneration" // V1_0
)

// maxAttempts is how often Cognito calls a trigger that does not answer.
const maxAttempts = 3

// An event is what a trigger gets: the common parameters of the developer
// guide, "Customizing user pool workflows with Lambda triggers", in the order
// that is observed.
type event struct {
	Version       string        `json:"version"`
	Region        string        `json:"region"`
	UserPoolID    string        `json:"userPoolId"`
	UserName      string        `json:"userName"`
	CallerContext callerContext `json:"callerContext"`
	TriggerSource string        `json:"triggerSource"`
	Request       any           `json:"request"`
	Response      any           `json:"response,omitzero"` // CustomEmailSender has none
}

type callerContext struct {
	AWSSDKVersion string  `json:"awsSdkVersion"`
	ClientID      *string `json:"clientId"`
}

// The requests of the triggers. Validation data that was not sent is null (an
// example of the same page), client metadata that was not sent is absent
// (observed).

type preSignUpRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ValidationData map[string]string `json:"validationData"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

type customMessageRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	CodeParameter  string            `json:"codeParameter"`
	LinkParameter  string            `json:"linkParameter"`
	// UsernameParameter is {username} for AdminCreateUser, else null (observed).
	UsernameParameter *string           `json:"usernameParameter"`
	ClientMetadata    map[string]string `json:"clientMetadata,omitzero"`
}

type postConfirmationRequest struct {
	UserAttributes map[string]string `json:"userAttributes"`
	ClientMetadata map[string]string `json:"clientMetadata,omitzero"`
}

type preTokenGenerationRequest struct {
	UserAttributes     map[string]string  `json:"userAttributes"`
	GroupConfiguration groupConfiguration `json:"groupConfiguration"`
	ClientMetadata     map[string]string  `json:"clientMetadata,omitzero"`
}

// A groupConfiguration is what tokens say about groups.
type groupConfiguration struct {
	GroupsToOverride   []string `json:"groupsToOverride"`
	IAMRolesToOverride []string `json:"iamRolesToOverride"`
	PreferredRole      *string  `json:"preferredRole"`
}

// The empty responses in the events of the triggers.

type preSignUpResponse struct {
	AutoConfirmUser bool `json:"autoConfirmUser"`
	AutoVerifyEmail bool `json:"autoVerifyEmail"`
	AutoVerifyPhone bool `json:"autoVerifyPhone"`
}

type customMessageResponse struct {
	SMSMessage   *string `json:"smsMessage"` // nobody gets one, but its type is checked
	EmailMessage *string `json:"emailMessage"`
	EmailSubject *string `json:"emailSubject"`
}

type preTokenGenerationResponse struct {
	ClaimsOverrideDetails *struct {
		GroupOverrideDetails *groupConfiguration `json:"groupOverrideDetails"`
	} `json:"claimsOverrideDetails"`
}

// A functionError is an error of the function itself.
type functionError interface {
	error
	Details() (errorType, errorMessage string)
}

// trigger calls the function of a trigger. The response is a pointer: the event gets
// its value, and the response in the function's reply is decoded into it.
//
// "Things to know about Lambda triggers" of that page: the function must respond
// within 5 seconds, otherwise Cognito calls it again, three times in all, and
// it does not call again when Lambda cannot launch the function. A function
// that fails has responded, so its error text goes to the caller at once
// (derived).
func (p *Pool) trigger(ctx context.Context, c caller, trigger, source, userName string, request, response any) error {
	function, ok := p.options.Triggers[trigger]
	if !ok {
		return nil
	}
	var reply []byte
	var err error
	payload := p.event(c, source, userName, request, response)
	p.unlocked(func() { reply, err = p.attempt(ctx, trigger, function, payload) })
	if err != nil {
		return err
	}
	return readResponse(reply, response)
}

func (p *Pool) event(c caller, source, userName string, request, response any) []byte {
	return encode(event{
		Version:       "1",
		Region:        p.region,
		UserPoolID:    p.options.PoolID,
		UserName:      userName,
		CallerContext: callerContext{c.sdk, c.clientID},
		TriggerSource: source,
		Request:       request,
		Response:      response,
	})
}

// attempt invokes a function until it responds. The same page has the format
// "[trigger] failed with error [error text]"; its final dot and the other texts
// are observed.
func (p *Pool) attempt(ctx context.Context, trigger, function string, payload []byte) ([]byte, error) {
	for range maxAttempts {
		limited, cancel := context.WithTimeout(ctx, p.options.TriggerTimeout)
		reply, err := p.options.Invoke(limited, function, payload)
		timedOut := limited.Err() != nil
		cancel()
		var failed functionError
		switch {
		case timedOut: // even if it responded then: too late
		case err == nil:
			return reply, nil
		case errors.As(err, &failed):
			_, message := failed.Details()
			return nil, failure("UserLambdaValidationException", "%s failed with error %s.", trigger, message)
		default:
			return nil, failure("UnexpectedLambdaException", "%s invocation failed due to error %s.", trigger, err)
		}
	}
	return nil, failure("UnexpectedLambdaException", "%s invocation failed due to error Socket timeout while invoking Lambda function.", trigger)
}

// encode makes JSON that has <, > and & as they are, as Cognito does, of maps and
// structs of strings, numbers and booleans.
func encode(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // these always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// readResponse reads the response in the event that a function returned. The
// same page: without the request and response parameters in what the function
// returns, the operation does not succeed. A function that returns nothing is
// one with invalid JSON (observed, as both texts are).
func readResponse(reply []byte, response any) error {
	if !json.Valid(reply) || bytes.Equal(bytes.TrimSpace(reply), []byte("null")) {
		return failure("InvalidLambdaResponseException", "Invalid lambda function output : Invalid JSON")
	}
	var event struct {
		Request  jsontext.Value `json:"request"`
		Response jsontext.Value `json:"response"`
	}
	// Names count to the letter; of two members of one name the last one counts.
	options := jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if jsonv2.Unmarshal(reply, &event, options) != nil || event.Request.Kind() != '{' || event.Response.Kind() != '{' ||
		jsonv2.Unmarshal(event.Response, response, options) != nil {
		return failure("InvalidLambdaResponseException", "Unrecognizable lambda output")
	}
	return nil
}

// callPreSignUp asks whether a user may sign up, and returns the three flags
// (developer guide, "Pre sign-up Lambda trigger").
func (p *Pool) callPreSignUp(ctx context.Context, c caller, source, userName string, request preSignUpRequest) (preSignUpResponse, error) {
	var flags preSignUpResponse
	err := p.trigger(ctx, c, preSignUp, source, userName, request, &flags)
	return flags, err
}

// callPostConfirmation says that a user was confirmed (developer guide, "Post
// confirmation Lambda trigger"). When it fails, so does the API call, although
// the user stays confirmed (observed).
func (p *Pool) callPostConfirmation(ctx context.Context, c caller, source string, u *user, metadata map[string]string) error {
	return p.trigger(ctx, c, postConfirmation, source, u.name, postConfirmationRequest{u.forEvent(), metadata}, &struct{}{})
}

// callPreTokenGeneration returns what tokens say about groups: what the user is in, or what the
// trigger puts in its place (developer guide, "Pre token generation Lambda trigger"). That page has
// the sources, too. Other claims are left as they are.
func (p *Pool) callPreTokenGeneration(ctx context.Context, c caller, source string, u *user, metadata map[string]string) (groupConfiguration, error) {
	groups := p.configurationOf(u)
	var response preTokenGenerationResponse
	request := preTokenGenerationRequest{u.forEvent(), groups, metadata}
	if err := p.trigger(ctx, c, preTokenGeneration, "TokenGeneration_"+source, u.name, request, &response); err != nil {
		return groups, err
	}
	if claims := response.ClaimsOverrideDetails; claims != nil && claims.GroupOverrideDetails != nil {
		groups = *claims.GroupOverrideDetails
	}
	return groups, nil
}

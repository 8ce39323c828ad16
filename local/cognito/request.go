package cognito

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A request is the input of an operation. It embeds one of the types below.
type request interface {
	// authorize refuses a request of somebody else, and completes the caller.
	authorize(p *Pool, c *caller) error
}

type adminRequest struct{ UserPoolId string }

func (in adminRequest) authorize(p *Pool, c *caller) error {
	if in.UserPoolId != p.options.PoolID {
		return failure("ResourceNotFoundException", "User pool %s does not exist.", in.UserPoolId)
	}
	c.clientID = new("CLIENT_ID_NOT_APPLICABLE")
	return nil
}

// An adminUserRequest is a request of an administrator about a user.
type adminUserRequest struct {
	adminRequest
	Username string
}

func (in adminUserRequest) authorize(p *Pool, c *caller) (err error) {
	if err := in.adminRequest.authorize(p, c); err != nil {
		return err
	}
	c.user, err = p.get(in.Username)
	return err
}

// A clientRequest is a request of an app client. The pool's clients have no
// secret, so a hash of one cannot be right.
type clientRequest struct{ ClientId, SecretHash string }

func (in clientRequest) authorize(p *Pool, c *caller) error {
	if _, err := p.client(in.ClientId); err != nil {
		return err
	}
	if in.SecretHash != "" {
		return notAuthorized("Unable to verify secret hash for client %s", in.ClientId)
	}
	c.clientID = &in.ClientId
	return nil
}

type tokenRequest struct{ AccessToken string }

func (in tokenRequest) authorize(p *Pool, c *caller) error {
	claims, u, err := p.bearer(in.AccessToken)
	c.token, c.user, c.clientID = claims, u, &claims.ClientID
	return err
}

// A rule is what the API reference says of a request member. An empty value of a
// member with min 0 is one that was not sent.
type rule struct {
	min, max int            // characters
	pattern  *regexp.Regexp // nil: none
	enum     []string       // nil: any value
}

// The patterns of the API reference.
var (
	usernameType = regexp.MustCompile(`^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$`)
	passwordType = regexp.MustCompile(`^[\S]+.*[\S]+$`)
	codeType     = regexp.MustCompile(`^[\S]+$`)
	clientIDType = regexp.MustCompile(`^[\w+]+$`)
	poolIDType   = regexp.MustCompile(`^[\w-]+_[0-9a-zA-Z]+$`)
	deviceType   = regexp.MustCompile(`^[\w-]+_[0-9a-f-]+$`)
	totpType     = regexp.MustCompile(`^[0-9]+$`)
)

// rules are the rules of members, which are the same in every operation. Name and
// Value are those of AttributeType.
var rules = map[string]rule{
	"AccessToken":   {max: 1 << 20},
	"AttributeName": {min: 1, max: 32, pattern: usernameType},
	"AuthFlow": {min: 1, enum: []string{
		"USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH",
		"USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_AUTH",
	}},
	"ClientId":               {min: 1, max: 128, pattern: clientIDType},
	"Code":                   {min: 1, max: 2048, pattern: codeType},
	"ConfirmationCode":       {min: 1, max: 2048, pattern: codeType},
	"Description":            {max: 2048},
	"DeviceKey":              {max: 55, pattern: deviceType},
	"DeviceName":             {max: 1024},
	"DeviceRememberedStatus": {enum: []string{"remembered", "not_remembered"}},
	"DesiredDeliveryMediums": {min: 1, enum: []string{"EMAIL", "SMS"}},
	"Filter":                 {max: 256},
	"GroupName":              {min: 1, max: 128, pattern: usernameType},
	"MessageAction":          {enum: []string{"RESEND", "SUPPRESS"}},
	"Name":                   {min: 1, max: 32, pattern: usernameType},
	"NewPassword":            {min: 1, max: 256, pattern: passwordType},
	"Password":               {max: 256, pattern: passwordType},
	"PreviousPassword":       {max: 256, pattern: passwordType},
	"ProposedPassword":       {min: 1, max: 256, pattern: passwordType},
	"ProviderAttributeValue": {min: 1, max: 2048},
	"ProviderName":           {min: 1, max: 32, pattern: usernameType},
	"RefreshToken":           {min: 1, max: 1 << 20},
	"Session":                {max: 2048},
	"Token":                  {min: 1, max: 1 << 20},
	"TemporaryPassword":      {max: 256, pattern: passwordType},
	"UserAttributeNames":     {min: 1, max: 32, pattern: usernameType},
	"UserCode":               {min: 6, max: 6, pattern: totpType},
	"UserPoolId":             {min: 1, max: 55, pattern: poolIDType},
	"Username":               {min: 1, max: 128, pattern: usernameType},
	"Value":                  {max: 2048},
}

// violation says, in Cognito's words (observed), how a value breaks the rule, or
// nothing. A value is never repeated, since most of them are personal, unless it
// is one of an enum.
func (r rule) violation(member, value string) string {
	length := utf8.RuneCountInString(value)
	if length == 0 && r.min == 0 || slices.Contains(r.enum, value) {
		return ""
	}
	var must string
	switch {
	case r.enum != nil:
		return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
			value, member, strings.Join(r.enum, ", "))
	case length < r.min:
		must = fmt.Sprintf("have length greater than or equal to %d", r.min)
	case length > r.max:
		must = fmt.Sprintf("have length less than or equal to %d", r.max)
	case r.pattern != nil && !r.pattern.MatchString(value):
		must = "satisfy regular expression pattern: " + strings.Trim(r.pattern.String(), "^$")
	default:
		return ""
	}
	return fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must %s", member, must)
}

// violations are those of all members of a struct. Cognito names members in camel
// case and counts the elements of a list from 1.
func violations(path string, members reflect.Value) (all []string) {
	for field, value := range members.Fields() {
		name := path + strings.ToLower(field.Name[:1]) + field.Name[1:]
		rule, ruled := rules[field.Name]
		switch {
		case field.Anonymous:
			all = append(all, violations(path, value)...)
		case value.Kind() == reflect.Struct:
			all = append(all, violations(name+".", value)...)
		case value.Kind() == reflect.Slice && !ruled && value.Type().Elem().Kind() == reflect.Struct:
			for i := range value.Len() {
				all = append(all, violations(fmt.Sprintf("%s.%d.member.", name, i+1), value.Index(i))...)
			}
		case value.Kind() == reflect.Slice && ruled:
			for i := range value.Len() {
				all = append(all, rule.violation(name, value.Index(i).String()))
			}
		case ruled:
			all = append(all, rule.violation(name, value.String()))
		}
	}
	return slices.DeleteFunc(all, func(text string) bool { return text == "" })
}

func check(members any) error {
	all := violations("", reflect.ValueOf(members))
	switch len(all) {
	case 0:
		return nil
	case 1:
		return invalidParameter("1 validation error detected: %s", all[0])
	}
	return invalidParameter("%d validation errors detected: %s", len(all), strings.Join(all, "; "))
}

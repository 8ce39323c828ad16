package trigger

import (
	"encoding/json"
	"strconv"

	"poolpost/internal/logging"
)

// CustomMessageResponse is the response of a CustomMessage trigger. Limits, with the code
// filled in: subject 1 to 140, mail 6 to 20,000, SMS 6 to 140 characters. Cognito silently
// replaces a mail or SMS that is out of these limits, or lacks the placeholder of its code,
// by its default (observed).
//
// Each is a JSON string, with its quotes and escapes, in pieces as package message fills
// them: encoding a mail for every event would take longer than everything else.
type CustomMessageResponse struct {
	SMSMessage   []string
	EmailMessage []string
	EmailSubject []string
}

func (r CustomMessageResponse) members() []member {
	return []member{{"smsMessage", r.SMSMessage}, {"emailMessage", r.EmailMessage}, {"emailSubject", r.EmailSubject}}
}

// PreSignUpResponse is the response of a PreSignUp trigger. Verifying an attribute
// that the user does not have fails the sign-up. All three are ignored for
// PreSignUp_AdminCreateUser.
type PreSignUpResponse struct {
	AutoConfirmUser bool
	AutoVerifyEmail bool
	AutoVerifyPhone bool
}

func (r PreSignUpResponse) members() []member {
	flag := func(b bool) []string { return []string{strconv.FormatBool(b)} }
	return []member{
		{"autoConfirmUser", flag(r.AutoConfirmUser)},
		{"autoVerifyEmail", flag(r.AutoVerifyEmail)},
		{"autoVerifyPhone", flag(r.AutoVerifyPhone)},
	}
}

// ErrNotJSON is for an event that cannot even be returned.
const ErrNotJSON = logging.Safe("the event is not JSON")

// Unchanged returns an event as it came, for a trigger that leaves everything to Cognito.
func Unchanged(payload []byte) ([]byte, error) {
	if !json.Valid(payload) {
		return nil, ErrNotJSON
	}
	return payload, nil
}

package cognito

import "strconv"

// CustomMessageResponse is what a CustomMessage trigger answers. Limits, with
// the code filled in: subject 1 to 140, mail 6 to 20,000, text message 6 to 140
// characters. A mail or text message without the placeholder of its code, or
// out of these limits, is silently replaced by Cognito's default (observed).
//
// Each is a JSON string, with its quotes and escapes, as package message fills
// it: to encode a mail at every event would take longer than all else.
type CustomMessageResponse struct {
	SMSMessage   string
	EmailMessage string
	EmailSubject string
}

func (r CustomMessageResponse) members() []field {
	return []field{{name: "smsMessage", value: r.SMSMessage}, {name: "emailMessage", value: r.EmailMessage}, {name: "emailSubject", value: r.EmailSubject}}
}

// PreSignUpResponse is what a PreSignUp trigger answers. Verifying an attribute
// that the user does not have fails the sign-up. All three are ignored for
// PreSignUp_AdminCreateUser.
type PreSignUpResponse struct {
	AutoConfirmUser bool
	AutoVerifyEmail bool
	AutoVerifyPhone bool
}

func (r PreSignUpResponse) members() []field {
	return []field{
		{name: "autoConfirmUser", value: strconv.FormatBool(r.AutoConfirmUser)},
		{name: "autoVerifyEmail", value: strconv.FormatBool(r.AutoVerifyEmail)},
		{name: "autoVerifyPhone", value: strconv.FormatBool(r.AutoVerifyPhone)},
	}
}

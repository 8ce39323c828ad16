package cognito

import "strconv"

// CustomMessageResponse is what a CustomMessage trigger answers. Limits, with
// the code filled in: subject 1 to 140, mail 6 to 20,000, text message 6 to 140
// characters. A mail or text message without the placeholder of its code, or
// out of these limits, is silently replaced by Cognito's default (observed).
type CustomMessageResponse struct {
	SMSMessage   string
	EmailMessage string
	EmailSubject string
}

func (r CustomMessageResponse) members() []field {
	return []field{{"smsMessage", quoted(r.SMSMessage)}, {"emailMessage", quoted(r.EmailMessage)}, {"emailSubject", quoted(r.EmailSubject)}}
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
	flag := func(b bool) []byte { return strconv.AppendBool(nil, b) }
	return []field{{"autoConfirmUser", flag(r.AutoConfirmUser)}, {"autoVerifyEmail", flag(r.AutoVerifyEmail)}, {"autoVerifyPhone", flag(r.AutoVerifyPhone)}}
}

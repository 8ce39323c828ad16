package cognito

// CustomMessageResponse is what a CustomMessage trigger answers. Limits, with
// the code filled in: subject 1 to 140, mail 6 to 20,000, text message 6 to 140
// characters. A mail or text message without the placeholder of its code, or
// out of these limits, is silently replaced by Cognito's default (observed).
type CustomMessageResponse struct {
	SMSMessage   string `json:"smsMessage"`
	EmailMessage string `json:"emailMessage"`
	EmailSubject string `json:"emailSubject"`
}

// PreSignUpResponse is what a PreSignUp trigger answers. Verifying an attribute
// that the user does not have fails the sign-up. All three are ignored for
// PreSignUp_AdminCreateUser.
type PreSignUpResponse struct {
	AutoConfirmUser bool `json:"autoConfirmUser"`
	AutoVerifyEmail bool `json:"autoVerifyEmail"`
	AutoVerifyPhone bool `json:"autoVerifyPhone"`
}

package cognito

import (
	"context"
	"maps"
)

type signUpInput struct {
	clientRequest
	Username       string
	Password       string
	UserAttributes []attribute
	ValidationData []attribute
	ClientMetadata map[string]string
}

type signUpResult struct {
	UserConfirmed       bool
	UserSub             string
	CodeDeliveryDetails *codeDelivery `json:",omitempty"`
}

// signUp is SignUp. It reveals that a user name exists, even with
// PreventUserExistenceErrors (developer guide, "Managing user existence error
// responses"). The order of the checks is derived, and so is the refusal of a request
// without a password, which only pools with passwordless sign-in take. AutoVerifiedAttributes of the
// pool is email alone, so the code goes there.
func (p *Pool) signUp(ctx context.Context, c caller, in signUpInput) (any, error) {
	if !p.options.Settings.Pool.SelfSignUp {
		return nil, notAuthorized("SignUp is not permitted for this user pool")
	}
	u, err := p.prepare(unconfirmed, in.Username, in.UserAttributes, p.clients[in.ClientId].Writes)
	if err != nil {
		return nil, err
	}
	if err := p.setPassword(u, in.Password, unconfirmed); err != nil {
		return nil, err
	}
	if p.find(in.Username) != nil {
		return nil, errEmailTaken
	}
	flags, err := p.callPreSignUp(ctx, c, "PreSignUp_SignUp", u.name,
		preSignUpRequest{u.submitted(in.UserAttributes), pairs(in.ValidationData), in.ClientMetadata})
	if err != nil {
		return nil, err
	}
	if err := u.apply(flags); err != nil {
		return nil, err
	}
	if err := p.add(u); err != nil {
		return nil, err
	}
	if u.status == confirmed {
		return signUpResult{UserConfirmed: true, UserSub: u.name},
			p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u, in.ClientMetadata)
	}
	delivered, err := p.sendCode(ctx, c, u, forSignUp, sourceSignUp, in.ClientMetadata)
	return signUpResult{UserSub: u.name, CodeDeliveryDetails: &delivered.CodeDeliveryDetails}, err
}

// prepare makes a user of a request, who is not yet in the pool. Writes are the attributes that may
// be written.
func (p *Pool) prepare(status, username string, list []attribute, writes []string) (*user, error) {
	attributes, err := p.conform(list, writes)
	if err != nil {
		return nil, err
	}
	if err := named(username, attributes); err != nil {
		return nil, err
	}
	return newUser(status, attributes), nil
}

// submitted are the attributes that PreSignUp gets: those of the request and
// the address; there is no sub yet (observed).
func (u *user) submitted(list []attribute) map[string]string {
	all := map[string]string{}
	maps.Copy(all, pairs(list))
	all["email"] = u.attributes["email"]
	return all
}

// pairs turns a list into a map, and nil into nil.
func pairs(list []attribute) map[string]string {
	if list == nil {
		return nil
	}
	all := map[string]string{}
	for _, a := range list {
		all[a.Name] = a.Value
	}
	return all
}

// apply does what PreSignUp decided. "Pre sign-up Lambda trigger": an error
// occurs when the attribute to verify is absent; it does not say which error.
func (u *user) apply(flags preSignUpResponse) error {
	if flags.AutoVerifyEmail && u.attributes["email"] == "" {
		return invalidParameter("Cannot auto verify email, the user has none.")
	}
	if flags.AutoVerifyPhone && u.attributes["phone_number"] == "" {
		return invalidParameter("Cannot auto verify phone_number, the user has none.")
	}
	if flags.AutoVerifyPhone {
		u.attributes["phone_number_verified"] = "true"
	}
	if flags.AutoVerifyEmail {
		u.attributes["email_verified"] = "true"
	}
	if flags.AutoConfirmUser {
		u.status = confirmed
	}
	return nil
}

type confirmSignUpInput struct {
	clientRequest
	Username         string
	ConfirmationCode string
	// ForceAliasCreation has no effect: an address belongs to one user of the
	// pool from sign-up on, so there is no alias to take away.
	ForceAliasCreation bool
	ClientMetadata     map[string]string
}

// confirmSignUp is ConfirmSignUp. It answers for an unknown user as for one
// without a code (PreventUserExistenceErrors; observed).
func (p *Pool) confirmSignUp(ctx context.Context, c caller, in confirmSignUpInput) (any, error) {
	if err := p.spend("ConfirmSignUp", in.Username); err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return nil, errCodeExpired
	}
	if err := u.confirmable(); err != nil {
		return nil, err
	}
	if err := p.redeem(u, forSignUp, in.ConfirmationCode); err != nil {
		return nil, err
	}
	u.status = confirmed
	u.attributes["email_verified"] = "true"
	u.modified = p.now()
	return nil, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u, in.ClientMetadata)
}

// confirmable refuses a user who is past confirmation; the text is observed.
func (u *user) confirmable() error {
	if u.status != unconfirmed {
		return notAuthorized("User cannot be confirmed. Current status is %s", u.status)
	}
	return nil
}

type clientUserInput struct {
	clientRequest
	Username       string
	ClientMetadata map[string]string
}

// resendConfirmationCode is ResendConfirmationCode. An unknown user is answered
// like a known one ("Managing user existence error responses").
func (p *Pool) resendConfirmationCode(ctx context.Context, c caller, in clientUserInput) (any, error) {
	if err := p.spend("ResendConfirmationCode", in.Username); err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return deliveredResult{deliveryTo(in.Username)}, nil
	}
	if u.status != unconfirmed {
		return nil, invalidParameter("User is already confirmed.") // observed
	}
	return p.sendCode(ctx, c, u, forSignUp, sourceResendCode, in.ClientMetadata)
}

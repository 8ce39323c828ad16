package cognito

import (
	"context"
	"maps"
)

type signUpInput struct {
	ClientId       string
	SecretHash     string
	Username       string
	Password       string
	UserAttributes []attribute
	ValidationData []attribute
	ClientMetadata map[string]string
}

func (in signUpInput) constraints() []constraint {
	all := []constraint{isClientID(in.ClientId), isUsername(in.Username), isPassword("password", in.Password)}
	return append(all, areAttributes(in.UserAttributes)...)
}

type signUpResult struct {
	UserConfirmed       bool
	UserSub             string
	CodeDeliveryDetails *codeDelivery `json:",omitempty"`
}

// signUp is SignUp. A user name that exists is told, even with
// PreventUserExistenceErrors (developer guide, "Managing user existence error
// responses"). The order of the checks is derived.
func (p *Pool) signUp(ctx context.Context, c caller, in signUpInput) (any, error) {
	if _, err := p.openClient(in.ClientId, in.SecretHash); err != nil {
		return nil, err
	}
	if !p.settings.Pool.SelfSignUp {
		return nil, notAuthorized("SignUp is not permitted for this user pool")
	}
	u, err := p.prepare(unconfirmed, in.Username, in.UserAttributes, true)
	if err != nil {
		return nil, err
	}
	if u.password, err = p.newPassword(in.Password); err != nil {
		return nil, err
	}
	if err := p.locked(func() error { return p.free(in.Username) }); err != nil {
		return nil, err
	}
	c = c.of(in.ClientId)
	flags, err := p.callPreSignUp(ctx, c, "PreSignUp_SignUp", u.name, preSignUpRequest{
		UserAttributes: u.submitted(in.UserAttributes),
		ValidationData: pairs(in.ValidationData),
		ClientMetadata: in.ClientMetadata,
	})
	if err != nil {
		return nil, err
	}
	if err := u.apply(flags); err != nil {
		return nil, err
	}
	result := signUpResult{UserConfirmed: u.status == confirmed, UserSub: u.name}
	if result.UserConfirmed {
		return result, p.addConfirmed(ctx, c, u, in.ClientMetadata)
	}
	delivered, err := p.addUnconfirmed(ctx, c, u, in.ClientMetadata)
	result.CodeDeliveryDetails = &delivered
	return result, err
}

// addConfirmed adds a user whom PreSignUp confirmed.
func (p *Pool) addConfirmed(ctx context.Context, c caller, u *user, metadata map[string]string) error {
	event := postConfirmationRequest{u.forEvent(), metadata}
	if err := p.locked(func() error { return p.add(u) }); err != nil {
		return err
	}
	return p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u.name, event)
}

// addUnconfirmed adds a user and sends the code. AutoVerifiedAttributes of the
// pool is e-mail alone, so the code goes there.
func (p *Pool) addUnconfirmed(ctx context.Context, c caller, u *user, metadata map[string]string) (codeDelivery, error) {
	var n notice
	err := p.locked(func() error {
		if err := p.add(u); err != nil {
			return err
		}
		code, err := p.issue(u, forSignUp)
		n = u.notify(sourceSignUp, code, metadata)
		return err
	})
	if err != nil {
		return codeDelivery{}, err
	}
	return p.sendTo(ctx, c, "email", n.attributes["email"], n)
}

// prepare makes a user of a request, who is not yet in the pool.
func (p *Pool) prepare(status, username string, list []attribute, byClient bool) (*user, error) {
	attributes, err := p.conform(list, byClient)
	if err != nil {
		return nil, err
	}
	if err := named(username, attributes); err != nil {
		return nil, err
	}
	return newUser(status, attributes), nil
}

// free refuses an address that a user has, confirmed or not.
func (p *Pool) free(address string) error {
	if p.find(address) != nil {
		return emailTaken()
	}
	return nil
}

// submitted are the attributes that PreSignUp gets: those of the request and
// the address; there is no sub yet (observed).
func (u *user) submitted(list []attribute) map[string]string {
	all := map[string]string{}
	maps.Copy(all, pairs(list))
	all["email"] = u.attributes["email"]
	return all
}

// pairs turns a list into a map; no list is no map.
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
	ClientId         string
	SecretHash       string
	Username         string
	ConfirmationCode string
	// ForceAliasCreation has no effect: an address belongs to one user of the
	// pool from sign-up on, so there is no alias to take away.
	ForceAliasCreation bool
	ClientMetadata     map[string]string
}

func (in confirmSignUpInput) constraints() []constraint {
	return []constraint{isClientID(in.ClientId), isUsername(in.Username), isCode("confirmationCode", in.ConfirmationCode)}
}

// confirmSignUp is ConfirmSignUp. It answers for an unknown user as for one
// without a code (PreventUserExistenceErrors; observed).
func (p *Pool) confirmSignUp(ctx context.Context, c caller, in confirmSignUpInput) (any, error) {
	if _, err := p.openClient(in.ClientId, in.SecretHash); err != nil {
		return nil, err
	}
	var userName string
	event := postConfirmationRequest{ClientMetadata: in.ClientMetadata}
	err := p.locked(func() error {
		if err := p.spend("ConfirmSignUp", in.Username); err != nil {
			return err
		}
		u := p.find(in.Username)
		if u == nil {
			return codeExpired()
		}
		if err := u.confirmable(); err != nil {
			return err
		}
		if err := p.redeem(u, forSignUp, in.ConfirmationCode); err != nil {
			return err
		}
		u.status = confirmed
		u.attributes["email_verified"] = "true"
		u.modified = p.now()
		userName, event.UserAttributes = u.name, u.forEvent()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return struct{}{}, p.callPostConfirmation(ctx, c.of(in.ClientId), "PostConfirmation_ConfirmSignUp", userName, event)
}

// confirmable refuses a user who is past confirmation; the text is observed.
func (u *user) confirmable() error {
	if u.status != unconfirmed {
		return notAuthorized("User cannot be confirmed. Current status is %s", u.status)
	}
	return nil
}

type clientUserInput struct {
	ClientId       string
	SecretHash     string
	Username       string
	ClientMetadata map[string]string
}

func (in clientUserInput) constraints() []constraint {
	return []constraint{isClientID(in.ClientId), isUsername(in.Username)}
}

// resendConfirmationCode is ResendConfirmationCode. An unknown user is answered
// like a known one ("Managing user existence error responses").
func (p *Pool) resendConfirmationCode(ctx context.Context, c caller, in clientUserInput) (any, error) {
	return p.requestCode(ctx, c, in, "ResendConfirmationCode", func(u *user) (*notice, error) {
		if u.status != unconfirmed {
			return nil, invalidParameter("User is already confirmed.") // observed
		}
		code, err := p.issue(u, forSignUp)
		n := u.notify(sourceResendCode, code, in.ClientMetadata)
		return &n, err
	})
}

// requestCode is what the operations share by which anybody asks for a code: it
// counts against the operation's quota, and mails what issue makes for the user.
// When there is no such user, or issue makes nothing, it answers as if it had:
// both name the address in the same way.
func (p *Pool) requestCode(ctx context.Context, c caller, in clientUserInput, operation string, issue func(*user) (*notice, error)) (any, error) {
	if _, err := p.openClient(in.ClientId, in.SecretHash); err != nil {
		return nil, err
	}
	var n *notice
	err := p.locked(func() (err error) {
		if err := p.spend(operation, in.Username); err != nil {
			return err
		}
		if u := p.find(in.Username); u != nil {
			n, err = issue(u)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if n == nil {
		return deliveredResult{deliveryTo("email", in.Username)}, nil
	}
	delivered, err := p.sendTo(ctx, c.of(in.ClientId), "email", n.attributes["email"], *n)
	return deliveredResult{delivered}, err
}

package cognito

import (
	"context"
	"slices"
)

type userFacts struct {
	Username             string
	UserCreateDate       epoch
	UserLastModifiedDate epoch
	Enabled              bool
	UserStatus           string
}

func (u *user) facts() userFacts {
	return userFacts{u.name, epoch(u.created), epoch(u.modified), !u.disabled, u.status}
}

type userResult struct {
	userFacts
	Attributes []attribute
}

type adminCreateUserInput struct {
	adminRequest
	Username               string
	TemporaryPassword      string
	MessageAction          string
	DesiredDeliveryMediums []string // SMS when there is none (API reference)
	UserAttributes         []attribute
	ValidationData         []attribute
	ClientMetadata         map[string]string
	// ForceAliasCreation has no effect, as in ConfirmSignUp.
	ForceAliasCreation bool
}

type adminCreateUserResult struct{ User userResult }

// adminCreateUser is AdminCreateUser. Client metadata goes to PreSignUp alone: AWS
// documents no other trigger for it here.
func (p *Pool) adminCreateUser(ctx context.Context, c caller, in adminCreateUserInput) (any, error) {
	var err error
	if in.TemporaryPassword == "" {
		if in.TemporaryPassword, err = p.temporaryPassword(); err != nil {
			return nil, err
		}
	}
	if err := p.checkPassword(in.TemporaryPassword); err != nil {
		return nil, err
	}
	var u *user
	if in.MessageAction == "RESEND" {
		u, err = p.invitedBefore(in.Username)
	} else {
		u, err = p.addInvited(ctx, c, in)
	}
	if err != nil {
		return nil, err
	}
	if err := p.setTemporaryPassword(u, in.TemporaryPassword); err != nil {
		return nil, err
	}
	result := adminCreateUserResult{userResult{u.facts(), u.listed()}}
	if in.MessageAction == "SUPPRESS" {
		return result, nil
	}
	n := u.notify(sourceAdminCreateUser, in.TemporaryPassword, nil)
	if slices.Contains(in.DesiredDeliveryMediums, "EMAIL") {
		n.email = u.attributes["email"]
	}
	if len(in.DesiredDeliveryMediums) == 0 || slices.Contains(in.DesiredDeliveryMediums, "SMS") {
		n.phone = u.attributes["phone_number"]
	}
	return result, p.send(ctx, c, n)
}

// invitedBefore returns a user who has not signed in yet. The text of the refusal
// is observed.
func (p *Pool) invitedBefore(username string) (*user, error) {
	u, err := p.get(username)
	if err == nil && u.status != forceChangePassword {
		err = failure("UnsupportedUserStateException", "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", u.name)
	}
	return u, err
}

// addInvited adds a user, after PreSignUp has had a say.
func (p *Pool) addInvited(ctx context.Context, c caller, in adminCreateUserInput) (*user, error) {
	u, err := p.prepare(forceChangePassword, in.Username, in.UserAttributes, p.everything)
	if err != nil {
		return nil, err
	}
	if slices.Contains(in.DesiredDeliveryMediums, "SMS") && u.attributes["phone_number"] == "" {
		// UserAttributes of the API reference; the text is our own.
		return nil, invalidParameter("A phone_number is required for the delivery medium SMS.")
	}
	if p.find(in.Username) != nil {
		return nil, errEmailTaken
	}
	// "Pre sign-up Lambda trigger": the three flags are ignored.
	_, err = p.callPreSignUp(ctx, c, "PreSignUp_AdminCreateUser", u.name,
		preSignUpRequest{u.submitted(in.UserAttributes), pairs(in.ValidationData), in.ClientMetadata})
	if err != nil {
		return nil, err
	}
	return u, p.add(u)
}

type adminUserInput struct {
	adminUserRequest
	ClientMetadata map[string]string
}

// adminConfirmSignUp is AdminConfirmSignUp. It does not verify the address, and
// the event of PostConfirmation has no client id (observed).
func (p *Pool) adminConfirmSignUp(ctx context.Context, c caller, in adminUserInput) (any, error) {
	u := c.user
	if err := u.confirmable(); err != nil {
		return nil, err
	}
	u.status, u.modified = confirmed, p.now()
	c.clientID = nil
	return nil, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", u, in.ClientMetadata)
}

type adminGetUserResult struct {
	userFacts
	mfaPreference
	UserAttributes []attribute
}

func (p *Pool) adminGetUser(_ context.Context, c caller, in adminUserInput) (any, error) {
	return adminGetUserResult{c.user.facts(), c.user.mfaPreference(), c.user.listed()}, nil
}

// adminResetUserPassword is AdminResetUserPassword: the user cannot sign in
// until a new password is set with the code. The refusals are observed.
func (p *Pool) adminResetUserPassword(ctx context.Context, c caller, in adminUserInput) (any, error) {
	u := c.user
	if err := u.resettable(); err != nil {
		return nil, err
	}
	if u.attributes["email_verified"] != "true" {
		return nil, invalidParameter("Cannot reset password for the user as there is no registered/verified email or phone_number")
	}
	u.status, u.modified = resetRequired, p.now()
	_, err := p.sendCode(ctx, c, u, forNewPassword, sourceForgotPassword, in.ClientMetadata)
	return nil, err
}

package cognito

import (
	"context"
	"slices"
	"time"
)

// userResult is UserType of the API reference.
type userResult struct {
	Username             string
	Attributes           []attribute
	UserCreateDate       epoch
	UserLastModifiedDate epoch
	Enabled              bool
	UserStatus           string
}

func (u *user) result() userResult {
	return userResult{u.name, u.listed(), epoch(u.created), epoch(u.modified), true, u.status}
}

type adminCreateUserInput struct {
	UserPoolId             string
	Username               string
	TemporaryPassword      string
	MessageAction          string
	DesiredDeliveryMediums []string
	UserAttributes         []attribute
	ValidationData         []attribute
	ClientMetadata         map[string]string
	// ForceAliasCreation has no effect, as in ConfirmSignUp.
	ForceAliasCreation bool
}

func (in adminCreateUserInput) constraints() []constraint {
	all := append([]constraint{isPoolID(in.UserPoolId), isUsername(in.Username)}, areAttributes(in.UserAttributes)...)
	if in.TemporaryPassword != "" {
		all = append(all, isPassword("temporaryPassword", in.TemporaryPassword))
	}
	return all
}

// mediums are where an invitation goes: SMS when the request does not say
// (API reference, AdminCreateUser).
func (in adminCreateUserInput) mediums() []string {
	if len(in.DesiredDeliveryMediums) == 0 {
		return []string{"SMS"}
	}
	return in.DesiredDeliveryMediums
}

// check refuses what the lists of the API reference do not have.
func (in adminCreateUserInput) check() error {
	if !slices.Contains([]string{"", "RESEND", "SUPPRESS"}, in.MessageAction) {
		return notInEnum("messageAction", in.MessageAction, "RESEND", "SUPPRESS")
	}
	for _, medium := range in.DesiredDeliveryMediums {
		if medium != "EMAIL" && medium != "SMS" {
			return notInEnum("desiredDeliveryMediums", medium, "EMAIL", "SMS")
		}
	}
	return nil
}

type adminCreateUserResult struct{ User userResult }

// adminCreateUser is AdminCreateUser.
func (p *Pool) adminCreateUser(ctx context.Context, c caller, in adminCreateUserInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var err error
	if in.TemporaryPassword == "" {
		if in.TemporaryPassword, err = p.temporaryPassword(); err != nil {
			return nil, err
		}
	}
	password, err := p.newPassword(in.TemporaryPassword)
	if err != nil {
		return nil, err
	}
	c = c.admin()
	if in.MessageAction == "RESEND" {
		return p.invite(ctx, c, in, func() (*user, error) { return p.reinvited(in.Username, password) })
	}
	u, err := p.prepare(forceChangePassword, in.Username, in.UserAttributes, false)
	if err != nil {
		return nil, err
	}
	u.password, u.temporaryUntil = password, p.temporaryUntil()
	if slices.Contains(in.DesiredDeliveryMediums, "SMS") && u.attributes["phone_number"] == "" {
		// UserAttributes of the same page; the text is our own.
		return nil, invalidParameter("A phone_number is required for the delivery medium SMS.")
	}
	if err := p.locked(func() error { return p.free(in.Username) }); err != nil {
		return nil, err
	}
	// "Pre sign-up Lambda trigger": the three flags are ignored.
	_, err = p.callPreSignUp(ctx, c, "PreSignUp_AdminCreateUser", u.name, preSignUpRequest{
		UserAttributes: u.submitted(in.UserAttributes),
		ValidationData: pairs(in.ValidationData),
		ClientMetadata: in.ClientMetadata,
	})
	if err != nil {
		return nil, err
	}
	return p.invite(ctx, c, in, func() (*user, error) { return u, p.add(u) })
}

func (p *Pool) temporaryUntil() time.Time {
	return p.now().AddDate(0, 0, p.settings.Pool.PasswordPolicy.TemporaryPasswordDays)
}

// reinvited gives a user who has not signed in yet a new temporary password.
// The text of the refusal is observed.
func (p *Pool) reinvited(username string, password passwordHash) (*user, error) {
	u, err := p.get(username)
	if err != nil {
		return nil, err
	}
	if u.status != forceChangePassword {
		return nil, failure("UnsupportedUserStateException", "Resend not possible. %s status is not FORCE_CHANGE_PASSWORD", u.name)
	}
	u.password, u.temporaryUntil, u.modified = password, p.temporaryUntil(), p.now()
	return u, nil
}

// invite mails, or texts, a temporary password to the user that arrange puts in
// place. Client metadata goes to PreSignUp alone: AWS documents no other
// trigger for it here.
func (p *Pool) invite(ctx context.Context, c caller, in adminCreateUserInput, arrange func() (*user, error)) (any, error) {
	var n notice
	var result adminCreateUserResult
	err := p.locked(func() error {
		u, err := arrange()
		if err != nil {
			return err
		}
		result.User = u.result()
		n = u.notify(sourceAdminCreateUser, in.TemporaryPassword, nil)
		if slices.Contains(in.mediums(), "EMAIL") {
			n.email = u.attributes["email"]
		}
		if slices.Contains(in.mediums(), "SMS") {
			n.phone = u.attributes["phone_number"]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if in.MessageAction == "SUPPRESS" || n.email == "" && n.phone == "" {
		return result, nil
	}
	return result, p.send(ctx, c, n)
}

type adminUserInput struct {
	UserPoolId     string
	Username       string
	ClientMetadata map[string]string
}

func (in adminUserInput) constraints() []constraint {
	return []constraint{isPoolID(in.UserPoolId), isUsername(in.Username)}
}

// adminConfirmSignUp is AdminConfirmSignUp. It does not verify the address, and
// the event of PostConfirmation has no client id (observed).
func (p *Pool) adminConfirmSignUp(ctx context.Context, c caller, in adminUserInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	var userName string
	event := postConfirmationRequest{ClientMetadata: in.ClientMetadata}
	err := p.locked(func() error {
		u, err := p.get(in.Username)
		if err != nil {
			return err
		}
		if err := u.confirmable(); err != nil {
			return err
		}
		u.status, u.modified = confirmed, p.now()
		userName, event.UserAttributes = u.name, u.forEvent()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return struct{}{}, p.callPostConfirmation(ctx, c, "PostConfirmation_ConfirmSignUp", userName, event)
}

type adminGetUserResult struct {
	Username             string
	UserAttributes       []attribute
	UserCreateDate       epoch
	UserLastModifiedDate epoch
	Enabled              bool
	UserStatus           string
}

// adminGetUser is AdminGetUser.
func (p *Pool) adminGetUser(_ context.Context, _ caller, in adminUserInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	var result adminGetUserResult
	err := p.locked(func() error {
		u, err := p.get(in.Username)
		if err == nil {
			all := u.result()
			result = adminGetUserResult{all.Username, all.Attributes, all.UserCreateDate, all.UserLastModifiedDate, all.Enabled, all.UserStatus}
		}
		return err
	})
	return result, err
}

// adminResetUserPassword is AdminResetUserPassword: the user cannot sign in
// until a new password is set with the code. The refusals are observed.
func (p *Pool) adminResetUserPassword(ctx context.Context, c caller, in adminUserInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	var n notice
	err := p.locked(func() error {
		u, err := p.get(in.Username)
		if err != nil {
			return err
		}
		if err := u.resettable(); err != nil {
			return err
		}
		if u.attributes["email_verified"] != "true" {
			return invalidParameter("Cannot reset password for the user as there is no registered/verified email or phone_number")
		}
		u.status, u.modified = resetRequired, p.now()
		code, err := p.issue(u, forNewPassword)
		n = u.notify(sourceForgotPassword, code, in.ClientMetadata)
		n.email = u.attributes["email"]
		return err
	})
	if err != nil {
		return nil, err
	}
	return struct{}{}, p.send(ctx, c.admin(), n)
}

type groupInput struct{ UserPoolId, Username, GroupName string }

func (in groupInput) constraints() []constraint {
	return []constraint{isPoolID(in.UserPoolId), isUsername(in.Username), {"groupName", in.GroupName, 1, 128, usernameType}}
}

// adminAddUserToGroup is AdminAddUserToGroup. The groups are those of the
// settings. Adding a user twice is no error.
func (p *Pool) adminAddUserToGroup(_ context.Context, _ caller, in groupInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	err := p.locked(func() error {
		u, err := p.get(in.Username)
		if err != nil {
			return err
		}
		if !slices.Contains(p.settings.Groups, in.GroupName) {
			return failure("ResourceNotFoundException", "Group not found.")
		}
		if !slices.Contains(u.groups, in.GroupName) {
			u.groups = append(u.groups, in.GroupName)
		}
		return nil
	})
	return struct{}{}, err
}

type listGroupsInput struct {
	UserPoolId, Username string
	Limit                *int
	NextToken            string
}

func (in listGroupsInput) constraints() []constraint {
	return []constraint{isPoolID(in.UserPoolId), isUsername(in.Username)}
}

type group struct {
	GroupName        string
	UserPoolId       string
	CreationDate     epoch
	LastModifiedDate epoch
}

type listGroupsResult struct {
	Groups    []group
	NextToken string `json:",omitempty"`
}

// adminListGroupsForUser is AdminListGroupsForUser.
func (p *Pool) adminListGroupsForUser(_ context.Context, _ caller, in listGroupsInput) (any, error) {
	if err := p.checkPool(in.UserPoolId); err != nil {
		return nil, err
	}
	result := listGroupsResult{Groups: []group{}}
	err := p.locked(func() error {
		u, err := p.get(in.Username)
		if err != nil {
			return err
		}
		names, next, err := page(u.groups, in.Limit, in.NextToken)
		for _, name := range names {
			result.Groups = append(result.Groups, group{name, p.id, epoch(p.created), epoch(p.created)})
		}
		result.NextToken = next
		return err
	})
	return result, err
}

package cognito

import "context"

type changePasswordInput struct {
	tokenRequest
	PreviousPassword, ProposedPassword string
}

// changePassword is ChangePassword. It revokes no tokens (derived: AWS does not say that it does).
func (p *Pool) changePassword(_ context.Context, c caller, in changePasswordInput) (any, error) {
	if err := p.spend("ChangePassword", c.user.name); err != nil {
		return nil, err
	}
	if !p.passwordIs(c.user, in.PreviousPassword) {
		return nil, errWrongCredentials
	}
	return nil, p.setPassword(c.user, in.ProposedPassword, c.user.status)
}

// deleteUser is DeleteUser.
func (p *Pool) deleteUser(_ context.Context, c caller, _ tokenRequest) (any, error) {
	p.remove(c.user)
	return nil, nil
}

// adminDeleteUser is AdminDeleteUser.
func (p *Pool) adminDeleteUser(_ context.Context, c caller, _ adminUserRequest) (any, error) {
	p.remove(c.user)
	return nil, nil
}

type setPasswordInput struct {
	adminUserRequest
	Password  string
	Permanent bool
}

// adminSetUserPassword is AdminSetUserPassword: the user is confirmed, or has to choose another
// password at the next sign-in.
func (p *Pool) adminSetUserPassword(_ context.Context, c caller, in setPasswordInput) (any, error) {
	if in.Permanent {
		return nil, p.setPassword(c.user, in.Password, confirmed)
	}
	return nil, p.setTemporaryPassword(c.user, in.Password)
}

func (p *Pool) setTemporaryPassword(u *user, password string) error {
	u.temporaryUntil = p.now().AddDate(0, 0, p.options.Settings.Pool.PasswordPolicy.TemporaryPasswordDays)
	return p.setPassword(u, password, forceChangePassword)
}

// adminDisableUser is AdminDisableUser. It revokes the access tokens of the user (API reference).
func (p *Pool) adminDisableUser(_ context.Context, c caller, _ adminUserRequest) (any, error) {
	c.user.disabled, c.user.modified, c.user.signedOut = true, p.now(), p.signIns
	return nil, nil
}

// adminEnableUser is AdminEnableUser.
func (p *Pool) adminEnableUser(_ context.Context, c caller, _ adminUserRequest) (any, error) {
	c.user.disabled, c.user.modified = false, p.now()
	return nil, nil
}

// The operations for passkeys: the pool has none. AWS documents the exception, the text is our own.

func (p *Pool) noPasskeys(context.Context, caller, tokenRequest) (any, error) {
	return nil, failure("WebAuthnNotEnabledException", "Passkeys are not enabled for this user pool.")
}

func (p *Pool) listWebAuthnCredentials(context.Context, caller, tokenRequest) (any, error) {
	return struct{ Credentials []string }{[]string{}}, nil
}

func (p *Pool) deleteWebAuthnCredential(context.Context, caller, tokenRequest) (any, error) {
	return nil, failure("ResourceNotFoundException", "The credential does not exist.")
}

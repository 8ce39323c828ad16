package cognito

import (
	"context"
	"slices"
)

type deleteAttributesInput struct {
	tokenRequest
	UserAttributeNames []string
}

// deleteUserAttributes is DeleteUserAttributes.
func (p *Pool) deleteUserAttributes(_ context.Context, c caller, in deleteAttributesInput) (any, error) {
	return nil, p.deleteAttributes(c.user, in.UserAttributeNames, p.clients[*c.clientID].Writes)
}

type adminDeleteAttributesInput struct {
	adminUserRequest
	UserAttributeNames []string
}

// adminDeleteUserAttributes is AdminDeleteUserAttributes.
func (p *Pool) adminDeleteUserAttributes(_ context.Context, c caller, in adminDeleteAttributesInput) (any, error) {
	return nil, p.deleteAttributes(c.user, in.UserAttributeNames, p.everything)
}

func (p *Pool) deleteAttributes(u *user, names, writes []string) error {
	if err := p.allWritable(names, writes); err != nil {
		return err
	}
	p.unset(u, names)
	u.modified = p.now()
	return nil
}

// unset deletes attributes, and what says whether they are verified. No attribute of the pool is
// required, so people can delete even their address, and nobody finds them by it any more (derived).
// That email is a sign-in name does not prevent it: only a required attribute "cannot be deleted"
// (observed, https://github.com/aws-amplify/aws-sdk-ios/issues/4251).
func (p *Pool) unset(u *user, names []string) {
	if slices.Contains(names, "email") {
		u.newEmail = ""
		if address := lower(u.attributes["email"]); p.addresses[address] == u {
			delete(p.addresses, address)
		}
	}
	for _, name := range names {
		delete(u.attributes, name)
		delete(u.attributes, name+"_verified")
		delete(u.codes, purpose(name))
	}
}

package cognito

import (
	"context"
	"slices"
)

type deleteAttributesInput struct {
	tokenRequest
	UserAttributeNames []string
}

// deleteUserAttributes is DeleteUserAttributes. No attribute of the pool is required, so people
// can delete even their address, and nobody finds them by it any more (derived). That email is a
// sign-in name does not prevent it: only a required attribute "cannot be deleted" (observed,
// https://github.com/aws-amplify/aws-sdk-ios/issues/4251).
func (p *Pool) deleteUserAttributes(_ context.Context, c caller, in deleteAttributesInput) (any, error) {
	for _, name := range in.UserAttributeNames {
		if _, err := p.ruleOf(name, true); err != nil {
			return nil, err
		}
	}
	u := c.user
	if slices.Contains(in.UserAttributeNames, "email") {
		u.newEmail = ""
		if address := lower(u.attributes["email"]); p.addresses[address] == u {
			delete(p.addresses, address)
		}
	}
	for _, name := range in.UserAttributeNames {
		delete(u.attributes, name)
		delete(u.attributes, name+"_verified")
		delete(u.codes, purpose(name))
	}
	u.modified = p.now()
	return nil, nil
}

package cognito

import "context"

type getUserResult struct {
	Username       string
	UserAttributes []attribute
	mfaPreference
}

func (p *Pool) getUser(_ context.Context, c caller, _ tokenRequest) (any, error) {
	// An app gets what its client may read, and sub.
	reads := append([]string{"sub"}, p.clients[*c.clientID].Reads...)
	return getUserResult{c.user.name, only(c.user.listed(), reads), c.user.mfaPreference()}, nil
}

// set writes attributes; a new phone number is not verified.
func (u *user) set(attributes map[string]string) {
	for name, value := range attributes {
		if name == "phone_number" && u.attributes[name] != value {
			u.attributes["phone_number_verified"] = "false"
		}
		u.attributes[name] = value
	}
}

type updateAttributesInput struct {
	tokenRequest
	UserAttributes []attribute
	ClientMetadata map[string]string
}

type updateAttributesResult struct{ CodeDeliveryDetailsList []codeDelivery }

// updateUserAttributes is UpdateUserAttributes.
func (p *Pool) updateUserAttributes(ctx context.Context, c caller, in updateAttributesInput) (any, error) {
	return p.change(ctx, c, in.UserAttributes, p.clients[*c.clientID].Writes, in.ClientMetadata)
}

type adminUpdateAttributesInput struct {
	adminUserRequest
	UserAttributes []attribute
	ClientMetadata map[string]string
}

// adminUpdateUserAttributes is AdminUpdateUserAttributes.
func (p *Pool) adminUpdateUserAttributes(ctx context.Context, c caller, in adminUpdateAttributesInput) (any, error) {
	_, err := p.change(ctx, c, in.UserAttributes, p.everything, in.ClientMetadata)
	return nil, err
}

// change writes attributes of a user. A new address gets a code, and takes the place of the old one
// when the code comes back (AttributesRequireVerificationBeforeUpdate); at once, if an administrator
// says that it is verified.
func (p *Pool) change(ctx context.Context, c caller, list []attribute, writes []string, metadata map[string]string) (updateAttributesResult, error) {
	none := updateAttributesResult{[]codeDelivery{}}
	attributes, blank, err := p.conformChanges(list, writes)
	if err != nil {
		return none, err
	}
	u := c.user
	address, given := attributes["email"]
	delete(attributes, "email")
	var n notice
	changes := given && lower(address) != lower(u.attributes["email"])
	if changes {
		if p.find(address) != nil {
			return none, errAliasTaken
		}
		if changes = attributes["email_verified"] != "true"; changes {
			delete(attributes, "email_verified") // that of the old address
			u.newEmail = address
			if n, err = p.newCode(u, forEmail, sourceUpdateAttribute, metadata); err != nil {
				return none, err
			}
		} else if err := p.readdress(u, address); err != nil {
			return none, err
		}
	}
	u.set(attributes)
	p.unset(u, blank)
	u.modified = p.now()
	if !changes {
		return none, nil
	}
	return updateAttributesResult{[]codeDelivery{n.delivery()}}, p.send(ctx, c, n)
}

type attributeCodeInput struct {
	tokenRequest
	AttributeName  string
	ClientMetadata map[string]string
}

// codeFor is the purpose of a code for an attribute. Only the two have codes;
// the text is our own.
func codeFor(name string) (purpose, error) {
	if name != "email" && name != "phone_number" {
		return "", invalidParameter("Invalid attribute name: %s", name)
	}
	return purpose(name), nil
}

func (p *Pool) getUserAttributeVerificationCode(ctx context.Context, c caller, in attributeCodeInput) (any, error) {
	kind, err := codeFor(in.AttributeName)
	if err != nil {
		return nil, err
	}
	if err := p.spend("GetUserAttributeVerificationCode", c.user.name); err != nil {
		return nil, err
	}
	if c.user.attributes[in.AttributeName] == "" {
		return nil, invalidParameter("The user has no %s.", in.AttributeName)
	}
	return p.sendCode(ctx, c, c.user, kind, sourceVerifyAttribute, in.ClientMetadata)
}

type verifyAttributeInput struct {
	tokenRequest
	AttributeName, Code string
}

// verifyUserAttribute is VerifyUserAttribute. An address that another user has
// taken meanwhile is refused.
func (p *Pool) verifyUserAttribute(_ context.Context, c caller, in verifyAttributeInput) (any, error) {
	kind, err := codeFor(in.AttributeName)
	if err != nil {
		return nil, err
	}
	u := c.user
	if err := p.spend("VerifyUserAttribute", u.name); err != nil {
		return nil, err
	}
	if err := p.redeem(u, kind, in.Code); err != nil {
		return nil, err
	}
	if address := u.newEmail; kind == forEmail && address != "" {
		u.newEmail = ""
		if err := p.readdress(u, address); err != nil {
			return nil, err
		}
	}
	u.attributes[in.AttributeName+"_verified"] = "true"
	u.modified = p.now()
	return nil, nil
}

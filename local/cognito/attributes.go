package cognito

import "context"

type tokenInput struct{ AccessToken string }

func (in tokenInput) constraints() []constraint { return []constraint{isToken(in.AccessToken)} }

type getUserResult struct {
	Username       string
	UserAttributes []attribute
}

// getUser is GetUser.
func (p *Pool) getUser(_ context.Context, _ caller, in tokenInput) (any, error) {
	var result getUserResult
	err := p.locked(func() error {
		u, _, err := p.bearer(in.AccessToken)
		if err == nil {
			result = getUserResult{u.name, u.listed()}
		}
		return err
	})
	return result, err
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
	AccessToken    string
	UserAttributes []attribute
	ClientMetadata map[string]string
}

func (in updateAttributesInput) constraints() []constraint {
	return append([]constraint{isToken(in.AccessToken)}, areAttributes(in.UserAttributes)...)
}

type updateAttributesResult struct{ CodeDeliveryDetailsList []codeDelivery }

// updateUserAttributes is UpdateUserAttributes. A new address gets a code, and
// takes the place of the old one when the code comes back
// (AttributesRequireVerificationBeforeUpdate).
func (p *Pool) updateUserAttributes(ctx context.Context, c caller, in updateAttributesInput) (any, error) {
	attributes, err := p.conform(in.UserAttributes, true)
	if err != nil {
		return nil, err
	}
	address, given := attributes["email"]
	delete(attributes, "email")
	var n notice
	var clientID string
	changes := false
	err = p.locked(func() error {
		u, client, err := p.bearer(in.AccessToken)
		if err != nil {
			return err
		}
		clientID = client
		changes = given && lower(address) != lower(u.attributes["email"])
		if changes {
			if p.find(address) != nil {
				return aliasTaken()
			}
			u.newEmail = address
			code, err := p.issue(u, forEmail)
			if err != nil {
				return err
			}
			n = u.notifyChange(sourceUpdateAttribute, code, in.ClientMetadata)
		}
		u.set(attributes)
		u.modified = p.now()
		return nil
	})
	result := updateAttributesResult{CodeDeliveryDetailsList: []codeDelivery{}}
	if err != nil || !changes {
		return result, err
	}
	delivered, err := p.sendTo(ctx, c.of(clientID), "email", address, n)
	result.CodeDeliveryDetailsList = append(result.CodeDeliveryDetailsList, delivered)
	return result, err
}

// notifyChange is notify with the address that waits for its code, if there is
// one: the event has that address, not yet verified (derived: the senders of
// AWS's examples mail to the address in the event).
func (u *user) notifyChange(source, code string, metadata map[string]string) notice {
	n := u.notify(source, code, metadata)
	if u.newEmail != "" {
		n.attributes["email"] = u.newEmail
		n.attributes["email_verified"] = "false"
	}
	return n
}

type attributeCodeInput struct {
	AccessToken    string
	AttributeName  string
	Code           string
	ClientMetadata map[string]string
}

func (in attributeCodeInput) constraints() []constraint {
	return []constraint{isToken(in.AccessToken), {"attributeName", in.AttributeName, 1, 32, usernameType}}
}

// codeFor is the purpose of a code for an attribute. Only the two have codes;
// the text is our own.
func codeFor(name string) (purpose, error) {
	if name != "email" && name != "phone_number" {
		return "", invalidParameter("Invalid attribute name: %s", name)
	}
	return purpose(name), nil
}

// getUserAttributeVerificationCode is GetUserAttributeVerificationCode.
func (p *Pool) getUserAttributeVerificationCode(ctx context.Context, c caller, in attributeCodeInput) (any, error) {
	kind, err := codeFor(in.AttributeName)
	if err != nil {
		return nil, err
	}
	var n notice
	var clientID string
	err = p.locked(func() error {
		u, client, err := p.bearer(in.AccessToken)
		if err != nil {
			return err
		}
		clientID = client
		if err := p.spend("GetUserAttributeVerificationCode", u.name); err != nil {
			return err
		}
		if u.attributes[in.AttributeName] == "" {
			return invalidParameter("The user has no %s.", in.AttributeName)
		}
		code, err := p.issue(u, kind)
		n = u.notifyChange(sourceVerifyAttribute, code, in.ClientMetadata)
		return err
	})
	if err != nil {
		return nil, err
	}
	delivered, err := p.sendTo(ctx, c.of(clientID), in.AttributeName, n.attributes[in.AttributeName], n)
	return deliveredResult{delivered}, err
}

// verifyUserAttribute is VerifyUserAttribute. An address that another user took
// meanwhile is refused.
func (p *Pool) verifyUserAttribute(_ context.Context, _ caller, in attributeCodeInput) (any, error) {
	kind, err := codeFor(in.AttributeName)
	if err != nil {
		return nil, err
	}
	if err := check([]constraint{isCode("code", in.Code)}); err != nil {
		return nil, err
	}
	err = p.locked(func() error {
		u, _, err := p.bearer(in.AccessToken)
		if err != nil {
			return err
		}
		if err := p.spend("VerifyUserAttribute", u.name); err != nil {
			return err
		}
		if err := p.redeem(u, kind, in.Code); err != nil {
			return err
		}
		if address := u.newEmail; kind == forEmail && address != "" {
			u.newEmail = ""
			if err := p.readdress(u, address); err != nil {
				return err
			}
		}
		u.attributes[in.AttributeName+"_verified"] = "true"
		u.modified = p.now()
		return nil
	})
	return struct{}{}, err
}

package cognito

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
	"uuid"
)

// The states of a user (UserStatusType of the API reference).
const (
	unconfirmed         = "UNCONFIRMED"
	confirmed           = "CONFIRMED"
	resetRequired       = "RESET_REQUIRED"
	forceChangePassword = "FORCE_CHANGE_PASSWORD"
)

// A user of the pool. Its name is a UUID, equal to its sub: in a pool whose
// UsernameAttributes are email addresses Cognito makes up the user name, and
// the address is only another way to sign in (developer guide, "Customizing
// sign-in attributes"). Only a user of an external provider has another name.
type user struct {
	name, sub  string
	attributes map[string]string // without sub
	// newEmail is an address that waits for its code, or empty
	// (AttributesRequireVerificationBeforeUpdate of CreateUserPool).
	newEmail          string
	status            string
	disabled          bool
	passwords         []credential // the one that counts, then earlier ones
	temporaryUntil    time.Time    // of a temporary password
	groups            []string
	devices           map[string]*device // confirmed ones, by key
	totp              totp
	signedOut         uint32           // the last sign-in, in the pool's count, whose tokens are revoked
	identities        []linkedIdentity // at external providers
	codes             map[purpose]issuedCode
	created, modified time.Time
}

// An attribute is AttributeType of the API reference.
type attribute struct {
	Name  string `json:"Name"`
	Value string `json:"Value,omitempty"`
}

// listed returns all attributes as the API does: sub, then the others. The
// order of the others is our own.
func (u *user) listed() []attribute {
	list := []attribute{{"sub", u.sub}}
	if len(u.identities) > 0 {
		list = append(list, attribute{"identities", u.identitiesText()})
	}
	for _, name := range slices.Sorted(maps.Keys(u.attributes)) {
		list = append(list, attribute{name, u.attributes[name]})
	}
	return list
}

// forEvent returns the attributes as triggers get them: with sub, cognito:user_status and the
// identities at providers (all observed).
func (u *user) forEvent() map[string]string {
	all := maps.Clone(u.attributes)
	all["sub"] = u.sub
	all["cognito:user_status"] = u.status
	if len(u.identities) > 0 {
		all["identities"] = u.identitiesText()
	}
	return all
}

// find returns the user of that user name, or of that email address in any
// case, or nil.
func (p *Pool) find(name string) *user {
	if u, ok := p.users[name]; ok {
		return u
	}
	return p.addresses[lower(name)]
}

// get is find for administrators, who may know that a user does not exist.
func (p *Pool) get(name string) (*user, error) {
	if u := p.find(name); u != nil {
		return u, nil
	}
	return nil, errUserNotFound
}

// add makes a user of the pool. It fails when its address was taken meanwhile.
func (p *Pool) add(u *user) error {
	address := lower(u.attributes["email"])
	if p.addresses[address] != nil {
		return errEmailTaken
	}
	u.created, u.modified = p.now(), p.now()
	p.users[u.name] = u
	p.addresses[address] = u
	p.order = append(p.order, u)
	return nil
}

// remove takes a user out of the pool.
func (p *Pool) remove(u *user) {
	delete(p.users, u.name)
	if address := lower(u.attributes["email"]); p.addresses[address] == u {
		delete(p.addresses, address)
	}
	for _, who := range u.identities {
		delete(p.identities, who.identity)
	}
	delete(p.lockouts, u.name)
	p.order = slices.DeleteFunc(p.order, func(other *user) bool { return other == u })
}

// readdress gives a user another address. It fails when another user has it.
func (p *Pool) readdress(u *user, address string) error {
	if other := p.addresses[lower(address)]; other != nil && other != u {
		return errAliasTaken
	}
	delete(p.addresses, lower(u.attributes["email"]))
	p.addresses[lower(address)] = u
	u.attributes["email"] = address
	return nil
}

// newUser prepares a user who is not yet in the pool.
func newUser(status string, attributes map[string]string) *user {
	name := uuid.NewV4().String()
	u := &user{
		name: name, sub: name,
		attributes: maps.Clone(attributes),
		status:     status,
		codes:      map[purpose]issuedCode{},
		devices:    map[string]*device{},
	}
	// Either flag is there whenever its attribute is (observed).
	for _, name := range []string{"email", "phone_number"} {
		if _, ok := u.attributes[name]; ok && u.attributes[name+"_verified"] == "" {
			u.attributes[name+"_verified"] = "false"
		}
	}
	return u
}

// A codeDelivery is CodeDeliveryDetailsType of the API reference.
type codeDelivery struct {
	AttributeName  string
	DeliveryMedium string
	Destination    string
}

type deliveredResult struct{ CodeDeliveryDetails codeDelivery }

// deliveryTo describes where a code went, with the destination masked.
func deliveryTo(address string) codeDelivery {
	return codeDelivery{"email", "EMAIL", maskAddress(address)}
}

// maskAddress turns Ada@example.com into a***@e*** (observed). What is no
// address is masked in the same way, and in lower case, so that an
// unknown user name is answered as a known one is.
func maskAddress(address string) string {
	local, domain, _ := strings.Cut(lower(address), "@")
	return first(local) + "***@" + first(domain) + "***"
}

func first(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

package cognito

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"poolpost/internal/settings"
)

type attributeRule struct{ min, max int } // characters

// schemaOf lists the standard attributes of OpenID Connect (developer guide,
// "Working with user attributes") and the custom ones of the settings. Nobody writes sub.
func schemaOf(pool settings.Pool) map[string]attributeRule {
	schema := map[string]attributeRule{
		"email_verified":        {max: 5},
		"phone_number_verified": {max: 5},
		"birthdate":             {min: 10, max: 10},
	}
	for _, name := range []string{
		"address", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname",
		"phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo",
	} {
		schema[name] = attributeRule{max: 2048}
	}
	for _, a := range pool.Attributes {
		schema["custom:"+a.Name] = attributeRule{a.MinLength, a.MaxLength}
	}
	return schema
}

// phoneNumber is what Cognito takes: a plus sign and up to 15 digits.
var phoneNumber = regexp.MustCompile(`^\+[0-9]{1,15}$`)

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// writable checks that an attribute exists, and is one of those that may be written. The texts are
// observed.
func (p *Pool) writable(name string, writes []string) error {
	if _, ok := p.schema[name]; !ok {
		return invalidParameter("Attributes did not conform to the schema: %s: Attribute does not exist in the schema.", name)
	}
	if !slices.Contains(writes, name) {
		return notAuthorized("A client attempted to write unauthorized attribute")
	}
	return nil
}

func (p *Pool) allWritable(names, writes []string) error {
	for _, name := range names {
		if err := p.writable(name, writes); err != nil {
			return err
		}
	}
	return nil
}

// conform checks attributes against the schema, and against what may be written, and returns them
// as a map. The texts of the refusals are observed, those about lengths derived.
func (p *Pool) conform(list []attribute, writes []string) (map[string]string, error) {
	attributes := map[string]string{}
	for _, a := range list {
		if err := p.writable(a.Name, writes); err != nil {
			return nil, err
		}
		rule := p.schema[a.Name]
		switch n := utf8.RuneCountInString(a.Value); {
		case n < rule.min:
			return nil, invalidParameter("Attributes did not conform to the schema: %s: String must be at least %d characters long", a.Name, rule.min)
		case n > rule.max:
			return nil, invalidParameter("Attributes did not conform to the schema: %s: String must be no longer than %d characters", a.Name, rule.max)
		}
		value, err := wellFormed(a)
		if err != nil {
			return nil, err
		}
		attributes[a.Name] = value
	}
	return attributes, nil
}

// conformChanges is conform for attributes that users have. A blank value deletes an attribute (API
// reference, UpdateUserAttributes and AdminUpdateUserAttributes).
func (p *Pool) conformChanges(list []attribute, writes []string) (map[string]string, []string, error) {
	var blank []string
	list = slices.Clone(list)
	list = slices.DeleteFunc(list, func(a attribute) bool {
		if a.Value == "" {
			blank = append(blank, a.Name)
		}
		return a.Value == ""
	})
	attributes, err := p.conform(list, writes)
	if err == nil {
		err = p.allWritable(blank, writes)
	}
	return attributes, blank, err
}

// wellFormed checks the attributes that have a form, and returns the value. The two flags are taken
// in any case, and events have them as true and false (observed:
// https://github.com/getmoto/moto/blob/master/tests/test_cognitoidp, a test that its authors ran on
// AWS).
func wellFormed(a attribute) (string, error) {
	flag := strings.HasSuffix(a.Name, "_verified")
	if flag {
		a.Value = strings.ToLower(a.Value)
	}
	switch {
	case a.Name == "email" && !isAddress(a.Value):
		return "", invalidParameter("Invalid email address format.")
	case a.Name == "phone_number" && !phoneNumber.MatchString(a.Value):
		return "", invalidParameter("Invalid phone number format.")
	case flag && a.Value != "true" && a.Value != "false":
		return "", invalidParameter("Attributes did not conform to the schema: %s: Value must be true or false", a.Name)
	}
	return a.Value, nil
}

// named completes the attributes of a new user with the address that the user
// name is. An email attribute that says something else is refused (derived:
// the two are one value in the pool).
func named(username string, attributes map[string]string) error {
	if !isAddress(username) {
		return invalidParameter("Username should be an email.")
	}
	if email, ok := attributes["email"]; ok && lower(email) != lower(username) {
		return invalidParameter("The email attribute is not the user name.")
	}
	attributes["email"] = username
	return nil
}

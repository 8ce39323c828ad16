package cognito

import (
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	"poolpost/internal/settings"
)

type attributeRule struct {
	min, max int // characters
	// writable attributes may be written by app clients. The two flags
	// email_verified and phone_number_verified may only be written by
	// administrators, and sub by nobody.
	writable bool
}

// schemaOf lists the standard attributes of OpenID Connect (developer guide,
// "Working with user attributes") and the custom ones of the settings.
func schemaOf(pool settings.Pool) map[string]attributeRule {
	schema := map[string]attributeRule{
		"email_verified":        {max: 5},
		"phone_number_verified": {max: 5},
		"birthdate":             {min: 10, max: 10, writable: true},
	}
	for _, name := range []string{
		"address", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname",
		"phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo",
	} {
		schema[name] = attributeRule{max: 2048, writable: true}
	}
	for _, a := range pool.Attributes {
		schema["custom:"+a.Name] = attributeRule{min: a.MinLength, max: a.MaxLength, writable: true}
	}
	return schema
}

// phoneNumber is what Cognito takes: a plus sign and up to 15 digits.
var phoneNumber = regexp.MustCompile(`^\+[0-9]{1,15}$`)

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// conform checks attributes against the schema and returns them as a map. The
// texts of the refusals are observed, those about lengths derived.
func (p *Pool) conform(list []attribute, byClient bool) (map[string]string, error) {
	attributes := map[string]string{}
	for _, a := range list {
		rule, err := p.ruleOf(a.Name, byClient)
		if err != nil {
			return nil, err
		}
		switch n := utf8.RuneCountInString(a.Value); {
		case n < rule.min:
			return nil, invalidParameter("Attributes did not conform to the schema: %s: String must be at least %d characters long", a.Name, rule.min)
		case n > rule.max:
			return nil, invalidParameter("Attributes did not conform to the schema: %s: String must be no longer than %d characters", a.Name, rule.max)
		}
		if err := wellFormed(a); err != nil {
			return nil, err
		}
		attributes[a.Name] = a.Value
	}
	return attributes, nil
}

// ruleOf is the rule of an attribute that may be written.
func (p *Pool) ruleOf(name string, byClient bool) (attributeRule, error) {
	rule, ok := p.schema[name]
	if !ok {
		return rule, invalidParameter("Attributes did not conform to the schema: %s: Attribute does not exist in the schema.", name)
	}
	if byClient && !rule.writable {
		return rule, notAuthorized("A client attempted to write unauthorized attribute")
	}
	return rule, nil
}

// wellFormed checks the attributes that have a form. The event of a trigger
// carries booleans as the strings true and false.
func wellFormed(a attribute) error {
	switch {
	case a.Name == "email" && !isAddress(a.Value):
		return invalidParameter("Invalid email address format.")
	case a.Name == "phone_number" && !phoneNumber.MatchString(a.Value):
		return invalidParameter("Invalid phone number format.")
	case strings.HasSuffix(a.Name, "_verified") && a.Value != "true" && a.Value != "false":
		return invalidParameter("Attributes did not conform to the schema: %s: Value must be true or false", a.Name)
	}
	return nil
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

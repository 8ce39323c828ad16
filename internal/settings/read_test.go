package settings

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"poolpost/internal/config"
	"poolpost/internal/yamlfile"
)

const sample = "../../poolpost.yaml"

// least is the shortest file that is accepted: what has no safe default.
const (
	least = leastPool + leastMail + leastBrands + leastClients

	leastPool    = "pool: {region: eu-central-1}\n"
	leastMail    = "mail: {from: {address: no-reply@example.com}}\n"
	leastBrands  = "brands: [{name: myapp}]\n"
	leastClients = "clients: [{name: web, url: https://app.example.com/}]\n"
)

func parse(t *testing.T, text string) *Settings {
	t.Helper()
	s, err := Parse("poolpost.yaml", []byte(text))
	if err != nil {
		t.Fatalf("it is refused:\n%v", err)
	}
	return s
}

func TestAnAlmostEmptyFileIsTheTutorialsPoolMadeSafe(t *testing.T) {
	got := parse(t, least)
	want := &Settings{
		Pool: Pool{
			Name:           "App_Users",
			Region:         "eu-central-1",
			Tags:           map[string]string{"AppName": "MyApp"},
			Attributes:     []Attribute{{Name: "agentName", MaxLength: 2048}},
			PasswordPolicy: PasswordPolicy{MinimumLength: 8, RequireNumbers: true, TemporaryPasswordDays: 7},
			SelfSignUp:     true,
			Devices:        "always",
			MFA:            "off",
		},
		Mail: Mail{
			From: Address{Address: "no-reply@example.com"}, NameAttributes: []string{"given_name", "name"},
			Identity: "example.com", Delivery: "cognito", Rate: 1,
		},
		Brands: []Brand{{Name: "myapp", DisplayName: "myapp", Color: "#1d4ed8", From: Address{Address: "no-reply@example.com"}}},
		Clients: []Client{{
			Name: "web", Brand: "myapp", Locale: "en", RefreshTokenDays: 30,
			URL: "https://app.example.com/", SignInURL: "https://app.example.com/",
		}},
		Locales:      []string{"en"},
		SignUp:       SignUp{Email: config.EmailRules{RefuseTypos: true}, ExternalProviders: config.ExternalProviders{Policy: "accept"}},
		IdentityPool: IdentityPool{Enabled: true, Guests: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestTheProjectsOwnFileIsAccepted(t *testing.T) {
	s, err := Read(sample)
	if err != nil {
		t.Fatal(err)
	}
	if key := s.AttributeKey("agentName"); key != "custom:agentName" {
		t.Errorf("agentName is %q in events", key)
	}
	if key := s.AttributeKey("given_name"); key != "given_name" {
		t.Errorf("given_name is %q in events", key)
	}
	if c, ok := s.Client("web"); !ok || c.Name != "web" {
		t.Errorf("there is no client web: %+v", c)
	}
	if b, ok := s.Brand("nobody"); ok {
		t.Errorf("there is a brand nobody: %+v", b)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	_, err := Read("nowhere/poolpost.yaml")
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere/poolpost.yaml") {
		t.Errorf("got %v", err)
	}
}

// TestEveryFieldIsAKey writes every field of the types, each with a value of its
// own, as YAML and expects it back: a field that no key reaches stays empty.
func TestEveryFieldIsAKey(t *testing.T) {
	want := reflect.New(reflect.TypeFor[Settings]()).Elem()
	number := 0
	fill(t, want, &number)
	text, err := yaml.Marshal(want.Interface())
	if err != nil {
		t.Fatal(err)
	}
	got := Settings{}
	f, err := yamlfile.Read("poolpost.yaml", "pool", text, &got)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Err(); err != nil {
		t.Errorf("these keys are refused: %v", err)
	}
	if !reflect.DeepEqual(got, want.Interface()) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want.Interface())
	}
}

// fill puts a different value into every field, and fails for one without a
// name of its own in the file.
func fill(t *testing.T, v reflect.Value, number *int) {
	*number++
	switch v.Kind() {
	case reflect.Struct:
		for field, value := range v.Fields() {
			name := field.Tag.Get("yaml")
			if name == "-" {
				continue // made up when the functions are built
			}
			if name == "" || strings.ContainsAny(name, ",-. ") || !field.IsExported() {
				t.Errorf("%s.%s has no key: %q", v.Type(), field.Name, name)
			}
			fill(t, value, number)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), number)
		fill(t, v.Index(1), number)
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, value, number)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(fmt.Sprint("key", *number)), value)
	case reflect.String:
		v.SetString(fmt.Sprint("value", *number))
	case reflect.Int:
		v.SetInt(int64(*number))
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("a field of type %s", v.Type())
	}
}

func TestWhatAFileSaysReplacesTheDefaults(t *testing.T) {
	tests := map[string]struct {
		replace, by string // in least
		field       func(*Settings) any
		want        any
	}{
		"tags of the file are the only tags": {
			"eu-central-1}", "eu-central-1, tags: {Team: Sample}}",
			func(s *Settings) any { return s.Pool.Tags }, map[string]string{"Team": "Sample"},
		},
		"a tag with the name of the default keeps the value of the file": {
			"eu-central-1}", "eu-central-1, tags: {AppName: Other, Team: Sample}}",
			func(s *Settings) any { return s.Pool.Tags }, map[string]string{"AppName": "Other", "Team": "Sample"},
		},
		"no tags are no tags": {
			"eu-central-1}", "eu-central-1, tags: {}}",
			func(s *Settings) any { return s.Pool.Tags }, map[string]string{},
		},
		"no attributes are no attributes": {
			"eu-central-1}", "eu-central-1, attributes: []}",
			func(s *Settings) any { return s.Pool.Attributes }, []Attribute{},
		},
		"attributes of the file are the only ones, and as long as Cognito takes": {
			"eu-central-1}", "eu-central-1, attributes: [{name: city}, {name: plate, minLength: 2, maxLength: 9}]}",
			func(s *Settings) any { return s.Pool.Attributes },
			[]Attribute{{Name: "city", MaxLength: 2048}, {Name: "plate", MinLength: 2, MaxLength: 9}},
		},
		"an attribute may be bound to nothing": {
			"eu-central-1}", "eu-central-1, attributes: [{name: city, maxLength: 0}]}",
			func(s *Settings) any { return s.Pool.Attributes }, []Attribute{{Name: "city"}},
		},
		"a password policy keeps the defaults of the keys that it leaves out": {
			"eu-central-1}", "eu-central-1, passwordPolicy: {requireSymbols: true}}",
			func(s *Settings) any { return s.Pool.PasswordPolicy },
			PasswordPolicy{MinimumLength: 8, RequireNumbers: true, RequireSymbols: true, TemporaryPasswordDays: 7},
		},
		"what is true by default can be false": {
			"eu-central-1}", "eu-central-1, selfSignUp: false}",
			func(s *Settings) any { return s.Pool.SelfSignUp }, false,
		},
		"nobody is greeted by name": {
			"mail: {", "mail: {nameAttributes: [], ",
			func(s *Settings) any { return s.Mail.NameAttributes }, []string{},
		},
		"the reply address is where people are sent for help": {
			"mail: {", "mail: {replyTo: support@example.com, ",
			func(s *Settings) any { return s.Brands[0].Support }, "support@example.com",
		},
		"a logo is 120 pixels wide and called like the app": {
			"{name: myapp}", "{name: myapp, displayName: MyApp, logo: {url: 'https://app.example.com/logo.png'}}",
			func(s *Settings) any { return s.Brands[0].Logo }, Logo{URL: "https://app.example.com/logo.png", Width: 120, Alt: "MyApp"},
		},
		"a client takes the first brand and the first locale": {
			"brands: [", "locales: [fr, en]\nbrands: [{name: first}, ",
			func(s *Settings) any { return []string{s.Clients[0].Brand, s.Clients[0].Locale} }, []string{"first", "fr"},
		},
		"a number is a text where a text is wanted": {
			"{name: web,", "{name: 007,",
			func(s *Settings) any { return s.Clients[0].Name }, "007",
		},
		"a yes without quotes is a text where a text is wanted": {
			"region: eu-central-1", "name: yes, region: eu-central-1",
			func(s *Settings) any { return s.Pool.Name }, "yes",
		},
		"an entry can be written once and used twice": {
			"clients: [", "clients: [{name: other, url: &app https://other.example.com/, signInUrl: *app}, ",
			func(s *Settings) any { return s.Clients[0].SignInURL }, "https://other.example.com/",
		},
		"a locale for a part of the world is a locale": {
			"brands: [", "locales: [es-419, zh-Hans, pt-BR, zh-Hant-TW]\nbrands: [",
			func(s *Settings) any { return s.Clients[0].Locale }, "es-419",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test.field(parse(t, edit(t, least, test.replace, test.by)))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// edit replaces a text that stands exactly once in another.
func edit(t *testing.T, text, replace, by string) string {
	t.Helper()
	if strings.Count(text, replace) != 1 {
		t.Fatalf("%q stands %d times in the text", replace, strings.Count(text, replace))
	}
	return strings.Replace(text, replace, by, 1)
}

func TestTwoReadsDoNotShareTheirDefaults(t *testing.T) {
	parse(t, least).Pool.Tags["AppName"] = "changed"
	if got := parse(t, least).Pool.Tags["AppName"]; got != "MyApp" {
		t.Errorf("the second one has %q", got)
	}
}

func TestMistakesOfTheFileItself(t *testing.T) {
	top := "pool, mail, links, brands, clients, locales, signUp, groups, signIn, identityPool, alarms"
	tests := map[string]struct {
		text string
		want []string
	}{
		"an unknown key, with the one that was meant": {
			"pool:\n  region: eu-central-1\n  nmae: x\nmial: {from: {address: no-reply@example.com}}\n" + leastBrands + leastClients,
			[]string{
				"poolpost.yaml:3: pool.nmae: is unknown; did you mean name?",
				"poolpost.yaml:4: mial: is unknown; did you mean mail?",
			},
		},
		"an unknown key that looks like none": {
			"links:\n  webhook: x\nsomething: x\n" + leastPool + leastMail + leastBrands + leastClients,
			[]string{
				"poolpost.yaml:2: links.webhook: is unknown; the keys here are host, hostedZone, certificateArn",
				"poolpost.yaml:3: something: is unknown; the keys here are " + top,
			},
		},
		"a key in the wrong case": {
			"signup: {}\n" + leastPool + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:1: signup: is unknown; did you mean signUp?"},
		},
		"an unknown key in an entry of a list": {
			"clients:\n  - {name: web, url: https://app.example.com/}\n  - name: app\n    uri: https://app.example.com/\n" + leastPool + leastMail + leastBrands,
			[]string{"poolpost.yaml:4: clients[1].uri: is unknown; did you mean url?"},
		},
		"a key that appears twice": {
			"pool:\n  name: a\n  name: b\n  region: eu-central-1\nlinks: {host: a}\nlinks: {host: b, x: c}\n" + leastMail + leastBrands + leastClients,
			[]string{
				"poolpost.yaml:3: pool.name: appears twice; keep one",
				"poolpost.yaml:6: links: appears twice; keep one",
			},
		},
		"a tag that appears twice": {
			"pool:\n  region: eu-central-1\n  tags:\n    a: 1\n    a: 2\n" + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:5: pool.tags.a: appears twice; keep one"},
		},
		"a key without a value": {
			"pool:\n  region:\nlocales: ~\n" + leastMail + leastBrands + leastClients,
			[]string{
				"poolpost.yaml:2: pool.region: has no value; write one, in quotes if it begins with #, or remove the key to use the default",
				"poolpost.yaml:3: locales: has no value; write one, in quotes if it begins with #, or remove the key to use the default",
			},
		},
		"an entry of a list without a value": {
			"groups:\n  - members\n  -\n" + leastPool + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:3: groups[1]: has no value; write one, in quotes if it begins with #, or remove the key to use the default"},
		},
		"a value where keys are wanted": {
			"pool: App_Users\nclients:\n  - web\n" + leastMail + leastBrands,
			[]string{
				"poolpost.yaml:1: pool: must have keys below it: name, region, tags, attributes, passwordPolicy, selfSignUp, devices, mfa",
				"poolpost.yaml:3: clients[0]: must have keys below it: name, brand, locale, url, signInUrl, attributeUrl, resetUrl, returnUrls, refreshTokenDays",
			},
		},
		"keys where a list is wanted": {
			"groups: members\nbrands:\n  name: a\n" + leastPool + leastMail + leastClients,
			[]string{
				"poolpost.yaml:1: groups: must be a list: write each entry on a line of its own behind a dash",
				"poolpost.yaml:2: brands: must be a list: write each entry on a line of its own behind a dash",
			},
		},
		"a list where names and values are wanted": {
			"pool:\n  region: eu-central-1\n  tags: [a, b]\n" + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:3: pool.tags: must be a list of name: value lines"},
		},
		"a list where the name of a tag is wanted": {
			"pool:\n  region: eu-central-1\n  tags: {[a]: b}\n" + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:3: pool.tags: must be a list of name: value lines"},
		},
		"keys where a text is wanted": {
			"links:\n  host: {name: a}\n" + leastPool + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:2: links.host: must be a text"},
		},
		"a text where true or false is wanted": {
			"pool:\n  selfSignUp: sometimes\n  region: eu-central-1\nidentityPool:\n  guests: \"true\"\n" + leastMail + leastBrands + leastClients,
			[]string{
				`poolpost.yaml:2: pool.selfSignUp: must be true or false, not "sometimes"`,
				`poolpost.yaml:5: identityPool.guests: must be true or false, not "true"`,
			},
		},
		"a text or a fraction where a number is wanted": {
			"pool:\n  passwordPolicy:\n    minimumLength: eight\n    temporaryPasswordDays: 1.5\n  region: eu-central-1\n" + leastMail + leastBrands + leastClients,
			[]string{
				`poolpost.yaml:3: pool.passwordPolicy.minimumLength: must be a whole number, not "eight"`,
				`poolpost.yaml:4: pool.passwordPolicy.temporaryPasswordDays: must be a whole number, not "1.5"`,
			},
		},
		"a number that is larger than any": {
			"mail:\n  from: {address: no-reply@example.com}\n  rate: 18446744073709551615\n" + leastPool + leastBrands + leastClients,
			[]string{`poolpost.yaml:3: mail.rate: must be a whole number, not "18446744073709551615"`},
		},
		"a tag of YAML's before a value that it does not fit": {
			"pool: {name: !!binary x, region: eu-central-1}\nidentityPool: {guests: !!bool x}\n" + leastMail + leastBrands + leastClients,
			[]string{
				"poolpost.yaml:1: pool.name: must be a text",
				`poolpost.yaml:2: identityPool.guests: must be true or false, not "x"`,
			},
		},
		"a list in the place of the whole": {
			"- pool\n",
			[]string{"poolpost.yaml: must have keys below it: " + top},
		},
		"a second document": {
			least + "---\npool: {}\n",
			[]string{"poolpost.yaml:5: a second document begins here; a second pool is a second file"},
		},
		"a key with a line break is told in one line": {
			"\"a\\nb\\e[0m\": x\n" + leastPool + leastMail + leastBrands + leastClients,
			[]string{"poolpost.yaml:1: a\ufffdb\ufffd[0m: is unknown; the keys here are " + top},
		},
		"a mistake behind an alias is reported where it stands": {
			"mail:\n  from: {address: no-reply@example.com}\n  hostedZone: &zone {id: Z0123456789EXAMPLE, nam: example.com}\n" +
				"links: {host: links.example.com, hostedZone: *zone}\n" + leastPool + leastBrands + leastClients,
			[]string{
				"poolpost.yaml:3: mail.hostedZone.nam: is unknown; did you mean name?",
				"poolpost.yaml:3: links.hostedZone.nam: is unknown; did you mean name?",
			},
		},
		"a short key that has nothing of a known one": {
			"links: {hostedZone: {xy: a}}\n" + least,
			[]string{"poolpost.yaml:1: links.hostedZone.xy: is unknown; the keys here are id, name"},
		},
		"nothing at all": {
			"# to be written\n",
			[]string{
				"poolpost.yaml: pool.region: is missing; write an AWS region, such as eu-central-1",
				"poolpost.yaml: mail.from.address: is missing; write the sender's address, such as no-reply@example.com",
				"poolpost.yaml: brands: is missing; write at least one brand with name and displayName",
				"poolpost.yaml: clients: is missing; write at least one app client with name and url",
			},
		},
		"text that is no YAML": {
			"pool:\n\tname: x\n",
			[]string{"poolpost.yaml:2: found character that cannot start any token"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Parse("poolpost.yaml", []byte(test.text))
			if err == nil {
				t.Fatalf("it is accepted: %+v", s)
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(test.want, "\n"))
			}
		})
	}
}

// A mistake in what can be read must not hide the others, and must not be told
// a second time by what depends on it.
func TestAMistakeInReadingNeitherHidesOthersNorCausesThem(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string // without the file's name
	}{
		"unknown keys beside bad values and missing keys": {
			"pool:\n  nam: x\nlinks: {host: localhost}\nbrands: [{name: myapp, color: blue}]\n",
			[]string{
				" mail.from.address: is missing; write the sender's address, such as no-reply@example.com",
				" clients: is missing; write at least one app client with name and url",
				"1: pool.region: is missing; write an AWS region, such as eu-central-1",
				"2: pool.nam: is unknown; did you mean name?",
				"3: links.host: must be a host name in lower case, such as links.example.com, not \"localhost\"",
				"4: brands[0].color: must be a colour such as #1d4ed8, not \"blue\"",
			},
		},
		"required keys, mistyped": {
			"pool: {regoin: eu-central-1}\nmail: {form: {adress: no-reply@example.com}}\nbrand: [{nam: myapp}]\nclient: [{nmae: web, brand: myapp, uri: https://app.example.com/}]\n",
			[]string{
				"1: pool.regoin: is unknown; did you mean region?",
				"2: mail.form: is unknown; did you mean from?",
				"2: mail.from.adress: is unknown; did you mean address?",
				"3: brand: is unknown; did you mean brands?",
				"3: brands[0].nam: is unknown; did you mean name?",
				"4: client: is unknown; did you mean clients?",
				"4: clients[0].nmae: is unknown; did you mean name?",
				"4: clients[0].uri: is unknown; did you mean url?",
			},
		},
		"bad values of mistyped keys": {
			"client:\n  - name: web\n    url: https://app.example.com/\n    refreshTokenDay: 0\n    returnUrl: x\n" + leastPool + leastMail + leastBrands,
			[]string{
				"1: client: is unknown; did you mean clients?",
				"4: clients[0].refreshTokenDay: is unknown; did you mean refreshTokenDays?",
				"4: clients[0].refreshTokenDays: must be 1 to 3650, not 0",
				"5: clients[0].returnUrl: is unknown; did you mean returnUrls?",
				"5: clients[0].returnUrls: must be a list: write each entry on a line of its own behind a dash",
			},
		},
		"a key, and the same key mistyped, in either order": {
			"pool: {nam: a/b, name: c/d, region: eu-central-1}\nlinks: {host: localhost, hots: x}\n" + leastMail + leastBrands + leastClients,
			[]string{
				"1: pool.nam: is unknown; did you mean name?",
				"1: pool.name: must be 1 to 128 letters, digits, blanks or any of _+=,.@-, not \"c/d\"",
				"2: links.hots: is unknown; did you mean host?",
				"2: links.host: must be a host name in lower case, such as links.example.com, not \"localhost\"",
			},
		},
		"a key mistyped in two ways": {
			"pool: {nam: a, nme: b/c, region: eu-central-1}\n" + leastMail + leastBrands + leastClients,
			[]string{
				"1: pool.nam: is unknown; did you mean name?",
				"1: pool.nme: is unknown; did you mean name?",
			},
		},
		"wrong types of required keys": {
			"pool: {region: [eu-central-1]}\nmail: {from: no-reply@example.com, identity: example.com, hostedZone: {id: Z0123456789EXAMPLE, name: example.com}}\n" +
				"brands: {name: myapp}\nclients: [{name: [web], brand: myapp, url: {a: b}, signInUrl: /sign-in}]\n",
			[]string{
				"1: pool.region: must be a text",
				"2: mail.from: must have keys below it: name, address",
				"3: brands: must be a list: write each entry on a line of its own behind a dash",
				"4: clients[0].name: must be a text",
				"4: clients[0].url: must be a text",
				"4: clients[0].signInUrl: must be a full https address, such as https://app.example.com/",
			},
		},
		"an entry without a value does not move the others": {
			"brands: [~, {name: myapp, color: blue}]\nclients:\n  - web\n  - {name: app, brand: first, url: x}\n" + leastPool + leastMail,
			[]string{
				"1: brands[0]: has no value; write one, in quotes if it begins with #, or remove the key to use the default",
				"1: brands[1].color: must be a colour such as #1d4ed8, not \"blue\"",
				"3: clients[0]: must have keys below it: name, brand, locale, url, signInUrl, attributeUrl, resetUrl, returnUrls, refreshTokenDays",
				"4: clients[1].url: must be a full https address, such as https://app.example.com/",
			},
		},
		"keys that refer to what could not be read": {
			"pool: {region: eu-central-1, attributes: agentName}\nlocales: fr\nlinks: {host: [a], hostedZone: {id: Z0123456789EXAMPLE, name: example.com}}\n" +
				"clients: [{name: web, locale: fr, url: https://app.example.com/}]\n" +
				"signUp: {attributes: [{name: plate, label: {fr: Plaque}}, {name: plate}]}\n" + leastMail + leastBrands,
			[]string{
				"1: pool.attributes: must be a list: write each entry on a line of its own behind a dash",
				"2: locales: must be a list: write each entry on a line of its own behind a dash",
				"3: links.host: must be a text",
				"5: signUp.attributes[1].name: appears twice: \"plate\"",
			},
		},
		"bounds of which one could not be read": {
			"pool: {region: eu-central-1, attributes: [{name: plate, minLength: 5, maxLength: x}]}\n" + leastMail + leastBrands + leastClients,
			[]string{`1: pool.attributes[0].maxLength: must be a whole number, not "x"`},
		},
		"a mistake in a value that others take over": {
			"mail: {from: {address: no-reply@example.com}, replyTo: support}\nlocales: []\n" + leastPool + leastBrands + leastClients,
			[]string{
				`1: mail.replyTo: must be a plain e-mail address, such as support@example.com, not "support"`,
				"2: locales: must name at least one locale, such as en",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := Parse("p", []byte(test.text))
			if err == nil {
				t.Fatalf("it is accepted: %+v", s)
			}
			if want := "p:" + strings.Join(test.want, "\np:"); err.Error() != want {
				t.Errorf("got\n%s\nwant\n%s", err, want)
			}
		})
	}
}

// FuzzParse holds that no text makes Parse panic, that a refusal names the file
// and tells each mistake once, and that what is accepted is good enough for the
// rest of the project.
func FuzzParse(f *testing.F) {
	shipped, err := os.ReadFile(sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shipped)
	for _, text := range []string{
		least, "", "~", "a: &a [*a]", "pool: {<<: {name: x}}", "? [a, b]\n: c", "pool: !!binary aGk=", "pool: !!int x",
		"clients: &c [{name: *c}]", "--- {}\n---\n", "pool: {tags: {? {a: b}: c}}", "? c, J:]\n\n a", "pool: {name: !custom x}",
		strings.Replace(least, "web", "!!str 1", 1), strings.Replace(least, "en", "\"\\u202e\"", 1),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("poolpost.yaml", text)
		if err != nil {
			var problems yamlfile.Problems
			if errors.As(err, &problems) && len(problems) == 0 {
				t.Error("an error without a problem")
			}
			seen := map[string]bool{}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if seen[line] {
					t.Errorf("told twice: %q", line)
				}
				seen[line] = true
				if problems != nil && !strings.HasPrefix(line, "poolpost.yaml:") {
					t.Errorf("a line without the file: %q", line)
				}
			}
			return
		}
		if s.Pool.Region == "" || s.Mail.From.Address == "" || len(s.Locales) == 0 {
			t.Errorf("something is missing: %+v", s)
		}
		if len(s.Clients) == 0 {
			t.Error("there is no client")
		}
		for _, c := range s.Clients {
			if _, ok := s.Brand(c.Brand); !ok {
				t.Errorf("client %q has no brand", c.Name)
			}
			if !slices.Contains(s.Locales, c.Locale) {
				t.Errorf("client %q has a locale that is none of the pool's", c.Name)
			}
			if !strings.HasPrefix(strings.ToLower(c.SignInURL), "http") || c.RefreshTokenDays < 1 {
				t.Errorf("client %+v", c)
			}
		}
		for _, b := range s.Brands {
			if strings.ContainsAny(b.DisplayName+b.PostalAddress, "{}\r\n") || Contrast(b.Color, "#ffffff") < 4.5 {
				t.Errorf("brand %+v", b)
			}
		}
	})
}

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

func TestMinimalFileHasSafeDefaults(t *testing.T) {
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
			Existing:       ExistingPool{UserNames: GeneratedUserNames},
		},
		Mail: Mail{
			From: Address{Address: "no-reply@example.com"}, NameAttributes: []string{"given_name", "name"},
			Identity: "example.com", Delivery: "cognito", Rate: 1,
		},
		Links:  Links{KeepDefaultAddress: true, HostInEmails: true},
		Brands: []Brand{{Name: "myapp", DisplayName: "myapp", Color: "#1d4ed8", From: Address{Address: "no-reply@example.com"}}},
		Clients: []Client{{
			Name: "web", Brand: "myapp", Locale: "en", RefreshTokenDays: 30, AccessTokenMinutes: 60, IDTokenMinutes: 60,
			URL: "https://app.example.com/", SignInURL: "https://app.example.com/",
		}},
		Locales:      []string{"en"},
		SignUp:       SignUp{Email: config.EmailRules{RefuseTypos: true}, ExternalProviders: config.ExternalProviders{Policy: "accept"}, Captcha: config.Captcha{Difficulty: 500, ExpiryMinutes: 10, TimeoutMS: 1000, OnFailure: "refuse"}, Hook: config.SignUpHook{TimeoutMS: 2000, OnFailure: "refuse"}, ForgetDryRun: true, ForgetAtMostPercent: 10},
		SignIn:       SignIn{EndSessionsAfterReset: true},
		IdentityPool: IdentityPool{Enabled: true, Guests: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestShippedSettingsAreAccepted(t *testing.T) {
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

func TestUnreadableFileIsNamed(t *testing.T) {
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

func TestFileOverridesDefaults(t *testing.T) {
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

// edit replaces a text that is exactly once in another.
func edit(t *testing.T, text, replace, by string) string {
	t.Helper()
	if strings.Count(text, replace) != 1 {
		t.Fatalf("%q is %d times in the text", replace, strings.Count(text, replace))
	}
	return strings.Replace(text, replace, by, 1)
}

func TestReadsDoNotShareDefaults(t *testing.T) {
	parse(t, least).Pool.Tags["AppName"] = "changed"
	if got := parse(t, least).Pool.Tags["AppName"]; got != "MyApp" {
		t.Errorf("the second one has %q", got)
	}
}

// FuzzParse checks that no text makes Parse panic, that a refusal names the file
// and reports each mistake once, and that what is accepted is good enough for the
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
					t.Errorf("reported twice: %q", line)
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
				t.Errorf("client %q has a locale that the pool does not have", c.Name)
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

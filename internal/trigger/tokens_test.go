package trigger

import (
	"strings"
	"testing"
)

func TestSourceOf(t *testing.T) {
	for payload, want := range map[string]string{
		string(read(t, "pre-token-generation-new-password")):                                    "TokenGeneration_NewPasswordChallenge",
		string(read(t, "post-confirmation-bare")):                                               "PostConfirmation_ConfirmForgotPassword",
		`{"request":{"triggerSource":"TokenGeneration_Authentication"}}`:                        "",
		`{"userName":"TokenGeneration_Authentication","triggerSource":"PreSignUp_SignUp"}`:      "PreSignUp_SignUp",
		`{"triggerSource":"PreSignUp_SignUp","triggerSource":"PostConfirmation_ConfirmSignUp"}`: "PostConfirmation_ConfirmSignUp",
		`{"triggerSource":"TokenGeneration_Authentication"`:                                     "",
		`{"triggerSource":{}}`: "",
		`null`:                 "",
		``:                     "",
	} {
		if got := SourceOf([]byte(payload)); got != want {
			t.Errorf("%s: got %q, want %q", payload, got, want)
		}
	}
}

func TestReplyWithGroups(t *testing.T) {
	const unchanged = "unchanged"
	event := func(configuration string) string {
		return `{"a": 1, "request": {"groupConfiguration": ` + configuration + `}, "response": {"claimsOverrideDetails": null}}`
	}
	overridden := func(configuration, override string) string {
		return strings.Replace(event(configuration), `{"claimsOverrideDetails": null}`, `{"claimsOverrideDetails":{"groupOverrideDetails":`+override+`}}`, 1)
	}
	const none = `{"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null}`
	const some = `{"groupsToOverride": ["editors", "a"], "iamRolesToOverride": ["arn:1", "arn:2"], "preferredRole": "arn:1", "new": {"b": [1]}}`
	for name, test := range map[string]struct {
		payload string
		groups  []string
		want    string // empty: an error
	}{
		"somebody in no group": {event(none), []string{"a", "b"},
			overridden(none, `{"iamRolesToOverride":[],"preferredRole":null,"groupsToOverride":["a","b"]}`)},
		"other groups, roles and what is new stay": {event(some), []string{"a", "b"},
			overridden(some, `{"iamRolesToOverride":["arn:1", "arn:2"],"preferredRole":"arn:1","new":{"b": [1]},"groupsToOverride":["editors","a","b"]}`)},
		"names with quotes": {event(`{}`), []string{`"<é`}, overridden(`{}`, `{"groupsToOverride":["\"\u003cé"]}`)},
		"groups that are null": {event(`{"groupsToOverride": null}`), []string{"a"},
			overridden(`{"groupsToOverride": null}`, `{"groupsToOverride":["a"]}`)},
		"no group to add":                       {event(some), nil, unchanged},
		"no group to add to nothing":            {`{}`, nil, unchanged},
		"groups that the event has already":     {event(some), []string{"a", "editors"}, unchanged},
		"no configuration":                      {`{"request": {}}`, []string{"a"}, ""},
		"a configuration that is null":          {event(`null`), []string{"a"}, ""},
		"a configuration that is a list":        {event(`[` + some + `]`), []string{"a"}, ""},
		"groups that are a text":                {event(`{"groupsToOverride": "a"}`), []string{"a"}, ""},
		"groups that are numbers":               {event(`{"groupsToOverride": [1]}`), []string{"a"}, ""},
		"a response that nothing can be put in": {strings.Replace(event(none), `{"claimsOverrideDetails": null}`, `[]`, 1), []string{"a"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := Decode([]byte(test.payload))
			if err != nil {
				t.Fatal(err)
			}
			if test.want == unchanged {
				test.want = test.payload
			}
			got, err := e.ReplyWithGroups([]byte(test.payload), test.groups)
			if string(got) != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

package trigger

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"poolpost/internal/eventjson"
	"poolpost/internal/logging"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const sub = "11111111-2222-4333-8444-555555555555"

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		file    string
		trigger string
		kind    string
		want    Event
	}{
		"a sign-up": {"custom-message-sign-up", "CustomMessage", "SignUp", Event{
			TriggerSource: "CustomMessage_SignUp", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: sub, ClientID: "1sample111111111111example",
			UserAttributes: map[string]string{
				"sub": sub, "email_verified": "false", "cognito:user_status": "UNCONFIRMED",
				"cognito:email_alias": "ada@example.com", "custom:agentName": "Ada O’Brien", "email": "ada@example.com",
			},
			ClientMetadata: map[string]string{"locale": "fr", "return": "https://app.example.com/welcome"},
			CodeParameter:  "{####}",
		}},
		"a version that is a number, attributes that are none, None and null": {"custom-message-resend-none", "CustomMessage", "ResendCode", Event{
			TriggerSource: "CustomMessage_ResendCode", Version: "1", Region: "us-east-1",
			UserPoolID: "us-east-1_Example02", UserName: "ada", ClientID: "1sample111111111111example",
			UserAttributes: map[string]string{
				"email": "ada@example.com", "email_verified": "false", "phone_number_verified": "true", "updated_at": "1700000000",
			},
			CodeParameter: "{####}",
		}},
		"an invitation, which has no client": {"custom-message-admin-create-user", "CustomMessage", "AdminCreateUser", Event{
			TriggerSource: "CustomMessage_AdminCreateUser", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: sub,
			UserAttributes: map[string]string{"email": "ada@example.com", "cognito:user_status": "FORCE_CHANGE_PASSWORD"},
			CodeParameter:  "{####}", UsernameParameter: "{username}",
		}},
		"a first sign-in with Facebook, with empty validation data": {"pre-sign-up-external-provider", "PreSignUp", "ExternalProvider", Event{
			TriggerSource: "PreSignUp_ExternalProvider", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: "Facebook_1234567890", ClientID: "1sample111111111111example",
			UserAttributes: map[string]string{"cognito:email_alias": "", "cognito:phone_number_alias": "", "email": "ada@example.com"},
		}},
		"a sign-up with validation data": {"pre-sign-up-sign-up", "PreSignUp", "SignUp", Event{
			TriggerSource: "PreSignUp_SignUp", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: sub, ClientID: "1sample111111111111example",
			UserAttributes: map[string]string{"email": "ada@example.com", "custom:agentName": "Ada"},
			ClientMetadata: map[string]string{"locale": "ar"},
		}},
		"a confirmation by an administrator, with a client that is null": {"post-confirmation-admin-confirm", "PostConfirmation", "ConfirmSignUp", Event{
			TriggerSource: "PostConfirmation_ConfirmSignUp", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: sub,
			UserAttributes: map[string]string{"sub": sub, "email_verified": "true", "email": "ada@example.com"},
		}},
		"a caller and attributes that are null, and no response": {"post-confirmation-bare", "PostConfirmation", "ConfirmForgotPassword", Event{
			TriggerSource: "PostConfirmation_ConfirmForgotPassword", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: "ada",
		}},
		"a first password, with a response that has null": {"pre-token-generation-new-password", "TokenGeneration", "NewPasswordChallenge", Event{
			TriggerSource: "TokenGeneration_NewPasswordChallenge", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: sub, ClientID: "1sample111111111111example",
			UserAttributes: map[string]string{"sub": sub, "cognito:user_status": "CONFIRMED", "email_verified": "true", "name": "Ada", "email": "ada@example.com"},
			ClientMetadata: map[string]string{"locale": "fr"},
		}},
		"fields that nobody knows yet": {"custom-message-of-the-future", "CustomMessage", "SignUp", Event{
			TriggerSource: "CustomMessage_SignUp", Version: "1", Region: "eu-central-1",
			UserPoolID: "eu-central-1_Example01", UserName: sub, ClientID: "1sample111111111111example",
			UserAttributes: map[string]string{"email": "ada@example.com", "name": "<Ada> & Ada/\u2028 😀"},
			CodeParameter:  "{####}",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(read(t, test.file))
			if err != nil {
				t.Fatal(err)
			}
			if kind := got.Source(test.trigger); kind != test.kind {
				t.Errorf("its kind is %q, want %q", kind, test.kind)
			}
			got.response, got.validationData = eventjson.Raw{}, eventjson.Raw{}
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got\n%+v\nwant\n%+v", *got, test.want)
			}
		})
	}
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d events have %d tests: %v", len(files), len(tests), err)
	}
}

func TestKindIsOfOneTriggerOnly(t *testing.T) {
	for source, want := range map[string]string{
		"CustomMessage_SignUp": "SignUp", "CustomMessage": "", "CustomMessage_": "", "PreSignUp_SignUp": "", "": "",
		"xCustomMessage_SignUp": "", "custommessage_SignUp": "",
	} {
		if got := (&Event{TriggerSource: source}).Source("CustomMessage"); got != want {
			t.Errorf("%q: got %q, want %q", source, got, want)
		}
	}
}

func TestAbsentAndNullAreTheSame(t *testing.T) {
	for _, payload := range []string{
		`{}`,
		`{"request":null,"callerContext":null,"version":null,"triggerSource":null,"userName":null}`,
		`{"request":{},"callerContext":{}}`,
		`{"request":{"userAttributes":null,"clientMetadata":null,"validationData":null,"codeParameter":null},"callerContext":{"clientId":null}}`,
		`{"callerContext":{"clientId":"CLIENT_ID_NOT_APPLICABLE"},"request":{"codeParameter":"None","usernameParameter":"None"}}`,
	} {
		got, err := Decode([]byte(payload))
		if err != nil {
			t.Errorf("%s: %v", payload, err)
			continue
		}
		if data := got.ValidationData(); data != "null" {
			t.Errorf("%s: the validation data is %s", payload, data)
		}
		got.response, got.validationData = eventjson.Raw{}, eventjson.Raw{}
		if !reflect.DeepEqual(*got, Event{}) {
			t.Errorf("%s: got %+v", payload, *got)
		}
	}
}

func TestDecodeErrorsNameTheField(t *testing.T) {
	tests := map[string]struct{ payload, want string }{
		"nothing":                            {``, "decode event: is not JSON"},
		"white space":                        {" \n", "decode event: is not JSON"},
		"half an event":                      {`{"version":"1","request":{"user`, "decode event: is not JSON"},
		"a text":                             {`"event"`, "decode event: is not a JSON object"},
		"a list":                             {`[{}]`, "decode event: is not a JSON object"},
		"a number":                           {`1`, "decode event: is not a JSON object"},
		"an event with an invalid number":    {`{"a":01}`, "decode event: is not JSON"},
		"an event with a line in a text":     {"{\"a\":\"\n\"}", "decode event: is not JSON"},
		"an event with a strange escape":     {`{"a":"\x41"}`, "decode event: is not JSON"},
		"two events":                         {`{}{}`, "decode event: is not JSON"},
		"an event and a brace":               {`{}}`, "decode event: is not JSON"},
		"an event and a bracket":             {`{"version":"1"}]`, "decode event: is not JSON"},
		"null and more":                      {`null x`, "decode event: is not JSON"},
		"a key without quotes":               {`{version:"1"}`, "decode event: is not JSON"},
		"a source that is an object":         {`{"triggerSource":{}}`, "decode event: triggerSource: is not a string"},
		"a user name that is a list":         {`{"userName":["a"]}`, "decode event: userName: is not a string"},
		"a version that is a list":           {`{"version":[1]}`, "decode event: version: is not a string"},
		"a region that is an object":         {`{"region":{}}`, "decode event: region: is not a string"},
		"a pool that is an object":           {`{"userPoolId":{}}`, "decode event: userPoolId: is not a string"},
		"a caller that is a text":            {`{"callerContext":"me"}`, "decode event: callerContext: is not a JSON object"},
		"a client that is a list":            {`{"callerContext":{"clientId":[]}}`, "decode event: callerContext: clientId: is not a string"},
		"a request that is a list":           {`{"request":[]}`, "decode event: request: is not a JSON object"},
		"attributes that are a list":         {`{"request":{"userAttributes":[]}}`, "decode event: request: userAttributes: is not a JSON object"},
		"attributes that are a text":         {`{"request":{"userAttributes":"None"}}`, "decode event: request: userAttributes: is not a JSON object"},
		"an attribute that is an object":     {`{"request":{"userAttributes":{"email":{}}}}`, "decode event: request: userAttributes: is not a string"},
		"metadata that hold a list":          {`{"request":{"clientMetadata":{"locale":["en"]}}}`, "decode event: request: clientMetadata: is not a string"},
		"a code that is an object":           {`{"request":{"codeParameter":{}}}`, "decode event: request: codeParameter: is not a string"},
		"a user name's place that is a list": {`{"request":{"usernameParameter":[]}}`, "decode event: request: usernameParameter: is not a string"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := Decode([]byte(test.payload)); err == nil || err.Error() != test.want {
				t.Errorf("got %+v, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

// An error goes to a log, so it must not quote what is personal.
func TestErrorsDoNotQuoteValues(t *testing.T) {
	const secret = "ada@example.com"
	for _, payload := range []string{
		`{"userName":["` + secret + `"]}`,
		`{"request":{"userAttributes":{"email":{"value":"` + secret + `"}}}}`,
		`{"request":{"userAttributes":["` + secret + `"]}}`,
		`{"request":{"userAttributes":{"email":"` + secret,
		`{"userName":"` + secret + `"} "` + secret + `"`,
		`"` + secret + `"`,
	} {
		if _, err := Decode([]byte(payload)); err == nil || strings.Contains(err.Error(), "ada") {
			t.Errorf("%s: %v", payload, err)
		}
	}
}

func TestReplyChangesTheResponseOnly(t *testing.T) {
	payload := read(t, "custom-message-of-the-future")
	event, err := Decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := event.Reply(CustomMessage(in(`"<p>`, `&amp;</p>"`), in(`"é"`)))
	if err != nil {
		t.Fatal(err)
	}
	before, after := fields(t, payload), fields(t, reply)
	if len(before) != len(after) {
		t.Fatalf("%d fields became %d: %s", len(before), len(after), reply)
	}
	for i := range before {
		if before[i].name != after[i].name {
			t.Errorf("field %d was %q and is %q", i, before[i].name, after[i].name)
		}
		want := before[i].value
		if before[i].name == "response" {
			want = `{"before":true,"emailSubject":"é","after":[ 1 ],"emailMessage":"<p>&amp;</p>"}`
		}
		if got := after[i].value; got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", before[i].name, got, want)
		}
	}
}

// fields are the members of an object.
func fields(t *testing.T, text []byte) (list []field) {
	t.Helper()
	if err := eventjson.Members(string(text), func(name, value string) { list = append(list, field{name, value}) }); err != nil {
		t.Fatal(err)
	}
	return list
}

type field struct{ name, value string }

// in is a value in pieces.
func in(pieces ...string) []string { return pieces }

func TestReply(t *testing.T) {
	tests := map[string]struct {
		payload  string
		response Response
		want     string
	}{
		"a response that is empty": {`{"a":1,"response":{},"b":2}`, PreSignUp(true),
			`{"a":1,"response":{"autoConfirmUser":true,"autoVerifyEmail":true,"autoVerifyPhone":false},"b":2}`},
		"a response that is null": {`{"response":null,"b":2}`, CustomMessage(in(`"m"`), in(`"j"`)),
			`{"response":{"emailMessage":"m","emailSubject":"j"},"b":2}`},
		"no response": {`{"b":2}`, CustomMessage(in(`"m"`), in(`"j"`)),
			`{"b":2,"response":{"emailMessage":"m","emailSubject":"j"}}`},
		"nothing to add":            {`{"response":{"a":1}}`, Response{}, `{"response":{"a":1}}`},
		"nothing to add to nothing": {`{}`, Response{}, `{"response":{}}`},
		"members of the event's response stay in their places": {
			`{"response":{"autoVerifyPhone":null,"new":[],"autoConfirmUser":false}}`, PreSignUp(false),
			`{"response":{"autoVerifyPhone":false,"new":[],"autoConfirmUser":true,"autoVerifyEmail":false}}`},
		"a response twice: the last one counts": {`{"response":{"a":1},"response":{"b":2}}`, Response{{"C", in("3")}},
			`{"response":{"a":1},"response":{"b":2,"C":3}}`},
		"HTML is not escaped": {`{"r":"<&>"}`, CustomMessage(in(`"<a href=\"x\">&</a>"`), in(`">"`)),
			`{"r":"<&>","response":{"emailMessage":"<a href=\"x\">&</a>","emailSubject":">"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			event, err := Decode([]byte(test.payload))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := event.Reply(Response{{"first", in("1")}}); err != nil {
				t.Fatal(err)
			}
			got, err := event.Reply(test.response) // must not build on the first reply
			if err != nil || string(got) != test.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
		})
	}
}

func TestReplyRefusesAResponseThatIsNotAnObject(t *testing.T) {
	for _, payload := range []string{`{"response":[]}`, `{"response":"None"}`} {
		event, err := Decode([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := event.Reply(PreSignUp(false)); err == nil || err.Error() != "the event's response: is not a JSON object" {
			t.Errorf("%s: got %s, %v", payload, got, err)
		}
	}
}

func TestAttributesOf300KBSurvive(t *testing.T) {
	long := strings.Repeat(`<é"\`, 60_000)
	payload, err := json.Marshal(map[string]any{"request": map[string]any{"userAttributes": map[string]string{"name": long}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(payload) < 300<<10 {
		t.Fatalf("the event has only %d bytes", len(payload))
	}
	event, err := Decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	if event.UserAttributes["name"] != long {
		t.Error("the attribute was changed when it was read")
	}
	reply, err := event.Reply(PreSignUp(false))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(reply, payload[:len(payload)-1]) {
		t.Error("the attribute was changed in the reply")
	}
}

func TestDeeplyNestedEventIsRefused(t *testing.T) {
	payload := `{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}"
	if _, err := Decode([]byte(payload)); err == nil || err.Error() != "decode event: is not JSON" {
		t.Errorf("got %v", err)
	}
}

// FuzzDecodeAndReply checks that nothing panics, that only JSON is an event, and
// that a reply is JSON which differs from the event in its response only.
func FuzzDecodeAndReply(f *testing.F) {
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no events", err)
	}
	for _, file := range files {
		f.Add(read(f, strings.TrimSuffix(filepath.Base(file), ".json")))
	}
	for _, payload := range []string{
		`[1.5e+3,-0,0.1E-2,01,1.,-,+1,.5,1e]`, `{"a":tru}`, `{"a":"\u00g0"}`, `{"a":"\x"}`, "{\"a\":\"\n\"}", `[[],[{}],{"b":[null,true,false]}]`, ` { "a" : [ ] } `,
		`null`, `{}`, `{}}`, `{"a":1,}`, `{"a" "b"}`, `{"response":{"emailSubject":1}}`, `{"response":null,"response":{}}`,
		"{\"\xff\":\"\xff\",\"request\":{\"userAttributes\":{\"\xff\":\"\\ud800\"}}}", `{"\u0072esponse":{}}`, `{"a":{"b":1,"b":2},"a":3}`,
	} {
		f.Add([]byte(payload))
	}
	response := CustomMessage(in(`"<p>`, `{####}`, `</p>"`), in(`"Hello"`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		event, err := Decode(payload)
		if valid := json.Valid(payload); valid && err == logging.Safe("decode event: is not JSON") || !valid && err == nil {
			t.Fatalf("it is JSON: %v, and decoding it says %v: %q", valid, err, payload)
		}
		if err != nil {
			return
		}
		reply, err := event.Reply(response)
		if err != nil {
			return
		}
		if !json.Valid(reply) {
			t.Fatalf("the reply is not JSON: %q", reply)
		}
		if utf8.Valid(payload) && !utf8.Valid(reply) {
			t.Errorf("the reply is no UTF-8: %q", reply)
		}
		before, after := decodeAll(t, payload), decodeAll(t, reply)
		want, _ := before["response"].(map[string]any)
		want = maps.Clone(want)
		if want == nil {
			want = map[string]any{}
		}
		want["emailMessage"], want["emailSubject"] = "<p>{####}</p>", "Hello"
		if !reflect.DeepEqual(after["response"], any(want)) {
			t.Errorf("the response is %v, want %v", after["response"], want)
		}
		delete(before, "response")
		delete(after, "response")
		if !reflect.DeepEqual(before, after) {
			t.Errorf("the event was\n%v\nand is\n%v", before, after)
		}
		wantNames := names(t, payload)
		if !slices.Contains(wantNames, "response") {
			wantNames = append(wantNames, "response")
		}
		if got := names(t, reply); !slices.Equal(got, wantNames) {
			t.Errorf("the fields are %q, want %q", got, wantNames)
		}
	})
}

// decodeAll decodes a JSON object with its numbers as they are written. Of two
// members of one name, it takes the last.
func decodeAll(t *testing.T, data []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	m := map[string]any{}
	if err := decoder.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if m == nil { // null is an event without fields
		m = map[string]any{}
	}
	return m
}

// names are those of an object's members, in their order, as encoding/json reads
// them.
func names(t *testing.T, data []byte) []string {
	t.Helper()
	var list []string
	decoder := json.NewDecoder(bytes.NewReader(data))
	for _, err := decoder.Token(); decoder.More(); { // behind the opening brace
		if err != nil {
			t.Fatal(err)
		}
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, name.(string))
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func BenchmarkDecodeAndReply(b *testing.B) {
	payload := read(b, "custom-message-sign-up")
	answer := CustomMessage(in(`"`+strings.Repeat("<td>a</td>", 1200), `{####}`, `"`), in(`"Hello"`))
	b.ReportAllocs()
	for b.Loop() {
		event, err := Decode(payload)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := event.Reply(answer); err != nil {
			b.Fatal(err)
		}
	}
}

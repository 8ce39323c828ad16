package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"poolpost/internal/settings/settingstest"
	"poolpost/local/lambda"
	"poolpost/local/mailbox"
)

func TestInvokeReportsOnlyItsOwnEmails(t *testing.T) {
	s := startStack(t)
	batch := events.SQSEvent{}
	for i, to := range []string{"ann@example.com", "ben@example.com"} {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId:  fmt.Sprintf("00000000-0000-4000-8000-00000000000%d", i),
			Body:       fmt.Sprintf(`{"kind":"welcome","to":%q,"clientId":%q}`, to, s.clientIDs["web"]),
			Attributes: map[string]string{"MessageGroupId": to},
		})
	}
	event, err := json.Marshal(batch)
	noError(t, err)
	file := filepath.Join(t.TempDir(), "event.json")
	noError(t, os.WriteFile(file, event, 0o644))
	fill := func() {
		for held := -1; held < len(s.box.Messages()); {
			held = len(s.box.Messages())
			s.box.Add(mailbox.Message{To: []string{"earlier@example.com"}})
		}
	}
	for _, test := range []struct {
		name    string
		prepare func()
	}{
		{"an empty mailbox", func() {}},
		{"a mailbox with mails", func() {}},
		{"a mailbox that holds its maximum", fill},
		{"a mailbox that is still full", func() {}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.prepare()
			r, err := s.invokeFile(t.Context(), "send-mail", file)
			if err != nil || r.Error != nil {
				t.Fatalf("got %+v, %v", r.Error, err)
			}
			var got []string
			for _, m := range r.Mails {
				got = append(got, m.To...)
			}
			if want := "[ann@example.com ben@example.com]"; fmt.Sprint(got) != want {
				t.Errorf("the emails went to %v, want %s", got, want)
			}
		})
	}
}

// Whatever a function answers, the line is one line of JSON, and shows all of the answer.
func TestEveryAnswerIsALineOfJSON(t *testing.T) {
	const invalid = "Runtime.InvalidReply"
	deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for name, test := range map[string]struct{ reply, problem string }{
		"an object":                       {`{"response":{"emailMessage":null}}`, ""},
		"an object in several lines":      {"{\n  \"a\": 1\r\n}\n", ""},
		"an object with a name twice":     {`{"a":1,"a":2}`, ""},
		"null":                            {`null`, ""},
		"a number":                        {`-1.50e+400`, ""},
		"a string":                        {`"a"`, ""},
		"HTML in a string":                {`"<b>&amp;</b>"`, ""},
		"line separators in a string":     {"\"\u2028\u2029\u0085\"", ""},
		"half a surrogate pair":           {`"\ud800"`, ""},
		"a deep object":                   {deep(9_000), ""},
		"as deep as JSON can be here":     {deep(10_000), "the reply is nested too deeply"},
		"deeper than that":                {deep(1_000_000), "the reply is not JSON"},
		"nothing":                         {"", "the reply is empty"},
		"blanks":                          {" \n", "the reply is not JSON"},
		"HTML":                            {"<!doctype html>\n<p class=\"a\">Service Unavailable</p>", "the reply is not JSON"},
		"words":                           {"Internal Server Error", "the reply is not JSON"},
		"half an object":                  {`{"response":{"emailMess`, "the reply is not JSON"},
		"two values":                      {`{}{}`, "the reply is not JSON"},
		"two values in a row":             {`1,2`, "the reply is not JSON"},
		"a bracket too many":              {`],[`, "the reply is not JSON"},
		"NaN":                             {`NaN`, "the reply is not JSON"},
		"a NUL":                           {"\x00", "the reply is not JSON"},
		"a NUL in a string":               {"\"a\x00b\"", "the reply is not JSON"},
		"a line break in a string":        {"\"a\nb\"", "the reply is not JSON"},
		"an escape sequence of terminals": {"\x1b[2J", "the reply is not JSON"},
		"a byte order mark":               {"\ufeff{}", "the reply is not JSON"},
		"a string that is not UTF-8":      {"\"caf\xe9\"", "the reply is not UTF-8"},
		"a name that is not UTF-8":        {"{\"\xff\":1}", "the reply is not UTF-8"},
		"half a character":                {"\"\xe2\x82", "the reply is not UTF-8"},
		"UTF-16":                          {"\xff\xfe{\x00}\x00", "the reply is not UTF-8"},
		"a gzip stream":                   {"\x1f\x8b\x08\x00\x00\x00\x00\x00", "the reply is not UTF-8"},
		"megabytes of JSON":               {`"` + strings.Repeat("a", 6<<20-2) + `"`, ""},
		"megabytes of anything":           {strings.Repeat("\xfe\n", 3<<20), "the reply is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			r := result{File: "event.json", Mails: []mailbox.Message{}}
			r.answered([]byte(test.reply))
			got := line(t, r)
			if test.problem == "" {
				if got.Error != nil || !reflect.DeepEqual(value(t, got.Reply), value(t, []byte(test.reply))) || got.ReplyText != nil || got.ReplyBase64 != nil {
					t.Errorf("got %.200s, %v", got.Reply, got.Error)
				}
				return
			}
			if string(got.Reply) != "null" || got.Error == nil || *got.Error != (invocationError{invalid, test.problem}) {
				t.Errorf("got %.200s, %v, want %s", got.Reply, got.Error, test.problem)
			}
			checkShown(t, got, test.reply)
		})
	}
}

// The whole way: a process whose answer is its event.
func TestInvokeShowsWhatAProcessAnswers(t *testing.T) {
	s := startStack(t)
	dir := t.TempDir()
	self, err := os.Executable()
	noError(t, err)
	noError(t, os.Symlink(self, filepath.Join(dir, "bootstrap")))
	host, err := lambda.New(lambda.Options{Region: "eu-central-1"}, lambda.Function{Name: "echo", Dir: dir, Timeout: 20 * time.Second})
	noError(t, err)
	own := s.host
	s.host = host
	defer func() {
		s.host = own
		noError(t, host.Close())
	}()
	for name, test := range map[string]struct{ reply, problem, shown string }{
		"JSON":         {"{\n\"a\": 1}", "", ""},
		"nothing":      {"", "the reply is empty", ""},
		"HTML":         {"<p>\n", "the reply is not JSON", "<p>\n"},
		"bytes":        {"{\"\xff\x00\"}", "the reply is not UTF-8", "{\"\xff\x00\"}"},
		"seven MB":     {strings.Repeat("\xff", 7<<20), "Response payload size (7340032 bytes) exceeded maximum allowed payload size (6291556 bytes).", ""},
		"a deep value": {strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "the reply is nested too deeply", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "event.json")
			noError(t, os.WriteFile(file, []byte(test.reply), 0o644))
			r, err := s.invokeFile(t.Context(), "echo", file)
			noError(t, err)
			got := line(t, r)
			if test.problem == "" && got.Error != nil || test.problem != "" && (got.Error == nil || got.Error.ErrorMessage != test.problem) {
				t.Errorf("the error is %v, want %q", got.Error, test.problem)
			}
			checkShown(t, got, test.shown)
		})
	}
}

// echo is a function whose answer is its event, byte for byte.
func echo() {
	invocations := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		event, err := http.Get(invocations + "next")
		if err != nil {
			os.Exit(1)
		}
		answer, err := http.Post(invocations+event.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", event.Body)
		if err != nil {
			os.Exit(1)
		}
		event.Body.Close()
		answer.Body.Close()
	}
}

func TestEveryErrorIsALineOfJSON(t *testing.T) {
	for name, test := range map[string]struct {
		err   lambda.FunctionError
		shown string
	}{
		"an error object":            {lambda.FunctionError{Type: "errorString", Message: "no <b>", Payload: []byte(`{"errorMessage":"no <b>"}`)}, ""},
		"a message that is no UTF-8": {lambda.FunctionError{Type: "a\xff", Message: "caf\xe9", Payload: []byte("{}")}, ""},
		"an object of another kind":  {lambda.FunctionError{Type: "Runtime.Unknown", Payload: []byte(`{"error":"no"}`)}, `{"error":"no"}`},
		"HTML":                       {lambda.FunctionError{Type: "Runtime.Unknown", Payload: []byte("<p>no</p>")}, "<p>no</p>"},
		"bytes":                      {lambda.FunctionError{Payload: []byte("\x00\xff")}, "\x00\xff"},
		"nothing":                    {lambda.FunctionError{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := result{Mails: []mailbox.Message{}}
			r.failed(&test.err)
			got := line(t, r)
			if want := (invocationError{strings.ToValidUTF8(test.err.Type, "\ufffd"), strings.ToValidUTF8(test.err.Message, "\ufffd")}); got.Error == nil || *got.Error != want {
				t.Errorf("got %v, want %v", got.Error, want)
			}
			checkShown(t, got, test.shown)
		})
	}
}

// A printed line is a result as whoever reads it sees it.
type printed struct {
	Reply       json.RawMessage
	Error       *invocationError
	ReplyText   *string
	ReplyBase64 *[]byte
}

// line writes a result, and reads it strictly.
func line(t *testing.T, r result) (p printed) {
	t.Helper()
	var b bytes.Buffer
	noError(t, r.write(&b))
	text, ok := strings.CutSuffix(b.String(), "\n")
	if !ok || strings.ContainsAny(text, "\n\r") || !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		t.Fatalf("it is no line of JSON: %.200q", b.String())
	}
	noError(t, json.Unmarshal([]byte(text), &p))
	return p
}

// value is a JSON value with its numbers as they are written.
func value(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	noError(t, d.Decode(&v))
	return v
}

func checkShown(t *testing.T, p printed, want string) {
	t.Helper()
	var got string
	if p.ReplyText != nil {
		got = *p.ReplyText
	}
	if p.ReplyBase64 != nil {
		got = string(*p.ReplyBase64)
	}
	if got != want || p.ReplyText != nil && p.ReplyBase64 != nil {
		t.Errorf("the line shows %.200q, want %.200q", got, want)
	}
}

func TestUnknownFunctionIsRefusedWithTheKnownOnes(t *testing.T) {
	through := map[string]string{"cognito": settingstest.File(), "ses": settingstest.FileWith(t, "ses.yaml", "\nmail:\n", "\nmail:\n  delivery: ses\n")}
	for _, c := range []struct {
		name, delivery, function, want string
	}{
		{"Cognito sends, and answers are custom", "cognito", "custom-message", ""},
		{"Cognito sends, so there is no sender", "cognito", "custom-email-sender", `there is no function "custom-email-sender" with these settings; the functions are custom-message, `},
		{"there is a sender", "ses", "custom-email-sender", ""},
		{"there is a sender, so no answers", "ses", "custom-message", `there is no function "custom-message" with these settings; the functions are custom-email-sender, `},
		{"a slip of the pen", "ses", "sendmail", `there is no function "sendmail" `},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Options{Settings: through[c.delivery]}.checkFunction(c.function)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

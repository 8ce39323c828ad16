package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
)

// A fakeAWS answers the calls of the SDK's clients from a table.
type fakeAWS struct {
	t *testing.T
	*httptest.Server
	// answers are by operation, such as DescribeStacks, or by method and path for the APIs whose
	// requests do not name it, such as GET /v2/email/account. A longer key, with the value of the
	// member that names the subject after a blank, is preferred: DescribeStacks CDKToolkit.
	answers map[string]answer
	next    http.Handler // for what the table does not have

	mu    sync.Mutex
	calls []string // keys of answers that were given, in order
}

// An answer is the body of an answer in the protocol of its API: JSON, or the inside of
// <OperationResult>. The code of an error and its text are separated by a colon.
type answer struct {
	body   string
	status int
}

func ok(body string) answer            { return answer{body, http.StatusOK} }
func refused(code, text string) answer { return answer{code + ":" + text, http.StatusBadRequest} }
func accessDenied() answer {
	return answer{"AccessDenied:secret@example.com may not", http.StatusForbidden}
}
func notThere(code, what string) answer { return answer{code + ":" + what, http.StatusNotFound} }

// newFakeAWS is an account with the deployed stack of the sample settings in stage dev, and points
// the SDK's clients to it.
func newFakeAWS(t *testing.T) *fakeAWS {
	t.Helper()
	f := &fakeAWS{t: t, answers: map[string]answer{
		"GetCallerIdentity": ok(`<Arn>arn:aws:iam::123456789012:user/secret@example.com</Arn><Account>123456789012</Account>`),
	}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.stackIs("UPDATE_COMPLETE", map[string]string{})
	withoutAWS(t)
	for key, value := range map[string]string{
		"AWS_ENDPOINT_URL": f.URL, "AWS_ACCESS_KEY_ID": "sample", "AWS_SECRET_ACCESS_KEY": "sample", "AWS_MAX_ATTEMPTS": "2", // under load, a connection may break
	} {
		t.Setenv(key, value)
	}
	return f
}

// withoutAWS hides what this machine has of AWS.
func withoutAWS(t *testing.T) {
	t.Helper()
	for _, key := range []string{
		"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(key, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

const sampleStack = "Poolpost-App-Users-dev"

// stackIs gives the stack a status and outputs.
func (f *fakeAWS) stackIs(status string, outputs map[string]string) {
	f.answers["DescribeStacks "+sampleStack] = ok("<Stacks>" + stackXML(sampleStack, status, outputs) + "</Stacks>")
}

func stackXML(name, status string, outputs map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<member><StackName>%s</StackName><StackStatus>%s</StackStatus><CreationTime>2026-11-23T12:00:00Z</CreationTime><Outputs>", name, status)
	for key, value := range outputs {
		fmt.Fprintf(&b, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", key, html.EscapeString(value))
	}
	return b.String() + "</Outputs></member>"
}

// subjects are members of requests that name what an operation is about.
var subjects = []string{"StackName", "Identifier", "TypeName", "Domain", "TopicArn", "QueueUrl", "ClientId", "GroupName"}

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return // an interrupted command has broken the request off, and waits for no answer
	}
	if err != nil {
		f.t.Error(err)
	}
	operation, subject := r.Method+" "+r.URL.Path, ""
	form, _ := url.ParseQuery(string(body))
	inXML, inCBOR := form.Get("Action") != "", r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor"
	switch target := r.Header.Get("X-Amz-Target"); {
	case inXML:
		operation = form.Get("Action")
		if i := slices.IndexFunc(subjects, form.Has); i >= 0 {
			subject = form.Get(subjects[i])
		}
	case inCBOR:
		operation = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	case target != "":
		operation = target[strings.LastIndex(target, ".")+1:]
		var members map[string]any
		_ = json.Unmarshal(body, &members)
		for _, name := range subjects {
			if value, ok := members[name].(string); ok && subject == "" {
				subject = value
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := operation + " " + subject
	found, known := f.answers[key]
	if !known {
		key = operation
		found, known = f.answers[key]
	}
	if !known && f.next != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		f.next.ServeHTTP(w, r)
		return
	}
	f.calls = append(f.calls, key)
	if !known {
		f.t.Errorf("unexpected call of %s %s: %s", operation, subject, body)
		found = refused("Unexpected", "this call")
	}
	code, text, _ := strings.Cut(found.body, ":")
	switch failed := found.status != http.StatusOK; {
	case inXML && failed:
		w.WriteHeader(found.status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, text)
	case inXML:
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", operation, found.body)
	case inCBOR:
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		var value any
		if err := json.Unmarshal([]byte(found.body), &value); err != nil {
			f.t.Errorf("%s: %v", key, err)
		}
		_, _ = w.Write(cbor.Encode(toCBOR(value)))
	case failed:
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(found.status)
		fmt.Fprintf(w, `{"__type":%q,"message":%q}`, code, text)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprint(w, found.body)
	}
}

// toCBOR is a value of JSON.
func toCBOR(value any) cbor.Value {
	switch v := value.(type) {
	case map[string]any:
		m := cbor.Map{}
		for key, member := range v {
			m[key] = toCBOR(member)
		}
		return m
	case []any:
		list := cbor.List{}
		for _, entry := range v {
			list = append(list, toCBOR(entry))
		}
		return list
	case bool:
		return cbor.Bool(v)
	case string:
		return cbor.String(v)
	}
	panic(fmt.Sprintf("no CBOR for %T", value))
}

// execute runs a command that must not print anything personal, with the sample settings.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return executeWith(t, settingstest.File(), args...)
}

func executeWith(t *testing.T, settingsFile string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(t.Context(), append(args, "--settings", settingsFile), now, cli.Streams{Out: &out, Err: &errOut})
	if strings.Contains(out.String()+errOut.String(), "secret") {
		t.Errorf("the output has something personal: %s%s", &out, &errOut)
	}
	return code, out.String(), errOut.String()
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
)

// A probeCloud has the stacks of a probe, and answers as AWS might.
type probeCloud struct {
	t      *testing.T
	mu     sync.Mutex
	stacks map[string]string // status by name
	ever   []string
	users  map[string]string // status by address
	wrong  int               // codes
	lines  []string          // of the recorder
	on     func(operation string)
}

func (c *probeCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	target := r.Header.Get("X-Amz-Target")
	operation := target[strings.LastIndex(target, ".")+1:]
	if form.Get("Action") != "" {
		operation = form.Get("Action")
	}
	if c.on != nil {
		c.on(operation)
	}
	var in struct{ Username, FilterPattern string }
	_ = json.Unmarshal(body, &in)
	xml := func(text string) {
		fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", operation, text)
	}
	refuse := func(code, text string) {
		w.WriteHeader(http.StatusBadRequest)
		if form.Get("Action") != "" {
			fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", code, text)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": text})
	}
	name := form.Get("StackName")
	switch operation {
	case "CreateStack":
		if !strings.HasPrefix(name, "Poolpost-Probe-") || len(name) < len("Poolpost-Probe-")+8 {
			c.t.Errorf("the stack is called %s", name)
		}
		c.stacks[name], c.ever = "CREATE_COMPLETE", append(c.ever, name)
		xml("<StackId>" + name + "</StackId>")
	case "UpdateStack":
		c.stacks[name] = "UPDATE_COMPLETE"
		if strings.HasSuffix(name, "-1") { // as reported
			c.stacks[name] = "UPDATE_ROLLBACK_COMPLETE"
		}
		xml("")
	case "DeleteStack":
		delete(c.stacks, name)
		xml("")
	case "DescribeStacks":
		if status, ok := c.stacks[name]; ok {
			xml("<Stacks>" + stackXML(name, status, map[string]string{"Function": "recorder1", "Log": "log1", "Main": "main1", "MainClient": "client1", "SenderClient": "client2"}) + "</Stacks>")
			return
		}
		refuse("ValidationError", "Stack with id "+name+" does not exist")
	case "DescribeStackEvents":
		xml("<StackEvents><member><EventId>1</EventId><StackId>1</StackId><StackName>1</StackName><Timestamp>2026-11-23T12:00:00Z</Timestamp><ResourceStatus>UPDATE_FAILED</ResourceStatus>" +
			"<ResourceStatusReason>Invalid AttributeDataType input, in account 123456789012</ResourceStatusReason></member></StackEvents>")
	case "SignUp":
		c.signUp(in.Username, w, refuse)
	case "AdminGetUser":
		if status := c.users[in.Username]; status != "" {
			fmt.Fprintf(w, `{"UserStatus":%q}`, status)
			return
		}
		refuse("UserNotFoundException", "User does not exist.")
	case "AdminConfirmSignUp":
		if c.users[in.Username] == "CONFIRMED" {
			refuse("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
			return
		}
		c.users[in.Username] = "CONFIRMED"
		refuse("UserLambdaValidationException", "PostConfirmation failed with error sample.")
	case "ConfirmSignUp":
		if c.wrong++; c.wrong > 5 {
			refuse("LimitExceededException", "Attempt limit exceeded, please try after some time.")
			return
		}
		refuse("CodeMismatchException", "Invalid verification code provided, please try again.")
	case "FilterLogEvents":
		var events []map[string]string
		for _, line := range c.lines {
			if strings.Contains(line, strings.Trim(in.FilterPattern, `"`)) {
				events = append(events, map[string]string{"message": "2026-11-23T12:00:00Z\tid\tINFO\t" + line})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"events": events})
	default: // a function's concurrency
		if !strings.Contains(r.URL.Path, "/functions/recorder1/concurrency") {
			c.t.Errorf("unexpected call of %s %s", operation, r.URL.Path)
		}
		fmt.Fprint(w, "{}")
	}
}

func (c *probeCloud) signUp(address string, w io.Writer, refuse func(code, text string)) {
	label := address[strings.IndexByte(address, '+')+1 : strings.IndexByte(address, '@')]
	log := func(trigger, more string) {
		c.lines = append(c.lines, fmt.Sprintf(`{"label":%q,"trigger":%q,"request":"id%d","at":%d%s}`, label, trigger, len(c.lines), 1000*len(c.lines), more))
	}
	switch kind, _, _ := strings.Cut(label, "-"); kind {
	case "c7":
		refuse("UserLambdaValidationException", "PreSignUp failed with error sample..")
		return
	case "c8":
		log("PreSignUp_SignUp", "")
		log("PreSignUp_SignUp", "")
		refuse("UnexpectedLambdaException", "PreSignUp invocation failed")
		return
	case "c9":
		log("CustomEmailSender_SignUp", "")
	case "c11":
		log("CustomEmailSender_SignUp", `,"header":{"version":1,"suite":"378","dataKeys":1,"contextKeys":["userpool-id"]}`)
	default:
		log("CustomMessage_SignUp", `,"response":["emailMessage"]`)
		if strings.HasPrefix(address, "bounce") {
			log("Email Bounced", `,"tags":["ses:configuration-set"]`)
		} else {
			log("Email Delivered", "")
		}
	}
	c.users[address] = "UNCONFIRMED"
	fmt.Fprint(w, `{"UserSub":"1"}`)
}

func probeOf(t *testing.T, cloud *probeCloud, ctx context.Context) (report probeReport, text, out string, err error) {
	t.Helper()
	cloud.t, cloud.stacks, cloud.users = t, map[string]string{}, map[string]string{}
	f := newFakeAWS(t)
	f.next = cloud
	a, err := connect(t.Context(), &cli.Flags{Settings: settingstest.File(), Stage: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	p := newProbe(a, time.Now, cli.Streams{Out: &stdout, Err: &stderr})
	p.shortWait, p.retryWait, p.poll = 20*time.Millisecond, 20*time.Millisecond, time.Millisecond
	file := filepath.Join(t.TempDir(), "answers.json")
	err = p.ask(ctx, file)
	if len(cloud.stacks) > 0 {
		t.Errorf("stacks are left: %v", cloud.stacks)
	}
	if _, real := cloud.stacks[sampleStack]; real || slices.Contains(cloud.ever, sampleStack) {
		t.Error("the probe touched the pool's stack")
	}
	written, _ := os.ReadFile(file)
	_ = json.Unmarshal(written, &report)
	return report, string(written), stdout.String(), err
}

func TestProbeAsksEachQuestion(t *testing.T) {
	cloud := &probeCloud{}
	report, text, out, err := probeOf(t, cloud, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Region != region || report.Date == "" || strings.Contains(text, "123456789012") || strings.Contains(text, "example.com") {
		t.Errorf("got %s", text)
	}
	if want := fmt.Sprintf("%d answers are in ", len(report.Answers)); !strings.HasPrefix(out, want) {
		t.Errorf("got %q", out)
	}
	if len(cloud.ever) != 4 {
		t.Errorf("stacks %v", cloud.ever)
	}
	got := map[string]string{}
	for _, a := range report.Answers {
		answer, err := json.Marshal(a.Answer)
		if err != nil {
			t.Fatal(err)
		}
		got[a.Question+" "+a.Case] = string(answer)
	}
	for key, want := range map[string]string{
		"C1 required email":               `{"created":true,"reason":"Invalid AttributeDataType input, in account ACCOUNT","updated":false}`,
		"C1 required email with its type": `{"created":true,"updated":true}`,
		"C1 no entry":                     `{"created":true,"updated":true}`,
		"C2 null":                         `{"delivered":true,"error":"","members":["emailMessage"]}`,
		"C7 long":                         `{"error":"UserLambdaValidationException","length":36,"message":"PreSignUp failed with error sample.."}`,
		"C11 sign-up":                     `{"error":"","header":{"contextKeys":["userpool-id"],"dataKeys":1,"suite":"378","version":1}}`,
		"C14 bounce":                      `{"bounced":true,"error":"","tags":["ses:configuration-set"]}`,
		"C18 wrong codes until the answer changes": `{"attempt":6,"error":"LimitExceededException","length":51,"message":"Attempt limit exceeded, please try after some time."}`,
		"C18 PostConfirmation fails":               `{"error":"UserLambdaValidationException","length":42,"message":"PostConfirmation failed with error sample.","userStatus":"CONFIRMED"}`,
		"C18 confirmed again":                      `{"error":"NotAuthorizedException","length":57,"message":"User cannot be confirmed. Current status is CONFIRMED","userStatus":"CONFIRMED"}`,
	} {
		if key == "C18 confirmed again" {
			want = strings.Replace(want, "57", fmt.Sprint(len("User cannot be confirmed. Current status is CONFIRMED")), 1)
		}
		if got[key] != want {
			t.Errorf("%s: got %s, want %s", key, got[key], want)
		}
	}
	for _, key := range []string{"C8 sleep", "C8 throttled"} {
		if !strings.Contains(got[key], `"calls":2`) || !strings.Contains(got[key], `"secondsBetween":[1]`) || !strings.Contains(got[key], `"userStatus":""`) {
			t.Errorf("%s: got %s", key, got[key])
		}
	}
	if !strings.Contains(got["C9 throws"], `"calls":1`) {
		t.Errorf("C9: got %s", got["C9 throws"])
	}
}

// Whenever it is interrupted, what it made is deleted, and the answers so far are kept.
func TestProbeLeavesNothingWhenInterrupted(t *testing.T) {
	for _, at := range []string{"CreateStack", "UpdateStack", "SignUp", "FilterLogEvents", "ConfirmSignUp"} {
		ctx, cancel := context.WithCancel(t.Context())
		cloud := &probeCloud{on: func(operation string) {
			if operation == at {
				cancel()
			}
		}}
		report, _, _, err := probeOf(t, cloud, ctx)
		if err == nil {
			t.Errorf("at %s: no error", at)
		}
		if report.Region == "" {
			t.Errorf("at %s: nothing was written", at)
		}
		cancel()
	}
}

func TestProbeSaysThePriceFirst(t *testing.T) {
	f := newFakeAWS(t)
	code, out, _ := execute(t, "probe")
	if code != cli.Done || !strings.Contains(out, "less than 0.50 USD") || !strings.HasSuffix(out, "Run it with --yes.\n") || !slices.Equal(f.calls, []string{"GetCallerIdentity"}) {
		t.Errorf("exit code %d, %q, %v", code, out, f.calls)
	}
}

// CloudFormation user guide, "Parameters": 4,096 bytes.
func TestRecorderFitsIntoAParameter(t *testing.T) {
	if n := len(recorder); n > 4096 {
		t.Errorf("recorder.js has %d bytes", n)
	}
}

// The recorder logs no code, reads both formats, and does what a label says.
func TestRecorder(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js is not installed")
	}
	const script = `
const { handler } = require(process.argv[1])
const user = label => ({ userAttributes: { email: 'success+' + label + '@simulator.amazonses.com' } })
const v1 = Buffer.concat([Buffer.from([1, 0x80, 0x03, 0x78]), Buffer.alloc(16), Buffer.from([0, 9, 0, 1, 0, 1]), Buffer.from('k'), Buffer.from([0, 2]), Buffer.from('vv'), Buffer.from([0, 1]), Buffer.alloc(9)])
const v2 = Buffer.concat([Buffer.from([2, 0x04, 0x78]), Buffer.alloc(32), Buffer.from([0, 0, 0, 3])])
const events = [
  { triggerSource: 'CustomEmailSender_SignUp', request: { ...user('c11-code-1'), code: v1.toString('base64') } },
  { triggerSource: 'CustomEmailSender_SignUp', request: { ...user('c11-code-2'), code: v2.toString('base64') } },
  { triggerSource: 'CustomEmailSender_SignUp', request: user('c9-fail-1') },
  { triggerSource: 'PreSignUp_SignUp', request: user('c7-stop-1') },
  { triggerSource: 'PreSignUp_SignUp', request: user('c9-fail-2') },
  { triggerSource: 'PostConfirmation_ConfirmSignUp', request: user('c18-fail-1') },
  ...['same', 'empty', 'null', 'missing'].map(what => ({ triggerSource: 'CustomMessage_SignUp', request: user('c2-' + what + '-1'), response: { emailMessage: null, emailSubject: null, smsMessage: null } })),
  { 'detail-type': 'Email Bounced', detail: { mail: { destination: [user('c14-bounce-1').userAttributes.email], tags: { 'ses:configuration-set': ['x'] } } } },
  { triggerSource: 'PreSignUp_SignUp', request: { userAttributes: { email: 'secret@example.com' } } }
]
;(async () => {
  for (const event of events) {
    const answer = await handler(event, { awsRequestId: 'id' }).then(e => JSON.stringify(e.response || {}), e => 'throws ' + e.message)
    console.log('= ' + answer)
  }
})()`
	out, err := exec.Command(node, "-e", script, filepath.Join(settingstest.Root, "cmd/poolpost-aws/probe/recorder.js")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := regexp.MustCompile(`"at":\d+`).ReplaceAllString(string(out), `"at":0`)
	for _, want := range []string{
		`"label":"c11-code-1","trigger":"CustomEmailSender_SignUp","request":"id","at":0,"header":{"version":1,"suite":"378","dataKeys":1,"contextKeys":["k"]}}` + "\n= {}",
		`"header":{"version":2,"suite":"478","dataKeys":3,"contextKeys":[]}`,
		`c9-fail-1","trigger":"CustomEmailSender_SignUp","request":"id","at":0}` + "\n= throws sample",
		`c7-stop-1","trigger":"PreSignUp_SignUp","request":"id","at":0}` + "\n= throws a sentence.",
		`c9-fail-2","trigger":"PreSignUp_SignUp","request":"id","at":0}` + "\n= {}",
		`c18-fail-1","trigger":"PostConfirmation_ConfirmSignUp","request":"id","at":0}` + "\n= throws sample",
		`= {"emailMessage":null,"emailSubject":null,"smsMessage":null}`, `= {"emailMessage":"","emailSubject":"","smsMessage":""}`,
		`"trigger":"Email Bounced","request":"id","at":0,"tags":["ses:configuration-set"]}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("an address is logged:\n%s", got)
	}
}

// The page lists what the probe asks.
func TestDocumentationNamesTheQuestionsOfTheProbe(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(settingstest.Root, "docs/observed.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(C[0-9]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		got = append(got, match[1])
	}
	for _, q := range questions {
		want = append(want, q.id)
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/observed.md lists %v, and the probe asks %v", got, want)
	}
}

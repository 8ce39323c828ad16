package local

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"poolpost/internal/functiontest"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
	"poolpost/local/sqs"
)

var confirmations = flag.Int("confirmations", 120, "people who are confirmed in each schedule of TestNoMailIsLost")

// Times are as in the deployment, where a second is this long.
const soakSecond = 2 * time.Millisecond

// hanging is a time limit for send-mail that is short enough to run into often:
// two seconds for the emails, two to report.
const hanging = 4 * time.Second

// withCode is how many persons there are for one who is sent a code as well.
const withCode = 10

// A trial is a schedule of faults, and what it may cost.
type trial struct {
	name     string
	schedule schedule
	limit    time.Duration                   // of send-mail, where calls hang; 0: the deployment's
	dropAck  func(person, receives int) bool // whose acknowledgements get lost
	repeat   bool                            // Cognito calls its triggers twice
	resets   bool                            // those who would be sent a code reset their password
	dead     func(person int) bool           // whose emails end among the dead letters; nil: nobody's
	doubles  bool                            // emails may be sent twice
}

// calls makes a schedule of one service: every nth person's emails fail, up to a
// number of tries.
func calls(service string, nth, tries int, f *fault) schedule {
	return func(c call) *fault {
		if c.service == service && c.person%nth == 0 && c.try <= tries {
			return f
		}
		return nil
	}
}

// all is several schedules at once, the first that applies first.
func all(schedules ...schedule) schedule {
	return func(c call) *fault {
		for _, s := range schedules {
			if f := s(c); f != nil {
				return f
			}
		}
		return nil
	}
}

func every(nth int) func(int) bool { return func(person int) bool { return person%nth == 0 } }

// outage fails every call of a service from the first one on, for a time.
func outage(service string, lasting time.Duration, f *fault) schedule {
	var ends time.Time
	return func(c call) *fault {
		if ends.IsZero() && c.service == service {
			ends = time.Now().Add(lasting)
		}
		if c.service == service && time.Now().Before(ends) {
			return f
		}
		return nil
	}
}

// trials are the schedules, in the order of the table in docs/mail.md. What forces doubles
// is marked: there SES has taken an email, or the queue was told that it is done, and the other
// side never heard.
func trials() []trial {
	return []trial{
		{name: "nothing fails", schedule: all()},
		{name: "SES throttles", schedule: calls(toSES, 50, 2, throttled)},
		{name: "SES throttles an email again and again", schedule: calls(toSES, 60, 4, throttled)},
		{name: "SES is broken", schedule: calls(toSES, 20, 2, broken)},
		{name: "SES unreachable", schedule: outage(toSES, 2*time.Second, reset)},
		{name: "SES does not answer", schedule: calls(toSES, 40, 1, silent), limit: hanging},
		{name: "SES resets connections", schedule: calls(toSES, 50, 2, reset)},
		{name: "SES has paused the account", schedule: outage(toSES, 2*time.Second, paused)},
		{name: "SES refuses some addresses", schedule: calls(toSES, 50, 1000, rejected), dead: every(50)},
		{name: "SES always fails some emails", schedule: calls(toSES, 50, 1000, unknown), dead: every(50)},
		{name: "SES accepts an email and answers too late", schedule: calls(toSES, 40, 1, late), limit: hanging, doubles: true},
		{name: "SES accepts an email and drops the answer", schedule: calls(toSES, 50, 2, dropped), doubles: true},
		{name: "send-mail dies after SES accepted an email", schedule: calls(toSES, 40, 1, crashed), doubles: true},
		{name: "send-mail dies before it deletes an email", schedule: calls(deletion, 20, 1, killed), doubles: true},
		{name: "send-mail dies after it deleted an email", schedule: calls(deletion, 20, 1, crashed)},
		{name: "send-mail cannot delete emails", schedule: all(calls(deletion, 5, 1, broken), calls(deletion, 7, 1, reset),
			calls(deletion, 11, 1, dropped), calls(deletion, 97, 1, silent))},
		{name: "send-mail cannot delete emails, and dies", schedule: all(calls(deletion, 9, 1, broken), calls(toSES, 40, 1, crashed)), doubles: true},
		{name: "an acknowledgement is lost", schedule: all(), doubles: true, dropAck: func(person, receives int) bool {
			return person%20 == 0 && receives == 1
		}},
		{name: "Cognito calls twice, and SQS drops answers", schedule: calls(toSQS, 40, 2, dropped), repeat: true},
		{name: "SQS throttles and breaks", schedule: all(calls(toSQS, 40, 4, broken), calls(toSQS, 30, 3, reset))},
		{name: "SQS unreachable", schedule: all(outage(toSQS, 2*time.Second, broken), outage(deletion, 2*time.Second, broken))},
		{name: "Cognito ends no sessions at first", schedule: calls(signOut, 1, 3, denied), resets: true},
		{name: "KMS throttles, breaks and resets", schedule: all(calls(toKMS, 6, 1, throttled), calls(toKMS, 7, 1, broken), calls(toKMS, 8, 1, reset))},
		{
			name: "everything at once",
			schedule: all(calls(toSES, 40, 1, crashed), calls(toSES, 30, 2, dropped), calls(toSES, 20, 2, throttled), calls(toSES, 50, 1000, rejected),
				calls(deletion, 70, 1, killed), calls(deletion, 60, 1, broken), calls(toSQS, 60, 2, dropped), calls(toKMS, 4, 1, broken)),
			repeat: true, dead: every(50), doubles: true,
		},
	}
}

// large is how many people are too many for trials at the same time.
const large = 1000

// TestNoMailIsLost confirms people while the services around the functions fail
// on a schedule, and counts: each person's welcome email, and each code, was taken
// by SES or is among the dead letters, and nothing is sent twice unless the
// schedule forces it. The functions are the real binaries. With -v it reports its
// progress, and prints the table of docs/mail.md.
//
// A confirmation is the event that Cognito sends; the users are in no pool.
func TestNoMailIsLost(t *testing.T) {
	trials := trials()
	rows := make([]string, len(trials))
	if testing.Verbose() {
		t.Cleanup(func() { // after the trials
			fmt.Println("\n| Schedule | Failed calls | Sent | Dead letters | Both | Duplicates | Took |\n|---|---|---|---|---|---|---|")
			fmt.Println(strings.Join(rows, "\n"))
		})
	}
	for i, tr := range trials {
		t.Run(tr.name, func(t *testing.T) {
			if *confirmations <= large { // they wait more than they compute
				t.Parallel()
			}
			b := soak(t, tr, *confirmations)
			rows[i] = b.row(tr.name)
		})
	}
}

// The table of docs/mail.md has every schedule, and none of them loses an email.
func TestTheDocumentationListsEverySchedule(t *testing.T) {
	rows := functiontest.Table(t, "docs/mail.md", "### While services fail")
	var listed, names []string
	for _, row := range rows {
		listed = append(listed, row[0])
		if sent, dead, both, all := count(t, row[2]), count(t, row[3]), count(t, row[4]), count(t, rows[0][2]); sent+dead-both != all {
			t.Errorf("%s: %d sent + %d dead letters - %d both is not %d", row[0], sent, dead, both, all)
		}
	}
	for _, tr := range trials() {
		names = append(names, tr.name)
	}
	if !slices.Equal(listed, names) {
		t.Errorf("docs/mail.md lists %q, the code has %q", listed, names)
	}
}

// count is the number in a cell of a table.
func count(t *testing.T, cell string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(cell, ",", ""))
	noError(t, err)
	return n
}

// books are what a trial came to.
type books struct {
	mails, failed, accepted, doubles, dead, both int
	took                                         time.Duration
}

// row is a row of the table in docs/mail.md.
func (b books) row(name string) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %v |", name, thousands(b.failed), thousands(b.accepted), thousands(b.dead),
		thousands(b.both), thousands(b.doubles), b.took.Round(100*time.Millisecond))
}

func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func soak(t *testing.T, tr trial, people int) books {
	workers := 3 // instances of each function
	if people > large {
		workers = 16
	}
	c := newChaos(tr.schedule)
	logged := &lockedBuffer{}
	var lost sync.Map // acknowledgements
	s := startWith(t, soakSettings(t), func(o *Options) {
		o.Logs = logged
		o.hooks.middleware, o.hooks.sendMailTimeout = c.front, tr.limit
		o.hooks.onFailure = c.keep
		o.hooks.retries = []time.Duration{60 * soakSecond, 120 * soakSecond}
		o.hooks.queue = sqs.Options{Concurrency: workers, Retry: 180 * soakSecond, TimeScale: soakSecond.Seconds()}
		if tr.dropAck != nil {
			o.hooks.queue.DropAck = func(m sqs.Message) bool {
				drop := tr.dropAck(numberOf(m.Group), m.Receives)
				if drop {
					lost.Store(fmt.Sprint(m.ID, m.Receives), nil)
				}
				return drop
			}
		}
	})
	c.stack.Store(s)
	began := time.Now()
	status := func() string {
		return fmt.Sprintf("%s, after %v, of %d emails: %v", tr.name, time.Since(began).Round(time.Second), people+(people+withCode-1)/withCode, c)
	}
	if testing.Verbose() {
		defer report(status)()
	}
	expected := confirm(t, s, people, workers, tr)
	dead := settle(t, s, c, expected)
	b := books{mails: len(expected), doubles: c.doubles(), dead: len(dead), took: time.Since(began)}
	for _, mail := range expected {
		if c.mailed(mail) {
			b.accepted++
		}
		if c.mailed(mail) && dead[mail] {
			b.both++
		}
	}
	failed, forced := c.cost()
	b.failed = failed
	lost.Range(func(any, any) bool {
		forced++
		return true
	})
	t.Logf("%s; sent twice %d, forced %d", status(), b.doubles, forced)
	if b.accepted+b.dead-b.both != b.mails {
		t.Errorf("%d mails were to be sent: %d are accepted and %d dead letters", b.mails, b.accepted, b.dead)
	}
	if b.doubles > forced {
		t.Errorf("%d doubles, more than answers and acknowledgements were lost and processes killed: %d", b.doubles, forced)
	}
	if people := (people + withCode - 1) / withCode; tr.resets && (len(c.ended) != people || c.early > 0) {
		t.Errorf("the sessions of %d people ended, not of %d; %d notices came before", len(c.ended), people, c.early)
	}
	if !tr.doubles && (b.doubles > 0 || b.both > 0) {
		t.Errorf("%d doubles, %d mails both sent and dead, although nothing forced them", b.doubles, b.both)
	}
	if tr.doubles && b.doubles == 0 {
		t.Error("nothing was sent twice: the schedule tests nothing")
	}
	for mail := range dead {
		if tr.dead == nil || !tr.dead(numberOf(mail[strings.LastIndexByte(mail, ' ')+1:])) {
			t.Errorf("a dead letter for no reason: %s", mail)
		}
	}
	for _, personal := range []string{"example.com", soakName, soakCode} {
		if i := strings.Index(logged.String(), personal); i >= 0 {
			t.Errorf("the log holds %s: %.200s", personal, logged.String()[i:])
		}
	}
	return b
}

// soakSettings are without groups, which would be those of a pool, and with a hook.
func soakSettings(t *testing.T) string {
	t.Helper()
	return settingstest.FileWith(t, "soak.yaml", "\nmail:\n", "\nmail:\n  delivery: ses\n", "\ngroups: [members]\n",
		"\nhooks: {events: [{name: crm, types: [user.confirmed, user.password-changed, mail.bounced, mail.complained], url: https://crm.example.com/, secret: crm}]}\n")
}

// report prints the status of a trial every few seconds, and returns what ends that.
func report(status func() string) (stop func()) {
	ended := make(chan struct{})
	go func() {
		for ticks := time.Tick(5 * time.Second); ; {
			select {
			case <-ticks:
				fmt.Println(status())
			case <-ended:
				return
			}
		}
	}()
	return func() { close(ended) }
}

// confirm lets Cognito call post-confirmation for each person, and
// custom-email-sender for some, or post-confirmation again, and returns the emails that have to follow.
func confirm(t *testing.T, s *Stack, people, workers int, tr trial) (expected []string) {
	t.Helper()
	times := 1
	if tr.repeat {
		times = 2
	}
	other := message.ForgotPassword // besides the welcome email, for some
	if tr.resets {
		other = message.PasswordChanged
	}
	code, err := s.encrypt(t.Context(), soakCode)
	noError(t, err)
	numbers := make(chan int)
	var callers sync.WaitGroup
	for range workers {
		callers.Go(func() {
			for i := range numbers {
				for range times {
					if _, err := s.host.Invoke(t.Context(), "post-confirmation", s.sampleEvent("PostConfirmation_ConfirmSignUp", i, "")); err != nil {
						t.Errorf("the confirmation of person %d failed: %v", i, err)
					}
				}
				switch {
				case i%withCode == 0 && tr.resets:
					if _, err := s.host.Invoke(t.Context(), "post-confirmation", s.sampleEvent("PostConfirmation_ConfirmForgotPassword", i, "")); err != nil {
						t.Errorf("the reset of person %d failed: %v", i, err)
					}
				case i%withCode == 0:
					if err := s.host.InvokeAsync("custom-email-sender", s.sampleEvent("CustomEmailSender_ForgotPassword", i, code)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for i := range people {
		expected = append(expected, mailTo(string(message.Welcome), address(i)))
		if i%withCode == 0 {
			expected = append(expected, mailTo(string(other), address(i)))
		}
		numbers <- i
	}
	close(numbers)
	callers.Wait()
	return expected
}

// The name and the code of everybody; no id, time or number holds them.
const (
	soakName = "Ann Example"
	soakCode = "soak-code"
)

func address(person int) string { return fmt.Sprintf("person-%d@example.com", person) }

// sampleEvent is an event about a person.
func (s *Stack) sampleEvent(source string, person int, code string) []byte {
	request := map[string]any{"userAttributes": map[string]string{
		"sub": fmt.Sprintf("person-%d", person), "email": address(person), "email_verified": "true", "name": soakName,
	}}
	if code != "" {
		request["type"], request["code"], request["clientMetadata"] = "customEmailSenderRequestV1", code, nil
	}
	payload, err := json.Marshal(map[string]any{
		"version": "1", "region": s.settings.Pool.Region, "userPoolId": s.poolID, "userName": fmt.Sprintf("person-%d", person),
		"callerContext": map[string]string{"awsSdkVersion": "sample", "clientId": s.clientIDs["web"]},
		"triggerSource": source, "request": request, "response": map[string]any{},
	})
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return payload
}

// settle waits until every email has come to its end, and the queue too, and
// returns the dead letters, those of custom-email-sender included.
func settle(t *testing.T, s *Stack, c *chaos, expected []string) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(len(expected))*20*time.Millisecond)
	defer cancel()
	for {
		dead := deadLetters(t, s, c)
		open := slices.DeleteFunc(slices.Clone(expected), func(mail string) bool { return dead[mail] || c.mailed(mail) })
		if len(open) == 0 && s.queue.Depth() == 0 {
			return deadLetters(t, s, c)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("%d mails are neither sent nor dead, such as %q; %d are on the queue", len(open), open[:min(3, len(open))], s.queue.Depth())
		}
	}
}

// deadLetters are what was given up: on the queue, or before it came there.
func deadLetters(t *testing.T, s *Stack, c *chaos) map[string]bool {
	t.Helper()
	dead := map[string]bool{}
	for _, m := range s.queue.DeadLetters() {
		entry, err := mail.Decode(m.Body)
		noError(t, err)
		dead[mailTo(string(entry.Kind), entry.To)] = true
	}
	for _, record := range c.undeliveredRecords() {
		var event struct {
			RequestPayload struct {
				Request struct{ UserAttributes struct{ Email string } }
			}
		}
		noError(t, json.Unmarshal(record, &event))
		dead[mailTo(string(message.ForgotPassword), event.RequestPayload.Request.UserAttributes.Email)] = true
	}
	return dead
}

package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"poolpost/internal/message"
)

// A fault is what a service does instead of answering. The call is passed on
// when accepts is true, before the caller is failed.
type fault struct {
	accepts bool
	kills   bool // fail counts what it costs
	fail    func(c *chaos, w http.ResponseWriter, r *http.Request)
}

var (
	throttled = &fault{fail: refuse(http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded.")}
	paused    = &fault{fail: refuse(http.StatusBadRequest, "SendingPausedException", "Email sending is disabled for your account.")}
	rejected  = &fault{fail: refuse(http.StatusBadRequest, "MessageRejected", "Email address is on the suppression list.")}
	unknown   = &fault{fail: refuse(http.StatusNotFound, "NotFoundException", "Configuration set does not exist.")}
	denied    = &fault{fail: refuse(http.StatusBadRequest, "AccessDeniedException", "User is not authorized.")}
	broken    = &fault{fail: refuse(http.StatusServiceUnavailable, "", "")}
	silent    = &fault{fail: hang}
	reset     = &fault{fail: hangUp(true)}
	dropped   = &fault{accepts: true, fail: hangUp(false)}
	late      = &fault{accepts: true, fail: hang}
	crashed   = &fault{accepts: true, kills: true, fail: kill}
	killed    = &fault{kills: true, fail: kill}
)

// refuse answers with an error. All protocols here take its type from this header.
func refuse(status int, kind, message string) func(*chaos, http.ResponseWriter, *http.Request) {
	return func(_ *chaos, w http.ResponseWriter, _ *http.Request) {
		if kind != "" {
			w.Header().Set("X-Amzn-ErrorType", kind)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": message})
	}
}

// hang answers when nobody waits any more.
func hang(_ *chaos, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// hangUp ends the connection, with a reset or in the ordinary way.
func hangUp(reset bool) func(*chaos, http.ResponseWriter, *http.Request) {
	return func(_ *chaos, w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // the server of the local run speaks HTTP/1.1
		}
		if reset {
			_ = connection.(*net.TCPConn).SetLinger(0)
		}
		_ = connection.Close()
	}
}

// kill ends the function that is calling. One that is gone already has not heard the answer.
func kill(c *chaos, _ http.ResponseWriter, r *http.Request) {
	trace, err := url.PathUnescape(r.Header.Get("X-Amzn-Trace-Id"))
	dead := err == nil && c.stack.Load().host.Kill(trace)
	c.mu.Lock()
	if dead {
		c.kills++
	} else {
		c.unheard++
	}
	c.mu.Unlock()
	<-r.Context().Done()
}

// The services that can fail.
const (
	toSES    = "SES"
	toSQS    = "SQS"      // SendMessage to the mail queue
	deletion = "delete"   // DeleteMessage of the mail queue
	toKMS    = "KMS"      // Decrypt
	toEvents = "events"   // SendMessage to the event queue
	signOut  = "sign-out" // AdminUserGlobalSignOut
)

// A call is one of a function to a service, on behalf of a person.
type call struct {
	service string
	person  int // for KMS and deletions, which name no persons, the number of the call
	try     int // 1 for the first call for this email
}

// A schedule says which calls fail, and how; nil: not at all.
type schedule func(call) *fault

// chaos stands before the AWS APIs of a stack: it fails calls on a schedule, and
// keeps the books of the emails that SES took.
type chaos struct {
	schedule schedule
	next     http.Handler
	stack    atomic.Pointer[Stack]

	mu       sync.Mutex
	tries    map[string]int
	accepted map[string]int // emails, by kind and address
	ended    map[int]bool   // persons, whose sessions
	early    int            // notices of new passwords that SES took before
	unheard  int            // emails that SES took and whose sender was not told
	unacked  int            // deletions that SQS was not told of
	kills    int            // processes
	failed   int            // calls
	records  [][]byte       // what Lambda sends to the on-failure queue
}

func newChaos(s schedule) *chaos {
	return &chaos{schedule: s, tries: map[string]int{}, accepted: map[string]int{}, ended: map[int]bool{}}
}

func (c *chaos) keep(record []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = append(c.records, record)
}

func (c *chaos) undeliveredRecords() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.records)
}

func (c *chaos) front(next http.Handler) http.Handler {
	c.next = next
	return c
}

func (c *chaos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	service, person, mail := identify(r, body)
	if service == "" {
		c.next.ServeHTTP(w, r)
		return
	}
	f := c.decide(service, person, mail)
	if f == nil || f.accepts {
		reply := httptest.NewRecorder()
		c.next.ServeHTTP(reply, r)
		// A caller whose time is up does not hear the answer either.
		unheard := f != nil && !f.kills || r.Context().Err() != nil
		if service == toSES && reply.Code == http.StatusOK {
			c.book(mail, unheard)
		}
		if service == signOut { // the persons are in no pool: Cognito does not know them
			c.mu.Lock()
			c.ended[person] = true
			c.mu.Unlock()
		}
		if f == nil {
			maps.Copy(w.Header(), reply.Header())
			w.WriteHeader(reply.Code)
			_, _ = w.Write(reply.Body.Bytes())
			return
		}
	} else if service == deletion && !f.kills {
		c.mu.Lock()
		c.unacked++
		c.mu.Unlock()
	}
	f.fail(c, w, r)
}

// identify says which service a request is for, for whom, and for which mail. The
// service is empty when it never fails.
func identify(r *http.Request, body []byte) (service string, person int, mail string) {
	var in struct {
		Destination            struct{ ToAddresses []string }
		EmailTags              []struct{ Name, Value string }
		MessageGroupID         string `json:"MessageGroupId"`
		MessageDeduplicationID string `json:"MessageDeduplicationId"`
		QueueURL               string `json:"QueueUrl"`
		MessageBody            string
		Username               string
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(r.URL.Path, "/v2/email/"):
		service = toSES
	case target == "AmazonSQS.SendMessage":
		service = toSQS
	case target == "AmazonSQS.DeleteMessage":
		return deletion, 0, "any"
	case target == "TrentService.Decrypt":
		return toKMS, 0, "any"
	case strings.HasSuffix(target, ".AdminUserGlobalSignOut"):
		service = signOut
	default:
		return "", 0, ""
	}
	if json.Unmarshal(body, &in) != nil || strings.Contains(in.QueueURL, "/dead-") {
		return "", 0, ""
	}
	if strings.HasSuffix(in.QueueURL, "/events") {
		var event struct{ Sub string }
		_ = json.Unmarshal([]byte(in.MessageBody), &event)
		return toEvents, numberOf(event.Sub), "event of " + event.Sub
	}
	if service == signOut {
		return service, numberOf(in.Username), in.Username
	}
	if service == toSQS {
		return service, numberOf(in.MessageGroupID), in.MessageDeduplicationID
	}
	for _, tag := range in.EmailTags {
		if tag.Name == "kind" && len(in.Destination.ToAddresses) == 1 {
			to := in.Destination.ToAddresses[0]
			return service, numberOf(to), mailTo(tag.Value, to)
		}
	}
	return service, 0, "of nobody"
}

func mailTo(kind, address string) string { return kind + " to " + address }

// numberOf is the number in a sample address or sub.
func numberOf(s string) int {
	digits := strings.Trim(strings.TrimPrefix(s, "person-"), "@abcdefghijklmnopqrstuvwxyz.")
	n, _ := strconv.Atoi(digits)
	return n
}

func (c *chaos) decide(service string, person int, mail string) *fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := service + " " + mail
	c.tries[key]++
	asked := call{service, person, c.tries[key]}
	if mail == "any" {
		asked = call{service, c.tries[key], 1}
	}
	f := c.schedule(asked)
	if f != nil {
		c.failed++
	}
	return f
}

func (c *chaos) book(mail string, unheard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted[mail]++
	if to, ok := strings.CutPrefix(mail, mailTo(string(message.PasswordChanged), "")); ok && !c.ended[numberOf(to)] {
		c.early++
	}
	if unheard {
		c.unheard++
	}
}

// mailed says whether SES took an email.
func (c *chaos) mailed(mail string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accepted[mail] > 0
}

// cost is how many calls failed so far, and how many emails that can have made SES take twice.
func (c *chaos) cost() (failed, forced int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed, c.unheard + c.unacked + c.kills
}

func (c *chaos) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("sent %d, failed calls %d, lost answers %d, lost deletions %d, killed processes %d",
		len(c.accepted), c.failed, c.unheard, c.unacked, c.kills)
}

// doubles are the emails that SES took beyond the first of each.
func (c *chaos) doubles() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, times := range c.accepted {
		n += times - 1
	}
	return n
}

func TestFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault   *fault
		status  int // 0: no answer
		reached bool
	}{
		"throttled": {throttled, 429, false}, "broken": {broken, 503, false}, "rejected": {rejected, 400, false},
		"silent": {silent, 0, false}, "reset": {reset, 0, false}, "dropped": {dropped, 0, true}, "late": {late, 0, true}, "none": {nil, 200, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChaos(func(asked call) *fault {
				if asked != (call{toSES, 42, 1}) {
					t.Errorf("got %+v", asked)
				}
				return test.fault
			})
			server := httptest.NewServer(c.front(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})))
			defer server.Close()
			client := &http.Client{Timeout: 100 * time.Millisecond, Transport: &http.Transport{}}
			response, err := client.Post(server.URL+"/v2/email/outbound-emails", "application/json",
				strings.NewReader(`{"Destination":{"ToAddresses":["person-42@example.com"]},"EmailTags":[{"Name":"kind","Value":"welcome"}]}`))
			status := 0
			if err == nil {
				status = response.StatusCode
				response.Body.Close()
			}
			if reached := c.mailed("welcome to person-42@example.com"); status != test.status || reached != test.reached {
				t.Errorf("status %d, %v; reached: %t", status, err, reached)
			}
		})
	}
}

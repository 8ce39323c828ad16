package rules

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

// A network plays DNS and SES. What is nil answers that all is well.
type network struct {
	exchanger, suppressed func(context.Context) (bool, error)
	asked                 atomic.Int32
}

func (n *network) answer(ctx context.Context, f func(context.Context) (bool, error)) (bool, error) {
	n.asked.Add(1)
	if f == nil {
		return false, nil
	}
	return f(ctx)
}

func (n *network) Suppressed(ctx context.Context, _ string) (bool, error) {
	return n.answer(ctx, n.suppressed)
}

func (n *network) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	no, err := n.answer(ctx, n.exchanger)
	switch {
	case err != nil:
		return nil, err
	case no:
		return []*net.MX{{Host: "."}}, nil
	}
	return []*net.MX{{Host: "mail." + name}}, nil
}

// LookupHost must not make up for an answer that the mail exchangers did not give.
func (n *network) LookupHost(context.Context, string) ([]string, error) {
	return []string{"192.0.2.1"}, nil
}

// networked are rules with both network rules, and otherwise those of the sample.
func networked(t testing.TB, dns Resolver, suppressions Suppressions) *Rules {
	t.Helper()
	_, c := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
	c.Email.RequireMailExchanger, c.Email.RefuseSuppressed = dns != nil, suppressions != nil
	r, err := New(c, functiontest.Sentences(t), Network{DNS: dns, Suppressions: suppressions})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func yes(context.Context) (bool, error) { return true, nil }

func after(d time.Duration, no bool) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		select {
		case <-time.After(d):
			return no, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func TestNetworkRulesFailOpen(t *testing.T) {
	broken := func(context.Context) (bool, error) { return false, errors.New("broken") }
	deaf := func(context.Context) (bool, error) { time.Sleep(time.Hour); return true, nil }
	for name, test := range map[string]struct {
		network *network
		code    string
		warning string
		took    time.Duration
	}{
		"all is well":                           {&network{}, "", "", 0},
		"no exchanger":                          {&network{exchanger: yes}, EmailUnreachable, "", 0},
		"suppressed":                            {&network{suppressed: yes}, EmailSuppressed, "", 0},
		"both: the first rule counts":           {&network{exchanger: after(50*time.Millisecond, true), suppressed: yes}, EmailUnreachable, "", 50 * time.Millisecond},
		"both slow: at the same time":           {&network{exchanger: after(400*time.Millisecond, false), suppressed: after(450*time.Millisecond, false)}, "", "", 450 * time.Millisecond},
		"DNS is broken":                         {&network{exchanger: broken}, "", "mail-exchanger: *errors.errorString", 0},
		"DNS is broken, and SES says no":        {&network{exchanger: broken, suppressed: yes}, EmailSuppressed, "mail-exchanger: *errors.errorString", 0},
		"both are broken":                       {&network{exchanger: broken, suppressed: broken}, "", "mail-exchanger: *errors.errorString; suppression-list: *errors.errorString", 0},
		"DNS is too slow":                       {&network{exchanger: after(time.Minute, true)}, "", "mail-exchanger: timeout", networkLimit},
		"both are too slow":                     {&network{exchanger: after(time.Minute, true), suppressed: after(time.Minute, true)}, "", "mail-exchanger: timeout; suppression-list: timeout", networkLimit},
		"SES does not notice the deadline":      {&network{suppressed: deaf}, "", "suppression-list: timeout", networkLimit},
		"SES is too slow, and DNS says no":      {&network{suppressed: deaf, exchanger: yes}, EmailUnreachable, "suppression-list: timeout", networkLimit},
		"a panic":                               {&network{suppressed: func(context.Context) (bool, error) { panic("broken") }}, TryAgain, "suppression-list: panic", 0},
		"a panic, and DNS says no: the first":   {&network{exchanger: yes, suppressed: func(context.Context) (bool, error) { panic("broken") }}, EmailUnreachable, "suppression-list: panic", 0},
		"a panic, and DNS is broken":            {&network{exchanger: broken, suppressed: func(context.Context) (bool, error) { panic("x") }}, TryAgain, "mail-exchanger: *errors.errorString; suppression-list: panic", 0},
		"a goroutine that ends without a panic": {&network{suppressed: func(context.Context) (bool, error) { panic(nil) }}, TryAgain, "suppression-list: panic", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := networked(t, test.network, test.network)
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				d := r.Decide(t.Context(), ann("ann@example.com"))
				checkCode(t, d.Refusal, test.code)
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				got := ""
				if d.Warning != nil {
					got = d.Warning.Error()
				}
				if got != test.warning {
					t.Errorf("the warning is %q, want %q", got, test.warning)
				}
				time.Sleep(time.Hour) // what does not notice the deadline ends
			})
		})
	}
}

func TestNetworkRulesRunLast(t *testing.T) {
	n := &network{exchanger: yes}
	r := networked(t, n, n)
	for _, a := range []Applicant{ann("ann"), ann("ann@throwaway.example"), with(nil), {Provider: true, Locale: "en"}} {
		if d := r.Decide(t.Context(), a); d.Warning != nil || n.asked.Load() != 0 {
			t.Errorf("%+v: the network was asked %d times: %v", a, n.asked.Load(), d.Warning)
		}
	}
}

func TestCanceledCallerDoesNotWaitForTheNetwork(t *testing.T) {
	n := &network{exchanger: after(time.Minute, true)}
	r := networked(t, n, n)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if d := r.Decide(ctx, ann("ann@example.com")); d.Refusal != nil || d.Warning == nil || time.Since(start) != 100*time.Millisecond {
			t.Errorf("got %v, %v after %v", d.Refusal, d.Warning, time.Since(start))
		}
	})
}

func TestDecide_networkSteps(t *testing.T) {
	n := &network{exchanger: after(time.Millisecond, false), suppressed: func(context.Context) (bool, error) { return false, errors.New("broken") }}
	d := networked(t, n, n).Decide(t.Context(), ann("ann@example.com"))
	checkCode(t, d.Refusal, "")
	last := d.Steps[len(d.Steps)-3:] // and the hook
	if last[0].Result != "passed" || last[0].Took < time.Millisecond || last[1].Result != "no answer" {
		t.Errorf("got %+v", last)
	}
}

// A zone is what the test's DNS server answers for a name: its records by type,
// or a code. A name that it lacks does not exist.
type zone map[string]struct {
	mx      []string
	address bool
	code    dnsmessage.RCode
	silent  bool // no answer at all
	garbage bool
}

// serve answers one query.
func (z zone) serve(query []byte) []byte {
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil || len(message.Questions) != 1 {
		return nil
	}
	q := message.Questions[0]
	entry, known := z[strings.ToLower(q.Name.String())]
	message.Response, message.Authoritative, message.RecursionAvailable = true, true, true
	message.Additionals, message.RCode = nil, entry.code
	switch {
	case !known:
		message.RCode = dnsmessage.RCodeNameError
	case entry.silent:
		return nil
	case entry.garbage:
		return []byte("no DNS message")
	case q.Type == dnsmessage.TypeMX:
		for _, host := range entry.mx {
			message.Answers = append(message.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(host)},
			})
		}
	case q.Type == dnsmessage.TypeA && entry.address:
		message.Answers = append(message.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}},
		})
	}
	answer, err := message.Pack()
	if err != nil {
		return nil
	}
	return answer
}

// resolver is Go's own resolver with that zone behind it, on a loopback address.
func (z zone) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			if answer := z.serve(buffer[:n]); answer != nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func TestResolverErrorsAreNotDefiniteAnswers(t *testing.T) {
	z := zone{
		"mail.example.":          {mx: []string{"mx1.mail.example.", "mx2.mail.example."}},
		"address.example.":       {address: true},
		"null.example.":          {mx: []string{"."}},
		"null-and.example.":      {mx: []string{".", "mx.null-and.example."}},
		"empty.example.":         {},
		"servfail.example.":      {code: dnsmessage.RCodeServerFailure},
		"refused.example.":       {code: dnsmessage.RCodeRefused},
		"silent.example.":        {silent: true},
		"garbage.example.":       {garbage: true},
		"xn--mller-kva.example.": {mx: []string{"mx.example."}},
	}
	r := networked(t, z.resolver(t), nil)
	for name, test := range map[string]struct {
		domain, code string
		doubtful     bool
	}{
		"mail exchangers":                      {"mail.example", "", false},
		"mail exchangers, in upper case":       {"MAIL.Example", "", false},
		"an address only":                      {"address.example", "", false},
		"a domain that wants no email":         {"null.example", EmailUnreachable, false},
		"a null MX beside another one":         {"null-and.example", "", false},
		"a domain with other records only":     {"empty.example", EmailUnreachable, false},
		"a domain that does not exist":         {"nothing.example", EmailUnreachable, false},
		"an international domain":              {"xn--mller-kva.example", "", false},
		"a server that fails":                  {"servfail.example", "", true},
		"a server that refuses":                {"refused.example", "", true},
		"a server that says nothing":           {"silent.example", "", true},
		"a server that answers something else": {"garbage.example", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			d := r.Decide(t.Context(), ann("ann@"+test.domain))
			checkCode(t, d.Refusal, test.code)
			if (d.Warning != nil) != test.doubtful {
				t.Errorf("the warning is %v", d.Warning)
			}
			if took := time.Since(start); took > Budget {
				t.Errorf("it took %v", took)
			}
		})
	}
}

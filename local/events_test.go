package local

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"poolpost/internal/settings"
)

// The whole way, with the real binaries: a sign-up is confirmed, and a webhook that fails at first
// hears of it; so does it of a changed password, and of a bounce. The page shows it.
func TestAWebhookHearsOfAConfirmation(t *testing.T) {
	var calls atomic.Int32
	var last atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last.Store(string(body))
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	s := startWith(t, soakSettings(t), func(o *Options) {
		o.EventHooks, o.hooks.second = map[string]string{"crm": server.URL}, 10*time.Millisecond
	})
	const email = "hooked@example.com"
	idle := func() {
		t.Helper()
		noError(t, s.queue.Idle(t.Context()))
		noError(t, s.eventQueue.Idle(t.Context()))
		noError(t, s.bus.Idle(t.Context()))
	}
	noError(t, s.invited(t, email, "fr", ""))
	_, err := s.sdk().AdminConfirmSignUp(t.Context(), &cognito.AdminConfirmSignUpInput{
		UserPoolId: aws.String(s.poolID), Username: aws.String(email), ClientMetadata: map[string]string{"locale": "fr"},
	})
	noError(t, err)
	idle()
	got, _ := last.Load().(string)
	for _, part := range []string{`"detail-type":"user.confirmed"`, `"source":"poolpost"`, `"locale":"fr"`, `"userPoolId":"` + s.poolID + `"`, `"sub":"`} {
		if !strings.Contains(got, part) {
			t.Errorf("the webhook got %s, without %s", got, part)
		}
	}
	if strings.Contains(got, email) || calls.Load() != 2 {
		t.Errorf("it was called %d times, with %s", calls.Load(), got)
	}
	noError(t, s.host.InvokeAsync("mail-feedback", []byte(`{"source":"aws.ses","detail":{"eventType":"Bounce",`+
		`"mail":{"messageId":"sample","tags":{"kind":["welcome"],"client":["web"]}},"bounce":{"bounceType":"Permanent","feedbackId":"f","timestamp":"2026-11-30T21:04:00.000Z"}}}`)))
	for range 100 {
		if idle(); calls.Load() == 3 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got, _ := last.Load().(string); !strings.Contains(got, `"mail":{"messageId":"sample","kind":"welcome","bounceType":"Permanent"}`) || !strings.Contains(got, s.clientIDs["web"]) {
		t.Errorf("of the bounce, the webhook got %s", got)
	}
	page := s.get(t, "/events")
	for _, part := range []string{"503 Service Unavailable", "200 OK", "user.confirmed", "mail.bounced", `<span class="badge">delivered</span>`, "url https://crm.example.com/", `http-equiv="refresh"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page, email) || strings.Contains(s.get(t, "/events?refresh=off"), `http-equiv="refresh"`) {
		t.Error("the page shows the address, or refreshes although it should not")
	}
}

func (s *Stack) get(t *testing.T, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.webHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, s.webURL+path, nil))
	if w.Code != http.StatusOK {
		t.Errorf("%s answers %d", path, w.Code)
	}
	return w.Body.String()
}

func TestEventHooksAreLoopbackAddressesOfHooks(t *testing.T) {
	set := &settings.Settings{Hooks: settings.Hooks{Bus: "default", Events: []settings.EventHook{{Name: "crm", Types: []string{"user.confirmed"}, Queue: "crm"}}}}
	for target, want := range map[string]string{
		"crm=http://127.0.0.1:9001/":   "",
		"crm=http://localhost:9001/":   "",
		"crm=https://127.0.0.1:9001/":  "--event-hook crm=https://127.0.0.1:9001/: must be a loopback address, such as http://127.0.0.1:9001/",
		"crm=http://example.com/":      "--event-hook crm=http://example.com/: must be a loopback address",
		"crm=":                         "--event-hook crm=: must be a loopback address",
		"sales=http://127.0.0.1:9001/": "--event-hook sales: hooks.events of the settings has no such name; it has: crm",
	} {
		name, address, _ := strings.Cut(target, "=")
		_, bus, err := newEvents(set, "pool", map[string]string{name: address}, 0)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v", target, err)
		}
		if bus != nil {
			bus.Close()
		}
	}
	queue, bus, err := newEvents(&settings.Settings{}, "pool", nil, 0)
	if queue != nil || bus != nil || err != nil {
		t.Errorf("without hooks: %v, %v, %v", queue, bus, err)
	}
	if _, _, err := newEvents(&settings.Settings{}, "pool", map[string]string{"crm": "http://127.0.0.1:1/"}, 0); err == nil || !strings.Contains(err.Error(), "it has: none") {
		t.Errorf("without hooks: %v", err)
	}
}

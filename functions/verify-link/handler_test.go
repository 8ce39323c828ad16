package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
	"poolpost/internal/link"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

const (
	host      = "links.example.com"
	userID    = "0a1b2c3d-1111-4222-8333-444455556666"
	ridersID  = "1ridersexample23456789abcd"
	driversID = "2driversexample3456789abcd"
	code      = "123456"
	password  = "correct horse 7"
)

// A recorder is Cognito: it keeps what it is asked, and answers with err.
type recorder struct {
	mu    sync.Mutex
	asked []question
	ids   []string // the metadata requestId, which questions are without
	err   error
	slow  bool // it takes as long as it is waited for
}

type question struct {
	operation                                      string
	ClientId, Username, ConfirmationCode, Password string
	SecretHash                                     string
	ClientMetadata                                 map[string]string
}

func (r *recorder) answer(request *http.Request, operation string, input []byte) (any, error) {
	q := question{operation: operation}
	if err := functiontest.Strictly(input, &q); err != nil {
		return nil, err
	}
	if request.Header.Get("Authorization") != "" {
		return nil, errors.New("the operations behind the link take no signature")
	}
	id, ok := q.ClientMetadata["requestId"]
	delete(q.ClientMetadata, "requestId")
	r.mu.Lock()
	if ok {
		r.ids = append(r.ids, id)
	}
	r.asked = append(r.asked, q)
	r.mu.Unlock()
	if r.slow {
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	return struct{}{}, r.err
}

// says is an error that Cognito answers.
func says(code string, message ...string) error {
	return &functiontest.APIError{Status: http.StatusBadRequest, Code: code, Message: strings.Join(message, "")}
}

// A site is the page behind the link with everything around it.
type site struct {
	handler *handler
	cognito *recorder
	logged  *functiontest.Log
}

func newSite(t testing.TB) *site {
	t.Helper()
	dir, c := functiontest.Dir[config.VerifyLink](t, "verify-link")
	return siteOf(dir, c)
}

func siteOf(dir string, c config.VerifyLink) *site {
	s := &site{cognito: &recorder{}, logged: &functiontest.Log{}}
	s.handler = &handler{
		files: &message.Files{Dir: dir}, config: c, cognito: &cognitoClient{"https://cognito.example", &http.Client{Transport: functiontest.AWS(s.cognito.answer)}}, log: s.logged.Logger("verify-link"),
		clientIDs: map[string]string{"riders": ridersID, "drivers": driversID},
	}
	return s
}

// another is a site with the same pages, whose Cognito was not asked yet.
func (s *site) another() *site { return siteOf(s.handler.files.Dir, s.handler.config) }

// values are those of an ordinary link, with changes: pairs of name and value.
// An empty value takes the name away.
func values(changes ...string) url.Values {
	v := url.Values{"client": {ridersID}, "user": {userID}, "code": {code}, "lang": {"en"}}
	for i := 0; i < len(changes); i += 2 {
		if v.Del(changes[i]); changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

func open(path string, query url.Values) *http.Request {
	return httptest.NewRequest(http.MethodGet, "https://"+host+path+"?"+query.Encode(), nil)
}

// press is a form that the page itself sends, in a browser of today.
func press(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://"+host+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://"+host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// pressFrom is a form with other values, or none, of Sec-Fetch-Site and Origin.
func pressFrom(site, origin, path string, form url.Values) *http.Request {
	r := press(path, form)
	for name, value := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin} {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// unnamedPress is a form of an old browser, or of a program: nothing says where it is from.
func unnamedPress(path string, form url.Values) *http.Request { return pressFrom("", "", path, form) }

// serve answers a request, and checks what holds for every answer.
func (s *site) serve(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	s.logged.Reset()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	checkHeader(t, w)
	return w
}

// checkState checks that a page shows a state, in its status, log line and
// heading.
func (s *site) checkState(t testing.TB, w *httptest.ResponseRecorder, want pageName, client, locale string) {
	t.Helper()
	s.logged.CheckLine(t, map[string]any{"Outcome": want.name, "client": client, "locale": locale})
	line := s.logged.Lines(t)[0]
	failed := want.name == unavailable.name || want.name == resetUnavailable.name || want == unknownClient && line["warning"] == nil
	if level := line["level"]; failed != (level == "ERROR") || failed != (line["reason"] != nil) {
		t.Errorf("%s is logged as %v, with the reason %v", want.name, level, line["reason"])
	}
	if w.Code != want.status {
		t.Errorf("the status is %d, want %d", w.Code, want.status)
	}
	page := string(functiontest.Compiled(t).Pages[filepath.Join("pages", client, locale, want.name)])
	if got := read(w.Body.String()).heading; got == "" || got != read(page).heading {
		t.Errorf("the heading is %q, want that of %s: %q", got, want.name, read(page).heading)
	}
}

func (s *site) checkNotAsked(t testing.TB) {
	t.Helper()
	if len(s.cognito.asked) != 0 {
		t.Errorf("Cognito was asked for %s", s.cognito.asked[0].operation)
	}
}

func TestOpeningALinkNeverActs(t *testing.T) {
	shared := newSite(t)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for path, want := range map[string]pageName{
			link.PathConfirm:  confirm,
			link.PathReset:    reset,
			link.PathResend:   wrongMethod,
			link.PathForgot:   wrongMethod,
			link.PathNotMe:    notMe,
			link.PathNotAsked: notAsked,
			link.PathHelp:     help,
		} {
			t.Run(method+" "+path, func(t *testing.T) {
				s := shared.another()
				r := open(path, values("password", password, "repeat", password))
				r.Method = method
				s.checkState(t, s.serve(t, r), want, "riders", "en")
				s.checkNotAsked(t)
			})
		}
	}
}

func TestPressingTheButtonCallsCognito(t *testing.T) {
	form := values("lang", "fr", "return", "https://riders.example.com/trips/42", "password", password, "repeat", password)

	s := newSite(t)
	s.checkState(t, s.serve(t, press(link.PathConfirm, form)), confirmed, "riders", "fr")
	s.checkState(t, s.serve(t, press(link.PathResend, form)), sent, "riders", "fr")
	s.checkState(t, s.serve(t, press(link.PathReset, form)), resetDone, "riders", "fr")
	s.checkState(t, s.serve(t, press(link.PathForgot, form)), resetSent, "riders", "fr")
	if len(s.cognito.asked) != 4 {
		t.Fatalf("Cognito was asked %d times, not 4", len(s.cognito.asked))
	}
	for i, want := range []question{
		{operation: "ConfirmSignUp", ConfirmationCode: code},
		{operation: "ResendConfirmationCode"},
		{operation: "ConfirmForgotPassword", ConfirmationCode: code, Password: password},
		{operation: "ForgotPassword"},
	} {
		want.ClientId, want.Username = ridersID, userID
		want.ClientMetadata = map[string]string{"locale": "fr", "return": "https://riders.example.com/trips/42"}
		if got := s.cognito.asked[i]; !reflect.DeepEqual(got, want) {
			t.Errorf("Cognito is asked for %+v, want %+v", got, want)
		}
	}
}

// Two changes of a password are two events, and nothing else tells them apart.
func TestEachChangeOfAPasswordHasAnID(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{link.PathConfirm, link.PathResend, link.PathForgot, link.PathReset, link.PathReset} {
		s.serve(t, press(path, values("password", password, "repeat", password)))
	}
	if ids := s.cognito.ids; len(ids) != 2 || len(ids[0]) < 20 || ids[0] == ids[1] {
		t.Errorf("the ids are %q", ids)
	}
}

func TestLinkWithoutClientUsesTheDefault(t *testing.T) {
	s := newSite(t)
	s.checkState(t, s.serve(t, press(link.PathConfirm, values("client", ""))), confirmed, "riders", "en")
	if in := s.cognito.asked[0]; in.ClientId != ridersID || in.ClientMetadata["return"] != "" {
		t.Errorf("Cognito was asked as %s, with the metadata %q", in.ClientId, in.ClientMetadata)
	}
}

func TestUnknownClientFallsBackToTheDefault(t *testing.T) {
	shared := newSite(t)
	for name, id := range map[string]string{"made by hand": "9unknownexample23456789abc", "a name, not an id": "drivers"} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			form := values("client", id, "return", "https://riders.example.com/trips", "password", password, "repeat", password)
			for _, test := range []struct {
				request *http.Request
				want    pageName
			}{
				{open(link.PathConfirm, form), confirm},
				{press(link.PathConfirm, form), confirmed},
				{press(link.PathResend, form), sent},
				{open(link.PathReset, form), reset},
				{press(link.PathReset, form), resetDone},
			} {
				w := s.serve(t, test.request)
				s.checkState(t, w, test.want, "riders", "en")
				s.logged.CheckLine(t, map[string]any{"level": "WARN", "warning": "the app client of the link is not in the settings"})
			}
			if len(s.cognito.asked) != 3 {
				t.Fatalf("Cognito was asked %d times, not 3", len(s.cognito.asked))
			}
			if in := s.cognito.asked[0]; in.ClientId != ridersID {
				t.Errorf("Cognito was asked as %s", in.ClientId)
			}
		})
	}
}

// answers are what Cognito may say to the three operations, with the page of
// each. The zero state is for what Cognito does not answer there.
func answers() map[string]answer {
	trigger := says("UserLambdaValidationException", "PostConfirmation failed with error Please come back tomorrow.")
	none := pageName{}
	return map[string]answer{
		"done":                     {nil, confirmed, sent, resetDone},
		"confirmed before":         {says("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"), alreadyConfirmed, sent, none},
		"not authorized":           {says("NotAuthorizedException", "User is disabled."), refused, sent, refused},
		"not authorized, no words": {says("NotAuthorizedException"), refused, sent, refused},
		"expired code":             {says("ExpiredCodeException"), expired, sent, resetExpired},
		"wrong code":               {says("CodeMismatchException"), wrongCode, sent, resetWrongCode},
		"unknown user":             {says("UserNotFoundException"), expired, sent, resetExpired},
		"address taken":            {says("AliasExistsException"), addressTaken, addressTaken, addressTaken},
		"not yet confirmed":        {says("UserNotConfirmedException"), expired, sent, resetExpired},
		"refused by a trigger":     {trigger, refusedByTrigger, refusedByTrigger, refusedByTrigger},
		"refused without a word":   {says("UserLambdaValidationException"), unavailable, unavailable, resetUnavailable},
		"too many failures":        {says("TooManyFailedAttemptsException"), tooManyAttempts, tooManyAttempts, tooManyAttempts},
		"over the limit":           {says("LimitExceededException"), limitReached, limitReached, limitReached},
		"too many requests":        {says("TooManyRequestsException"), busy, busy, resetBusy},
		"a bad password":           {says("InvalidPasswordException"), none, none, resetRefused},
		"a password used before":   {says("PasswordHistoryPolicyViolationException"), none, none, resetUsed},
		"a bad parameter":          {says("InvalidParameterException"), badLink, sent, resetRefused},
		"an unknown client":        {says("ResourceNotFoundException"), unknownClient, unknownClient, unknownClient},
		"an inner error":           {&functiontest.APIError{Status: 500, Code: "InternalErrorException"}, unavailable, unavailable, resetUnavailable},
		"a trigger that fails":     {says("UnexpectedLambdaException"), unavailable, unavailable, resetUnavailable},
		"a trigger's bad answer":   {says("InvalidLambdaResponseException"), unavailable, unavailable, resetUnavailable},
		"forbidden by a firewall":  {&functiontest.APIError{Status: 403, Code: "ForbiddenException"}, unavailable, unavailable, resetUnavailable},
		"a mail that is not sent":  {says("CodeDeliveryFailureException"), none, unavailable, none},
		"an error of a later day":  {says("LaterException", "sample"), unavailable, unavailable, resetUnavailable},
		"no connection":            {errors.New("dial tcp: connection refused"), unavailable, unavailable, resetUnavailable},
		"no answer in time":        {context.DeadlineExceeded, unavailable, unavailable, resetUnavailable},
	}
}

type answer struct {
	err                    error
	confirm, resend, reset pageName
}

// at is the page of each operation that may get the answer. A new link for a
// password is answered like one to confirm, in its own words.
func (a answer) at() map[string]pageName {
	forgot := a.resend
	if forgot == sent {
		forgot = resetSent
	}
	all := map[string]pageName{link.PathConfirm: a.confirm, link.PathResend: a.resend, link.PathForgot: forgot, link.PathReset: a.reset}
	maps.DeleteFunc(all, func(_ string, s pageName) bool { return s == pageName{} })
	return all
}

// fails makes Cognito answer with an error.
func (r *recorder) fails(err error) { r.err = err }

func TestEachCognitoResponseHasItsPage(t *testing.T) {
	shared := newSite(t)
	for name, answer := range answers() {
		for path, want := range answer.at() {
			t.Run(name+" at "+path, func(t *testing.T) {
				s := shared.another()
				s.cognito.fails(answer.err)
				w := s.serve(t, press(path, values("password", password, "repeat", password)))
				s.checkState(t, w, want, "riders", "en")
				if len(s.cognito.asked) != 1 {
					t.Errorf("Cognito was asked %d times", len(s.cognito.asked))
				}
				if strings.Contains(w.Body.String(), password) {
					t.Error("the password is in the page")
				}
			})
		}
	}
}

func TestTypedCodeCanBeRetyped(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct {
		code           string
		err            error
		confirm, reset pageName
	}{
		"none":                           {"", nil, wrongCode, resetWrongCode},
		"letters":                        {"abcdef", nil, wrongCode, resetWrongCode},
		"a wrong one":                    {code, says("CodeMismatchException"), wrongCode, resetWrongCode},
		"a wrong one that counts as old": {code, says("ExpiredCodeException"), wrongCode, resetWrongCode},
		"the right one":                  {code, nil, confirmed, resetDone},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			s.cognito.fails(test.err)
			form := values("code", test.code, "typed", "1", "password", password, "repeat", password)
			s.checkState(t, s.serve(t, press(link.PathReset, form)), test.reset, "riders", "en")
			w := s.serve(t, press(link.PathConfirm, form))
			s.checkState(t, w, test.confirm, "riders", "en")
			if page := w.Body.String(); test.confirm == wrongCode && (strings.Count(page, "<form") != 2 || !strings.Contains(page, `action="/resend"`)) {
				t.Error("the page offers no new link")
			}
		})
	}
}

func TestLinkOfAnotherPool(t *testing.T) {
	shared := newSite(t)
	for name, err := range map[string]error{
		"an unknown code": says("CodeMismatchException"), "an old code": says("ExpiredCodeException"), "an unknown user": says("UserNotFoundException"),
	} {
		for _, path := range []string{link.PathConfirm, link.PathReset} {
			t.Run(name+" at "+path, func(t *testing.T) {
				s := shared.another()
				s.cognito.fails(err)
				form := values("client", "9otherpoolexample456789abc", "password", password, "repeat", password)
				s.checkState(t, s.serve(t, press(path, form)), unknownClient, "riders", "en")
				s.logged.CheckLine(t, map[string]any{"level": "WARN"})
			})
		}
	}
}

func TestTriggerMessageIsShown(t *testing.T) {
	shared := newSite(t)
	const unread = "" // the page unavailable is shown instead
	for message, want := range map[string]string{
		"PostConfirmation failed with error Please come back tomorrow.":         "Please come back tomorrow.",
		"PostConfirmation failed with error Please come back tomorrow..":        "Please come back tomorrow.",
		"CustomMessage failed with error Why?.":                                 "Why?",
		"CustomMessage failed with error 请稍后再试。.":                               "请稍后再试。",
		"PreSignUp failed with error NOT_TODAY: Please come back tomorrow.":     "Please come back tomorrow.",
		"PreSignUp failed with error Sorry: not today.":                         "Sorry: not today.",
		`PreSignUp failed with error <b>"A" & 'b'</b>.`:                         `<b>"A" & 'b'</b>.`,
		"PreSignUp failed with error " + strings.Repeat("ä", maxReason-1) + ".": strings.Repeat("ä", maxReason-1) + ".",
		"PreSignUp failed with error " + strings.Repeat("ä", maxReason) + ".":   unread,
		"PreSignUp failed with error line\nbreak.":                              unread,
		"PreSignUp failed with error \xff.":                                     unread,
		"PreSignUp failed with error .":                                         unread,
		"PreSignUp failed with error CODE: .":                                   unread,
		"Please come back tomorrow.":                                            unread,
		"":                                                                      unread,
	} {
		t.Run(message, func(t *testing.T) {
			s := shared.another()
			s.cognito.fails(says("UserLambdaValidationException", message))
			w := s.serve(t, press(link.PathConfirm, values()))
			if want == unread {
				s.checkState(t, w, unavailable, "riders", "en")
				return
			}
			s.checkState(t, w, refusedByTrigger, "riders", "en")
			s.logged.CheckLine(t, map[string]any{"level": "WARN", "warning": "UserLambdaValidationException"})
			if got := read(w.Body.String()).text; !strings.Contains(got, "\n"+want+"\n") {
				t.Errorf("the page reads %q, without %q", got, want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	shared := newSite(t)
	after := map[pageName]string{
		tooManyAttempts: "3600", limitReached: "3600", busy: "10", resetBusy: "10", unavailable: "10", resetUnavailable: "10",
	}
	for name, answer := range answers() {
		for path, want := range answer.at() {
			s := shared.another()
			s.cognito.fails(answer.err)
			w := s.serve(t, press(path, values("password", password, "repeat", password)))
			if got := w.Header().Get("Retry-After"); got != after[want] {
				t.Errorf("%s at %s: Retry-After is %q, want %q", name, path, got, after[want])
			}
		}
	}
}

func TestHealth(t *testing.T) {
	shared := newSite(t)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		s := shared.another()
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(method, "https://"+host+"/health", nil))
		if w.Code != http.StatusOK || w.Body.String() != "ok\n" || w.Header().Get("Cache-Control") != "no-store" || s.logged.Len() != 0 {
			t.Errorf("%s: %d %q, log %q", method, w.Code, w.Body, s.logged)
		}
	}
	s := newSite(t)
	s.handler.files.Dir = t.TempDir()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://"+host+"/health", nil))
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != "unhealthy\n" {
		t.Errorf("without pages: %d %q", w.Code, w.Body)
	}
	s.logged.CheckLine(t, map[string]any{"level": "ERROR", "Outcome": "unhealthy"})
	s.checkNotAsked(t)
}

// A panic that escapes would end the process, and the reply would be API Gateway's own.
func TestPanicOfHealthIsRecovered(t *testing.T) {
	s := newSite(t)
	s.handler.files.Dir = t.TempDir() // so that it is logged
	var logged bytes.Buffer
	s.handler.log = logging.NewWith("verify-link", &panicsOnce{w: &logged}, time.Now)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://"+host+"/health", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(logged.String(), `"level":"ERROR"`) {
		t.Errorf("the response is %d %q, the log %s", w.Code, w.Body, &logged)
	}
}

// panicsOnce is a writer that panics at the first write.
type panicsOnce struct {
	w        io.Writer
	panicked bool
}

func (p *panicsOnce) Write(b []byte) (int, error) {
	if !p.panicked {
		p.panicked = true
		panic("sample")
	}
	return p.w.Write(b)
}

func TestDamagedLinks(t *testing.T) {
	shared := newSite(t)
	ofReset := map[pageName]pageName{confirmCode: resetCode, badLink: badLink}
	for name, test := range map[string]struct {
		changes       []string
		confirm, form pageName // of /confirm; none of them may ask Cognito
	}{
		"without a code":                 {[]string{"code", ""}, confirmCode, confirmCode},
		"an invalid code":                {[]string{"code", "abc"}, confirmCode, confirmCode},
		"a code that is cut off":         {[]string{"code", "12345"}, confirmCode, confirmCode},
		"Cognito's placeholder":          {[]string{"code", "{####}"}, confirmCode, confirmCode},
		"a code of 300 KB":               {[]string{"code", strings.Repeat("1", 300<<10)}, confirmCode, badLink}, // the form is too long
		"without a user":                 {[]string{"user", ""}, badLink, badLink},
		"a user that is cut off":         {[]string{"user", userID[:24]}, badLink, badLink},
		"a user name that was chosen":    {[]string{"user", "jane"}, badLink, badLink},
		"a provider's user":              {[]string{"user", "facebook_1234567890"}, badLink, badLink},
		"an address as the user":         {[]string{"user", "jane@example.com"}, badLink, badLink},
		"a user with a space":            {[]string{"user", "jane sample"}, badLink, badLink},
		"a user with a line break":       {[]string{"user", "jane\r\nsample"}, badLink, badLink},
		"a user of 129 characters":       {[]string{"user", strings.Repeat("ä", 129)}, badLink, badLink},
		"a user of 300 KB":               {[]string{"user", strings.Repeat("u", 300<<10)}, badLink, badLink},
		"a user of broken UTF-8":         {[]string{"user", "jane\xff"}, badLink, badLink},
		"a client that no client can be": {[]string{"client", "../../" + ridersID}, badLink, badLink},
		"a client of 300 KB":             {[]string{"client", strings.Repeat("c", 300<<10)}, badLink, badLink},
		"nothing at all":                 {[]string{"client", "", "user", "", "code", "", "lang", ""}, badLink, badLink},
	} {
		t.Run("open a link: "+name, func(t *testing.T) {
			s := shared.another()
			s.checkState(t, s.serve(t, open(link.PathConfirm, values(test.changes...))), test.confirm, "riders", "en")
			s.checkNotAsked(t)
		})
		t.Run("press the button: "+name, func(t *testing.T) {
			s := shared.another()
			s.checkState(t, s.serve(t, press(link.PathConfirm, values(test.changes...))), test.form, "riders", "en")
			s.checkNotAsked(t)
		})
		t.Run("open a new password: "+name, func(t *testing.T) {
			s := shared.another()
			s.checkState(t, s.serve(t, open(link.PathReset, values(test.changes...))), ofReset[test.confirm], "riders", "en")
			s.checkNotAsked(t)
		})
		t.Run("save a new password: "+name, func(t *testing.T) {
			s := shared.another()
			form := values(append(test.changes, "password", password, "repeat", password)...)
			s.checkState(t, s.serve(t, press(link.PathReset, form)), ofReset[test.form], "riders", "en")
			s.checkNotAsked(t)
		})
	}
}

func TestCodeMayBeTypedInAnyWay(t *testing.T) {
	shared := newSite(t)
	for _, typed := range []string{
		" 123456", "123 456", "123\u00a0456\n", "1 2 3 4 5 6", "١٢٣٤٥٦", "\u200f１２３４５６\u200e", "123–456", "(123) 456.", "#123456",
		"Code: 123456", "Your code is 123-456. It is valid for 24 hours.",
	} {
		for path, done := range map[string]pageName{link.PathConfirm: confirmed, link.PathReset: resetDone} {
			s := shared.another()
			form := values("code", typed, "typed", "1", "password", password, "repeat", password)
			s.checkState(t, s.serve(t, press(path, form)), done, "riders", "en")
			if in := s.cognito.asked[0]; in.ConfirmationCode != code {
				t.Errorf("%q is asked as %q", typed, in.ConfirmationCode)
			}
		}
	}
}

// Cognito counts wrong codes, so what cannot be one is no attempt.
func TestNoCodeOfSixDigitsAsksNobody(t *testing.T) {
	shared := newSite(t)
	for _, typed := range []string{"12345", "1234567", "123456 or 654321", "12345O", "the code", "²²²²²²"} {
		for path, wrong := range map[string]pageName{link.PathConfirm: wrongCode, link.PathReset: resetWrongCode} {
			s := shared.another()
			w := s.serve(t, press(path, values("code", typed, "typed", "1", "password", password, "repeat", password)))
			s.checkState(t, w, wrong, "riders", "en")
			s.checkNotAsked(t)
			if page := read(w.Body.String()); !strings.Contains(page.text, "Six digits") || page.fields["user"] != userID {
				t.Errorf("%q leads to %q with %q", typed, page.text, page.fields)
			}
		}
	}
}

func TestWhereAFormWasSentFrom(t *testing.T) {
	shared := newSite(t)
	again := map[string]pageName{link.PathConfirm: pressAgain, link.PathResend: pressAgain, link.PathForgot: pressAgain, link.PathReset: resetAgain}
	for name, test := range map[string]struct {
		origin, site string
		want         sender
	}{
		"this page, in a browser of today":            {"https://" + host, "same-origin", ownOrigin},
		"this page, in an older browser":              {"https://" + host, "", ownOrigin},
		"this page, without an origin":                {"", "same-origin", ownOrigin},
		"this page, with an origin that is hidden":    {"null", "same-origin", ownOrigin},
		"a program without an origin":                 {"", "", unnamed},
		"typed into the address bar":                  {"", "none", unnamed},
		"an older browser that hides the origin":      {"null", "", unnamed},
		"another site":                                {"https://evil.example", "cross-site", otherOrigin},
		"another site that hides":                     {"null", "cross-site", otherOrigin},
		"another site without an origin":              {"", "cross-site", otherOrigin},
		"another site that names our origin":          {"https://" + host, "cross-site", otherOrigin},
		"another host of the same domain":             {"https://app.example.com", "same-site", otherOrigin},
		"another host that hides":                     {"null", "same-site", otherOrigin},
		"another origin in an older browser":          {"https://evil.example", "", otherOrigin},
		"another port in an older browser":            {"https://" + host + ":8443", "", otherOrigin},
		"an origin that begins like ours":             {"https://" + host + ".evil.example", "", otherOrigin},
		"an invalid origin":                           {"::", "", otherOrigin},
		"a value of Sec-Fetch-Site that is not known": {"https://" + host, "later", otherOrigin},
	} {
		for path, again := range again {
			t.Run(name+" at "+path, func(t *testing.T) {
				s := shared.another()
				full := values("password", password, "repeat", password)
				w := s.serve(t, pressFrom(test.site, test.origin, path, full))
				switch test.want {
				case ownOrigin:
					if w.Code != http.StatusOK || len(s.cognito.asked) != 1 {
						t.Errorf("the status is %d, and Cognito was asked %d times", w.Code, len(s.cognito.asked))
					}
					return
				case unnamed:
					s.checkState(t, w, again, "riders", "en")
				case otherOrigin:
					s.checkState(t, w, otherSite, "riders", "en")
				}
				s.checkNotAsked(t)
				// The form of the page that came once more counts, from wherever no other site sends it.
				full.Set("pressed", "1")
				s.serve(t, pressFrom(test.site, test.origin, path, full))
				if accepted := len(s.cognito.asked) == 1; accepted != (test.want == unnamed) {
					t.Errorf("the second press is accepted: %t", accepted)
				}
			})
		}
	}
}

// An old browser that says nothing takes two presses for a whole visit, however many forms it has.
func TestOldBrowserPressesOnceMoreForAVisit(t *testing.T) {
	s := newSite(t)
	submit := func(path string, form url.Values, err error, want pageName) url.Values {
		t.Helper()
		s.cognito.fails(err)
		w := s.serve(t, unnamedPress(path, form))
		s.checkState(t, w, want, "riders", "en")
		next := url.Values{}
		for name, value := range read(w.Body.String()).fields {
			next.Set(name, value)
		}
		return next
	}
	form := submit(link.PathConfirm, values(), nil, pressAgain)
	form = submit(link.PathConfirm, form, says("ExpiredCodeException"), expired)
	submit(link.PathResend, form, nil, sent)

	typed := func(form url.Values, password, repeat string) url.Values {
		form.Set("password", password)
		form.Set("repeat", repeat)
		return form
	}
	form = submit(link.PathReset, typed(values(), password, "another"), nil, resetDiffer)
	submit(link.PathReset, typed(form, password, password), nil, resetDone)

	form = submit(link.PathReset, typed(values("typed", "1"), password, password), nil, resetAgain)
	form = submit(link.PathReset, typed(form, password, password), says("CodeMismatchException"), resetWrongCode)
	submit(link.PathForgot, form, nil, resetSent)
}

func TestOnlyOurFormsAreRead(t *testing.T) {
	shared := newSite(t)
	form := values().Encode()
	multipart := "--x\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\n" + userID + "\r\n--x--\r\n"
	for name, test := range map[string]struct{ query, contentType, body string }{
		"no body":                            {"", "application/x-www-form-urlencoded", ""},
		"the values in the address":          {form, "application/x-www-form-urlencoded", ""},
		"no content type":                    {"", "", form},
		"an invalid content type":            {"", ";;;", form},
		"plain text":                         {"", "text/plain", form},
		"JSON":                               {"", "application/json", `{"client":"` + ridersID + `","user":"` + userID + `","code":"` + code + `"}`},
		"a form with files":                  {"", "multipart/form-data; boundary=x", multipart},
		"a form that is not escaped as such": {"", "application/x-www-form-urlencoded", form + "&x=%zz"},
		"a form that is just too long":       {"", "application/x-www-form-urlencoded", form + "&x=" + strings.Repeat("x", maxBody-len(form)-2)},
		"a form of 10 MB":                    {"", "application/x-www-form-urlencoded", form + "&x=" + strings.Repeat("x", 10<<20)},
	} {
		for _, path := range []string{link.PathConfirm, link.PathResend, link.PathForgot, link.PathReset} {
			t.Run(name+" at "+path, func(t *testing.T) {
				s := shared.another()
				r := press(path, nil)
				r.URL.RawQuery, r.Body, r.ContentLength = test.query, io.NopCloser(strings.NewReader(test.body)), int64(len(test.body))
				r.Header.Set("Content-Type", test.contentType)
				s.checkState(t, s.serve(t, r), badLink, "riders", "en")
				s.checkNotAsked(t)
			})
		}
	}
	t.Run("a form of exactly the limit is read", func(t *testing.T) {
		s := shared.another()
		form := values()
		form.Set("x", strings.Repeat("x", maxBody-len(form.Encode())-3))
		s.checkState(t, s.serve(t, press(link.PathConfirm, form)), confirmed, "riders", "en")
	})
}

func TestOtherPathsAndMethodsDoNothing(t *testing.T) {
	shared := newSite(t)
	for _, test := range []struct {
		method, path string
		want         pageName
		allow        string
	}{
		{"GET", "/", notFound, ""}, {"GET", "/favicon.ico", notFound, ""}, {"GET", "/wp-login.php", notFound, ""}, {"GET", "/confirm/", notFound, ""},
		{"GET", "/Confirm", notFound, ""}, {"GET", "/confirm/more", notFound, ""}, {"POST", "/", notFound, ""}, {"POST", "/confirm/", notFound, ""},
		{"POST", "/other", notFound, ""}, {"POST", "/health", notFound, ""}, {"PUT", "/other", notFound, ""},
		// net/http would redirect these, with the code, to a clean path.
		{"GET", "//x/confirm", notFound, ""}, {"GET", "//confirm", notFound, ""}, {"GET", "/./confirm", notFound, ""}, {"GET", "/confirm/../reset", notFound, ""},
		{"GET", "/confirm/..", notFound, ""}, {"HEAD", "/a/../confirm", notFound, ""}, {"POST", "//x/confirm", notFound, ""},
		{"POST", "/confirm/../reset", notFound, ""}, {"GET", "/confirm%2f..%2freset", notFound, ""},
		{"GET", "/forgot", wrongMethod, "POST"}, {"GET", "/resend", wrongMethod, "POST"}, {"HEAD", "/resend", wrongMethod, "POST"}, {"PUT", "/resend", wrongMethod, "POST"},
		{"PUT", "/confirm", wrongMethod, "GET, HEAD, POST"}, {"PATCH", "/confirm", wrongMethod, "GET, HEAD, POST"},
		{"DELETE", "/reset", wrongMethod, "GET, HEAD, POST"}, {"OPTIONS", "/confirm", wrongMethod, "GET, HEAD, POST"},
		{"POST", "/notme", wrongMethod, "GET, HEAD"}, {"PUT", "/notme", wrongMethod, "GET, HEAD"}, {"GET", "/notme/", notFound, ""},
		{"POST", "/notasked", wrongMethod, "GET, HEAD"}, {"GET", "/notasked/", notFound, ""},
		{"PUT", "/help", wrongMethod, "GET, HEAD, POST"}, {"GET", "/help/", notFound, ""},
		{"TRACE", "/reset", wrongMethod, "GET, HEAD, POST"}, {"CONFIRM", "/confirm", wrongMethod, "GET, HEAD, POST"},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			s := shared.another()
			r := press(test.path, values())
			r.Method = test.method
			w := s.serve(t, r)
			s.checkState(t, w, test.want, "riders", "en")
			if got := w.Header().Get("Allow"); got != test.allow {
				t.Errorf("the header has Allow: %s, want %s", got, test.allow)
			}
			s.checkNotAsked(t)
		})
	}
}

func TestSlowCognitoLeavesTimeForThePage(t *testing.T) {
	shared := newSite(t)
	for path, want := range map[string]pageName{link.PathConfirm: unavailable, link.PathResend: unavailable, link.PathForgot: unavailable, link.PathReset: resetUnavailable} {
		t.Run(path, func(t *testing.T) {
			s := shared.another()
			s.cognito.slow = true
			deadline := time.Now().Add(1800 * time.Millisecond)
			ctx, cancel := context.WithDeadline(t.Context(), deadline)
			defer cancel()
			r := press(path, values("password", password, "repeat", password))
			w := s.serve(t, r.WithContext(ctx))
			if left := time.Until(deadline); left < time.Second {
				t.Errorf("the page comes %v before the deadline", left)
			}
			s.checkState(t, w, want, "riders", "en")
			s.logged.CheckLine(t, map[string]any{"reason": "timeout"})
		})
	}
}

func TestRepeatedPasswordMustMatch(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct {
		password, repeat string
		want             pageName
	}{
		"the same twice":               {password, password, resetDone},
		"two that differ":              {password, "correct horse 8", resetDiffer},
		"two that differ in case":      {password, "Correct horse 7", resetDiffer},
		"one only":                     {password, "", resetDiffer},
		"the other one only":           {"", password, resetDiffer},
		"none":                         {"", "", resetDiffer},
		"spaces count":                 {password, password + " ", resetDiffer},
		"signs that HTML would change": {`<">&'+%41 ß`, `<">&'+%41 ß`, resetDone},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			w := s.serve(t, press(link.PathReset, values("password", test.password, "repeat", test.repeat)))
			s.checkState(t, w, test.want, "riders", "en")
			for _, typed := range []string{password, "orrect horse", "%41"} {
				if strings.Contains(w.Body.String(), typed) {
					t.Errorf("%q is in the page", typed)
				}
			}
			if test.want == resetDone {
				if in := s.cognito.asked[0]; in.Password != test.password {
					t.Errorf("the password is saved as %q", in.Password)
				}
				return
			}
			s.checkNotAsked(t)
			// The form comes again, so that the next try needs no new link.
			page := read(w.Body.String())
			if page.action != "post /reset" || page.fields["user"] != userID || page.fields["code"] != code || page.fields["password"] != "" {
				t.Errorf("the page has the form %s with %q", page.action, page.fields)
			}
		})
	}
}

func TestFirstSupportedLocaleIsUsed(t *testing.T) {
	shared := newSite(t)
	for name, test := range map[string]struct{ lang, header, client, want string }{
		"the link's":                               {"fr", "ar", ridersID, "fr"},
		"the link's, with a region":                {"fr-CA", "", ridersID, "fr"},
		"the browser's when the link has none":     {"", "ar", ridersID, "ar"},
		"the browser's when the link's is unknown": {"xx", "ar-EG,en;q=0.8", ridersID, "ar"},
		"the browser's first that there is":        {"", "de-AT, de;q=0.9, fr;q=0.8, en;q=0.7", ridersID, "fr"},
		"any":                                      {"", "*", driversID, "fr"},
		"none leads to the client's":               {"", "", driversID, "fr"},
		"garbage leads to the client's":            {"../../../etc/passwd", ";;,,\x00<b>,", driversID, "fr"},
		"300 KB lead to the client's":              {strings.Repeat("ar-", 100<<10), strings.Repeat("ar-", 100<<10), driversID, "fr"},
		"a wish behind seven others is heard":      {"", "a,b,c,d,e,f,g,ar", ridersID, "ar"},
		"a wish behind eight others is not":        {"", "a,b,c,d,e,f,g,h,ar", ridersID, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			r := open(link.PathConfirm, values("lang", test.lang, "client", test.client))
			r.Header.Set("Accept-Language", test.header)
			w := s.serve(t, r)
			client := map[string]string{ridersID: "riders", driversID: "drivers"}[test.client]
			s.checkState(t, w, confirm, client, test.want)
			if got := read(w.Body.String()); got.lang != test.want || got.fields["lang"] != test.want || w.Header().Get("Content-Language") != test.want {
				t.Errorf("the page is in %s, its header says %s, its form goes on in %s", got.lang, w.Header().Get("Content-Language"), got.fields["lang"])
			}
		})
	}
}

func TestSampleEventsThroughTheGateway(t *testing.T) {
	shared := newSite(t)
	type row struct{ status, asked int }
	functiontest.EachEvent(t, map[string]row{
		"open-the-link-of-a-sign-up":                        {http.StatusOK, 0},
		"open-a-link-at-a-function-url":                     {http.StatusOK, 0},
		"open-a-link-with-cookies-and-a-client-certificate": {http.StatusOK, 0},
		"press-the-button-that-confirms":                    {http.StatusOK, 1},
		"press-the-button-with-a-body-in-plain-text":        {http.StatusOK, 1},
		"open-a-link-in-payload-format-1":                   {http.StatusBadRequest, 0},
		"press-the-button-on-a-page-of-another-site":        {http.StatusForbidden, 0},
		"send-a-new-link":                                   {http.StatusOK, 1},
		"save-a-new-password":                               {http.StatusOK, 1},
		"open-a-path-that-does-not-exist":                   {http.StatusNotFound, 0},
	}, func(t *testing.T, payload []byte, want row) {
		s := shared.another()
		reply, err := s.throughGateway().Invoke(t.Context(), payload)
		if err != nil {
			t.Fatal(err)
		}
		var response events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(reply, &response); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want.status || len(s.cognito.asked) != want.asked {
			t.Errorf("the status is %d, and Cognito was asked %d times, want %d and %d", response.StatusCode, len(s.cognito.asked), want.status, want.asked)
		}
		if want.status == http.StatusBadRequest { // not a request that the function can read
			return
		}
		if response.IsBase64Encoded || read(response.Body).heading == "" || response.Headers["Content-Type"] != "text/html; charset=utf-8" {
			t.Errorf("the page is %.100q, with %q", response.Body, response.Headers)
		}
		w := httptest.NewRecorder()
		for name, value := range response.Headers {
			w.Header().Set(name, value)
		}
		w.Body.WriteString(response.Body)
		checkHeader(t, w)
	})
}

func TestPanicShowsTheUnavailablePage(t *testing.T) {
	for path, want := range map[string]pageName{link.PathConfirm: unavailable, link.PathResend: unavailable, link.PathForgot: unavailable, link.PathReset: resetUnavailable} {
		s := newSite(t)
		s.handler.cognito = nil
		s.checkState(t, s.serve(t, press(path, values("password", password, "repeat", password))), want, "riders", "en")
		s.logged.CheckLine(t, map[string]any{"reason": "panic"})
	}
}

func TestMissingPageIsAServiceFault(t *testing.T) {
	s := newSite(t)
	s.handler.files.Dir = t.TempDir()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, open(link.PathConfirm, values()))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), userID) {
		t.Errorf("the answer is %d %q", w.Code, w.Body)
	}
	if !strings.Contains(s.logged.String(), `"level":"ERROR"`) || !strings.Contains(s.logged.String(), "pages/riders/en/confirm") {
		t.Errorf("the log does not name what is missing: %s", s.logged)
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	shared := newSite(t)
	secret := func(what string) string { return "secret-" + what + "-jane@example.com" }
	planted := url.Values{"client": {ridersID}, "user": {secretUser}, "code": {secretCode}, "return": {secret("return")}, "lang": {secret("lang")},
		"email": {"jane@example.com"}, "password": {secret("password")}, "repeat": {secret("password")}, secret("key"): {secret("value")}}
	bad := maps.Clone(planted)
	bad["client"], bad["user"] = []string{secret("client")}, []string{secret("user")}
	custom := open(link.PathConfirm, planted)
	custom.Method = "SECRET-METHOD"
	escaped := press(link.PathConfirm, nil)
	escaped.Body = io.NopCloser(strings.NewReader("user=secret&%zz" + secret("body")))
	for name, test := range map[string]struct {
		request *http.Request
		err     error
	}{
		"a link":                           {open(link.PathConfirm, planted), nil},
		"a link for a new password":        {open(link.PathReset, planted), nil},
		"a bad link":                       {open(link.PathConfirm, bad), nil},
		"a path that is a secret":          {open("/"+secret("path"), planted), nil},
		"a method that is a secret":        {custom, nil},
		"a confirmation":                   {press(link.PathConfirm, planted), nil},
		"a new link":                       {press(link.PathResend, planted), nil},
		"a new password":                   {press(link.PathReset, planted), nil},
		"a new link for a password":        {press(link.PathForgot, planted), nil},
		"an address":                       {press(link.PathHelp, planted), nil},
		"an address, and a trigger quotes": {press(link.PathHelp, planted), says("UserLambdaValidationException", "CustomMessage failed with error "+secret("sentence"))},
		"no address":                       {press(link.PathHelp, url.Values{"email": {"secret-jane"}}), nil},
		"a form that cannot be read":       {escaped, nil},
		"Cognito refuses and quotes":       {press(link.PathConfirm, planted), says("NotAuthorizedException", secret("message"))},
		"a trigger refuses and quotes":     {press(link.PathConfirm, planted), says("UserLambdaValidationException", "PreSignUp failed with error "+secret("sentence"))},
		"Cognito fails and quotes":         {press(link.PathConfirm, planted), says("InternalErrorException", secret("message"))},
		"a later error that quotes":        {press(link.PathReset, planted), says("LaterException", secret("message"))},
		"an error without a code, quoted":  {press(link.PathResend, planted), errors.New(secret("message"))},
	} {
		t.Run(name, func(t *testing.T) {
			s := shared.another()
			s.cognito.err = test.err
			for _, header := range []string{"Referer", "User-Agent", "Cookie", "Accept-Language", "X-Forwarded-For", "Authorization"} {
				test.request.Header.Set(header, secret("header"))
			}
			s.logged.CheckNothingPersonal(t, func() error {
				s.handler.ServeHTTP(httptest.NewRecorder(), test.request)
				return nil
			}, secretUser, secretCode)
		})
	}
}

// A user and a code that can be in a link.
const (
	secretUser = "5ec7e700-1111-4222-8333-444455556666"
	secretCode = "314159"
)

func BenchmarkGET(b *testing.B) {
	s := newSite(b)
	s.handler.log = logging.NewWith("verify-link", io.Discard, time.Now)
	g, event := s.throughGateway(), functiontest.Events(b)["open-the-link-of-a-sign-up"]
	functiontest.Bench(b, 75, func() {
		if reply, err := g.Invoke(b.Context(), event); err != nil || !bytes.HasPrefix(reply, []byte(`{"statusCode":200,`)) {
			b.Fatalf("%v: %s", err, reply)
		}
	})
}

// states are all states that there are.
func states() []pageName {
	return []pageName{
		confirm, confirmCode, confirmed, alreadyConfirmed, wrongCode, expired, sent, addressTaken,
		reset, resetCode, resetDiffer, resetRefused, resetUsed, resetWrongCode, resetDone, resetExpired, resetSent, resetUnavailable,
		notMe, notAsked, help, helpAgain, helpSent, tooManyAttempts, limitReached, refused, refusedByTrigger, unavailable,
		badLink, wrongMethod, unknownClient, otherSite, pressAgain, resetAgain, notFound,
		busy, resetBusy,
	}
}

// The states when the account has too many requests.
var (
	busy      = pageName{unavailable.name, http.StatusTooManyRequests}
	resetBusy = pageName{resetUnavailable.name, http.StatusTooManyRequests}
)

func TestCompiledPagesAndStatesMatch(t *testing.T) {
	have := map[string]bool{}
	for file := range functiontest.Compiled(t).Pages {
		have[filepath.Base(file)] = true
	}
	var names []string
	for _, s := range states() {
		names = append(names, s.name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if got := slices.Sorted(maps.Keys(have)); !slices.Equal(got, names) {
		t.Errorf("the pages are %q, the states %q", got, names)
	}
}

package rules

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"poolpost/internal/config"
	"poolpost/internal/functiontest"
)

// hookFunc is a hook in this process.
type hookFunc func(ctx context.Context, request []byte) ([]byte, error)

func (f hookFunc) Ask(ctx context.Context, request []byte) ([]byte, error) { return f(ctx, request) }

func answers(text string) hookFunc {
	return func(context.Context, []byte) ([]byte, error) { return []byte(text), nil }
}

// hooked are the rules of the sample settings with a hook.
func hooked(t testing.TB, hook Hook, change func(*config.SignUpHook)) *Rules {
	t.Helper()
	_, c := functiontest.Dir[config.PreSignUp](t, "pre-sign-up")
	c.Hook = config.SignUpHook{Function: "sign-up-hook", TimeoutMS: 2000, OnFailure: config.RefuseOnFailure}
	if change != nil {
		change(&c.Hook)
	}
	r, err := New(c, functiontest.Sentences(t), Network{Hook: hook})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sample is the request of docs/hooks.md.
func sample() HookRequest {
	return HookRequest{
		TriggerSource: "PreSignUp_SignUp", Region: "eu-central-1", UserPoolID: "eu-central-1_Sample001",
		UserName: "0a1b2c3d-1111-4222-8333-444455556666", Client: HookClient{ID: "1webexample3456789abcdefgh", Name: "web"},
		Locale: "en", Email: "ann@example.com",
		Attributes:     map[string]string{"email": "ann@example.com", "custom:agentName": "Ann"},
		ClientMetadata: map[string]string{"locale": "en"}, ValidationData: []byte(`{"invitation":"SPRING-2026"}`),
	}
}

func askHook(t testing.TB, r *Rules, locale string) Decision {
	t.Helper()
	a := ann("ann@example.com")
	d := r.Decide(t.Context(), a)
	if d.Refusal != nil || d.Steps[len(d.Steps)-1].Result != "not reached" {
		t.Fatalf("the rules refuse with %v, or have asked the hook", d.Refusal)
	}
	request := sample()
	request.Locale, request.MayAutoConfirm = locale, true
	r.AskHook(t.Context(), request, &d)
	return d
}

func TestAnswersOfTheHook(t *testing.T) {
	own := "Your sign-up was not accepted"
	for name, test := range map[string]struct {
		answer   string
		locale   string
		code     string // empty: accepted
		sentence string
		ignored  string
		confirm  bool
	}{
		"accept":                      {answer: `{"decision":"accept"}`},
		"accept with more":            {answer: ` {"decision":"accept","reason":"member","code":7,"sentence":[]} `},
		"accept and confirm":          {answer: `{"decision":"accept","autoConfirm":true}`, confirm: true},
		"accept and do not confirm":   {answer: `{"decision":"accept","autoConfirm":false}`},
		"confirm: null":               {answer: `{"decision":"accept","autoConfirm":null}`},
		"confirm as a text":           {answer: `{"decision":"accept","autoConfirm":"true"}`, ignored: "autoConfirm"},
		"confirm as a number":         {answer: `{"decision":"accept","autoConfirm":1}`, ignored: "autoConfirm"},
		"refuse":                      {answer: `{"decision":"refuse"}`, code: "HOOK_REFUSED", sentence: own},
		"refuse in French":            {answer: `{"decision":"refuse"}`, locale: "fr", code: "HOOK_REFUSED", sentence: "Votre inscription n’a pas été acceptée"},
		"refuse and confirm":          {answer: `{"decision":"refuse","autoConfirm":true}`, code: "HOOK_REFUSED", sentence: own},
		"a code":                      {answer: `{"decision":"refuse","code":"NO_SEAT_2"}`, code: "HOOK_NO_SEAT_2", sentence: own},
		"a code of ours":              {answer: `{"decision":"refuse","code":"ACCOUNT_LINKED"}`, code: "HOOK_ACCOUNT_LINKED", sentence: own},
		"a code of 40":                {answer: `{"decision":"refuse","code":"` + strings.Repeat("A", 40) + `"}`, code: "HOOK_" + strings.Repeat("A", 40), sentence: own},
		"a code of 41":                {answer: `{"decision":"refuse","code":"` + strings.Repeat("A", 41) + `"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"a code in lower case":        {answer: `{"decision":"refuse","code":"noSeat"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"a code with a colon":         {answer: `{"decision":"refuse","code":"A: b"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"a code with a line break":    {answer: `{"decision":"refuse","code":"A\n"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"a code that begins with 1":   {answer: `{"decision":"refuse","code":"1A"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"a code beyond ASCII":         {answer: `{"decision":"refuse","code":"É"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"an empty code":               {answer: `{"decision":"refuse","code":""}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"a number for a code":         {answer: `{"decision":"refuse","code":403}`, code: "HOOK_REFUSED", sentence: own, ignored: "code"},
		"no code: null":               {answer: `{"decision":"refuse","code":null,"sentence":null,"sentences":null}`, code: "HOOK_REFUSED", sentence: own},
		"a sentence":                  {answer: `{"decision":"refuse","code":"A","sentence":"No seat is left"}`, code: "HOOK_A", sentence: "No seat is left"},
		"a sentence with a full stop": {answer: `{"decision":"refuse","sentence":" One. Two. "}`, code: "HOOK_REFUSED", sentence: "One. Two"},
		"a sentence with spaces of French, joiners and a picture": {answer: `{"decision":"refuse","sentence":"Hélas ! می\u200cخواهم 👨‍👩‍👧"}`, code: "HOOK_REFUSED", sentence: "Hélas ! می\u200cخواهم 👨‍👩‍👧"},
		"a sentence of 200":            {answer: `{"decision":"refuse","sentence":"` + strings.Repeat("é", 200) + `"}`, code: "HOOK_REFUSED", sentence: strings.Repeat("é", 200)},
		"a sentence of 201":            {answer: `{"decision":"refuse","code":"A","sentence":"` + strings.Repeat("é", 201) + `"}`, code: "HOOK_A", sentence: own, ignored: "sentence"},
		"a sentence of two lines":      {answer: `{"decision":"refuse","sentence":"a\nb"}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"a sentence with markup":       {answer: `{"decision":"refuse","sentence":"<b>a"}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"a sentence with a control":    {answer: `{"decision":"refuse","sentence":"a\u001b[0m"}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"a sentence that turns text":   {answer: `{"decision":"refuse","sentence":"a\u202eb"}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"a line separator":             {answer: `{"decision":"refuse","sentence":"a\u2028b"}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"a blank sentence":             {answer: `{"decision":"refuse","sentence":" . "}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"a list for a sentence":        {answer: `{"decision":"refuse","sentence":["a"]}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"nothing that can be shown":    {answer: `{"decision":"refuse","code":"a","sentence":"\t"}`, code: "HOOK_REFUSED", sentence: own, ignored: "code, sentence"},
		"sentences":                    {answer: `{"decision":"refuse","sentences":{"fr":"Plus de place","en":"No seat is left"}}`, code: "HOOK_REFUSED", sentence: "No seat is left"},
		"sentences in French":          {answer: `{"decision":"refuse","sentences":{"FR":"Plus de place","en":"No seat is left"}}`, locale: "fr", code: "HOOK_REFUSED", sentence: "Plus de place"},
		"sentences in a language":      {answer: `{"decision":"refuse","sentences":{"pt":"Sem lugar"}}`, locale: "pt-BR", code: "HOOK_REFUSED", sentence: "Sem lugar"},
		"sentences and one for others": {answer: `{"decision":"refuse","sentence":"No seat is left","sentences":{"fr":"Plus de place"}}`, locale: "de", code: "HOOK_REFUSED", sentence: "No seat is left"},
		"sentences for others":         {answer: `{"decision":"refuse","sentences":{"fr":"Plus de place"}}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
		"sentences with a number":      {answer: `{"decision":"refuse","sentences":{"en":1}}`, code: "HOOK_REFUSED", sentence: own, ignored: "sentence"},
	} {
		for _, policy := range []string{config.RefuseOnFailure, config.AcceptOnFailure} {
			t.Run(name+", "+policy, func(t *testing.T) {
				locale := test.locale
				if locale == "" {
					locale = "en"
				}
				d := askHook(t, hooked(t, answers(test.answer), func(h *config.SignUpHook) { h.OnFailure, h.MayAutoConfirm = policy, true }), locale)
				checkCode(t, d.Refusal, test.code)
				if test.code != "" && (d.Refusal.Sentence != test.sentence || d.Refusal.Outcome() != "hook-refused" || d.Refusal.TranslationErr != nil) {
					t.Errorf("the refusal is %+v, want the sentence %q", d.Refusal, test.sentence)
				}
				want := ""
				if test.ignored != "" {
					want = "hook: ignored in its answer: " + test.ignored
				}
				if got := text(d.Warning); got != want || d.HookErr != nil {
					t.Errorf("the warning is %q, want %q; the hook's error is %v", got, want, d.HookErr)
				}
				if d.Confirm != test.confirm {
					t.Errorf("it confirms the user: %t", d.Confirm)
				}
				if step := d.Steps[len(d.Steps)-1]; step.Name != "hook" || test.code == "" && step.Result != "passed" || test.code != "" && step.Result != test.code || step.Took == 0 {
					t.Errorf("the step is %+v", step)
				}
			})
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What is no decision leaves it to the policy, and nothing of it is logged.
func TestFailuresOfTheHook(t *testing.T) {
	big := `{"decision":"accept","note":"` + strings.Repeat("secret", 1<<20) + `"}`
	const noJSON, undecided = "its answer is not a JSON object with a decision", "its answer has no decision accept or refuse"
	for name, test := range map[string]struct {
		hook   hookFunc
		reason string
	}{
		"nothing":                   {answers(""), noJSON},
		"null":                      {answers("null"), undecided},
		"a text":                    {answers(`"accept"`), noJSON},
		"a list":                    {answers(`[{"decision":"accept"}]`), noJSON},
		"true":                      {answers("true"), noJSON},
		"an empty object":           {answers("{}"), undecided},
		"markup":                    {answers("<html>secret"), noJSON},
		"half an answer":            {answers(`{"decision":"accept"`), noJSON},
		"two answers":               {answers(`{"decision":"accept"}{"decision":"refuse"}`), noJSON},
		"two decisions":             {answers(`{"decision":"refuse","decision":"accept"}`), noJSON},
		"a broken text":             {answers("{\"decision\":\"accept\",\"note\":\"\xff\"}"), noJSON},
		"another decision":          {answers(`{"decision":"secret"}`), undecided},
		"the decision in capitals":  {answers(`{"decision":"ACCEPT"}`), undecided},
		"the member in capitals":    {answers(`{"Decision":"accept"}`), undecided},
		"true for a decision":       {answers(`{"decision":true}`), noJSON},
		"an event of Cognito":       {answers(`{"version":"1","request":{},"response":{"autoConfirmUser":true}}`), undecided},
		"an answer for API Gateway": {answers(`{"statusCode":200,"body":"{\"decision\":\"accept\"}"}`), undecided},
		"6 MB":                      {answers(big), "its answer has more than 64 KB"},
		"an error":                  {func(context.Context, []byte) ([]byte, error) { return nil, errors.New("secret") }, "*errors.errorString"},
		"an error beside an answer": {func(context.Context, []byte) ([]byte, error) {
			return []byte(`{"decision":"accept"}`), errors.New("secret")
		}, "*errors.errorString"},
		"late": {func(ctx context.Context, _ []byte) ([]byte, error) { <-ctx.Done(); return nil, ctx.Err() }, "timeout"},
	} {
		for _, policy := range []string{config.RefuseOnFailure, config.AcceptOnFailure} {
			t.Run(name+", "+policy, func(t *testing.T) {
				r := hooked(t, test.hook, func(h *config.SignUpHook) { h.OnFailure, h.MayAutoConfirm = policy, true })
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					d := askHook(t, r, "en")
					if took := time.Since(start); took > 2*time.Second {
						t.Errorf("it took %v", took)
					}
					if want := "hook: " + test.reason; text(d.HookErr) != want || d.Warning != nil {
						t.Errorf("the reason is %q, want %q; the warning is %v", text(d.HookErr), want, d.Warning)
					}
					result := d.Steps[len(d.Steps)-1].Result
					if policy == config.AcceptOnFailure {
						if d.Refusal != nil || d.Confirm || result != "no answer" {
							t.Errorf("got %v, %s, confirmed: %t", d.Refusal, result, d.Confirm)
						}
						return
					}
					checkCode(t, d.Refusal, TryAgain)
					if d.Refusal.Outcome() != "hook-failed" || result != TryAgain {
						t.Errorf("the outcome is %s, the step's result %s", d.Refusal.Outcome(), result)
					}
				})
			})
		}
	}
}

func TestTheHookIsAskedLast(t *testing.T) {
	asked := 0
	r := hooked(t, hookFunc(func(context.Context, []byte) ([]byte, error) { asked++; return nil, nil }), nil)
	for _, a := range []Applicant{ann("ann"), ann("ann@throwaway.example"), with(nil)} {
		d := r.Decide(t.Context(), a)
		before := d.Refusal
		r.AskHook(t.Context(), sample(), &d)
		if d.Refusal == nil || d.Refusal != before || asked > 0 || d.HookErr != nil || d.Steps[len(d.Steps)-1].Result != "not reached" {
			t.Errorf("%+v: got %v, asked %d times", a, d.Refusal, asked)
		}
	}
	// Without a hook nobody is asked, and its step is off.
	r = hooked(t, nil, func(h *config.SignUpHook) { *h = config.SignUpHook{} })
	d := r.Decide(t.Context(), ann("ann@example.com"))
	r.AskHook(t.Context(), sample(), &d)
	if d.Refusal != nil || d.Steps[len(d.Steps)-1].Result != "off" {
		t.Errorf("without a hook: %+v", d)
	}
}

func TestOnlyTheSettingsLetTheHookConfirm(t *testing.T) {
	for _, test := range []struct{ settings, signUp, want bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		var request HookRequest
		r := hooked(t, hookFunc(func(_ context.Context, text []byte) ([]byte, error) {
			if err := json.Unmarshal(text, &request); err != nil {
				t.Error(err)
			}
			return []byte(`{"decision":"accept","autoConfirm":true}`), nil
		}), func(h *config.SignUpHook) { h.MayAutoConfirm = test.settings })
		d := r.Decide(t.Context(), ann("ann@example.com"))
		given := sample()
		given.MayAutoConfirm = test.signUp
		r.AskHook(t.Context(), given, &d)
		if request.MayAutoConfirm != test.want || d.Confirm != test.want || (text(d.Warning) == "") != test.want || d.Refusal != nil {
			t.Errorf("%+v: the request says %t, the decision is %+v", test, request.MayAutoConfirm, d)
		}
	}
}

// What Cognito sends may be anything; the hook gets valid JSON.
func TestRequestsAreValidJSON(t *testing.T) {
	for _, data := range []string{"null", "{}", `{"a":"b","a":"c"}`, "{\"a\":\"\xff\"}", `"text"`} {
		var got []byte
		r := hooked(t, hookFunc(func(_ context.Context, text []byte) ([]byte, error) {
			got = text
			return []byte(`{"decision":"accept"}`), nil
		}), nil)
		d := r.Decide(t.Context(), ann("ann@example.com"))
		request := sample()
		request.ValidationData, request.Attributes["name"] = []byte(data), "\xff"
		if r.AskHook(t.Context(), request, &d); d.HookErr != nil || !json.Valid(got) {
			t.Errorf("%s: %v: %s", data, d.HookErr, got)
		}
	}
}

// docs/hooks.md shows a request as it is, and an example that reads it.
func TestTheDocumentationHasTheRequest(t *testing.T) {
	var got []byte
	r := hooked(t, hookFunc(func(_ context.Context, text []byte) ([]byte, error) { got = text; return nil, nil }), nil)
	d := r.Decide(t.Context(), ann("ann@example.com"))
	r.AskHook(t.Context(), sample(), &d)
	documented := functiontest.Section(t, "docs/hooks.md", "### The request")
	_, block, _ := strings.Cut(documented, "```json\n")
	block, _, _ = strings.Cut(block, "```")
	example, err := os.ReadFile("../../examples/sign-up-hook/request.json")
	if err != nil {
		t.Fatal(err)
	}
	for source, shown := range map[string]string{"docs/hooks.md": block, "examples/sign-up-hook": string(example)} {
		var want, have any
		if json.Unmarshal([]byte(shown), &want) != nil || json.Unmarshal(got, &have) != nil {
			t.Fatalf("%s has no JSON: %s", source, shown)
		}
		a, _ := json.MarshalIndent(want, "", "  ")
		b, _ := json.MarshalIndent(have, "", "  ")
		if string(a) != string(b) {
			t.Errorf("%s has\n%s\nthe hook gets\n%s", source, a, b)
		}
	}
	// Each member is explained.
	rows := functiontest.Table(t, "docs/hooks.md", "### The request")
	var members map[string]any
	if err := json.Unmarshal(got, &members); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		name, _, _ := strings.Cut(strings.Trim(row[0], "`"), ".")
		delete(members, name)
	}
	for name := range members {
		t.Errorf("docs/hooks.md does not explain %s", name)
	}
}

// None of our codes begins like the hook's, so that it cannot imitate one.
func TestCodesOfTheHookAreNotOurs(t *testing.T) {
	for _, code := range codes {
		if strings.HasPrefix(code, hookPrefix) != (code == HookRefusal) {
			t.Errorf("the code %s is one that a hook can refuse with", code)
		}
	}
}

// Whatever the hook answers, the app gets a code of its own and one line, or the policy decides.
func FuzzAskHook(f *testing.F) {
	for _, answer := range []string{
		"", "null", `{"decision":"accept","autoConfirm":true}`, `{"decision":"refuse"}`, `{"decision":"refuse","code":"A_1","sentence":"a. b."}`,
		`{"decision":"refuse","sentences":{"en":"a\u2028","de":"b"}}`, `{"decision":"refuse","code":[],"sentence":{},"sentences":"\ud800"}`,
	} {
		f.Add([]byte(answer))
	}
	form := regexp.MustCompile(`^HOOK_[A-Z][A-Z0-9_]{0,39}$`)
	var answer []byte
	hook := hookFunc(func(context.Context, []byte) ([]byte, error) { return answer, nil })
	strict, lenient := hooked(f, hook, nil), hooked(f, hook, func(h *config.SignUpHook) { h.OnFailure = config.AcceptOnFailure })
	f.Fuzz(func(t *testing.T, text []byte) {
		answer = text
		refuses := false
		for _, r := range []*Rules{strict, lenient} {
			d := askHook(t, r, "en")
			if d.Confirm {
				t.Error("it confirms somebody, and the settings do not let it")
			}
			switch {
			case d.HookErr != nil:
				if (d.Refusal != nil) != (r == strict) || r == strict && d.Refusal.Code != TryAgain {
					t.Errorf("without an answer: %v", d.Refusal)
				}
			case d.Refusal != nil:
				refuses = true
				s := d.Refusal.Sentence
				if !form.MatchString(d.Refusal.Code) || s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > 200 || strings.ContainsAny(s, "\r\n\u2028\u2029\u202e<>\x00\x1b") {
					t.Errorf("the refusal is %q: %q", d.Refusal.Code, s)
				}
			case refuses:
				t.Error("one policy accepts what the other refuses, and both have an answer")
			}
		}
	})
}

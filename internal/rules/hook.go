package rules

import (
	"cmp"
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"poolpost/internal/config"
	"poolpost/internal/logging"
	"poolpost/internal/message"
)

// A Hook is the adopter's own function. It returns what the function answers, as it comes.
type Hook interface {
	Ask(ctx context.Context, request []byte) ([]byte, error)
}

// HookVersion is that of HookRequest. It grows when a member changes its meaning or goes away.
const HookVersion = 1

// A HookRequest is what the hook gets, as JSON. docs/hooks.md explains its members.
type HookRequest struct {
	Version        int               `json:"version"`
	TriggerSource  string            `json:"triggerSource"`
	Region         string            `json:"region"`
	UserPoolID     string            `json:"userPoolId"`
	UserName       string            `json:"userName"`
	Client         HookClient        `json:"client"`
	Provider       string            `json:"provider"` // empty: none
	Locale         string            `json:"locale"`
	Email          string            `json:"email"`
	Attributes     map[string]string `json:"attributes"`
	ClientMetadata map[string]string `json:"clientMetadata"`
	ValidationData jsontext.Value    `json:"validationData"`
	MayAutoConfirm bool              `json:"mayAutoConfirm"` // only if the settings allow it, too
}

// HookClient is an app client.
type HookClient struct {
	ID   string `json:"id"`
	Name string `json:"name"` // in the settings; empty when it could not be found out
}

// A hookAnswer is what the hook answers. All but the decision is read later, so that nothing
// else can turn a refusal into something that the policy accepts.
type hookAnswer struct {
	Decision    string         `json:"decision"`
	Code        jsontext.Value `json:"code"`
	Sentence    jsontext.Value `json:"sentence"`
	Sentences   jsontext.Value `json:"sentences"`
	AutoConfirm jsontext.Value `json:"autoConfirm"`
}

// What an answer may hold.
const (
	maxAnswer   = 64 << 10 // bytes
	maxHookCode = 40       // characters
	maxSentence = 200      // characters
)

// What came of the hook, for logs and metrics: its codes are not words of ours.
const (
	HookRefused = "hook-refused"
	HookFailed  = "hook-failed"
)

// hookPrefix stands before each code of the hook, so that none is one of ours. refusedByHook
// is the code of a hook that gives none.
const (
	hookPrefix    = "HOOK_"
	refusedByHook = "REFUSED"
)

// hookRule is the hook as the last rule.
func hookRule(c config.SignUpHook) Rule {
	return Rule{
		Name: "hook", Setting: "signUp.hook.function", Codes: []string{HookRefusal},
		Enabled: c.Function != "", FailOpen: c.OnFailure == config.AcceptOnFailure,
	}
}

// AskHook asks the hook about somebody whom the rules accept, and adds what it says to their
// decision. Without an answer within its time, or with one that makes no sense, the policy of the
// settings decides.
func (r *Rules) AskHook(ctx context.Context, request HookRequest, d *Decision) {
	c := r.config.Hook
	if c.Function == "" || d.Refusal != nil {
		return
	}
	step, start := &d.Steps[len(d.Steps)-1], time.Now()
	defer func() { step.Took = time.Since(start) }()
	request.Version = HookVersion
	request.MayAutoConfirm = request.MayAutoConfirm && c.MayAutoConfirm
	answer, err := r.hookAnswer(ctx, request)
	switch {
	case err != nil:
		d.HookErr = logging.Safe("hook: " + logging.Reason(err))
		step.Result = noAnswer
		if c.OnFailure != config.AcceptOnFailure {
			d.Refusal = r.Refuse(TryAgain, request.Locale)
			d.Refusal.outcome, step.Result = HookFailed, TryAgain
		}
	case answer.Decision == "refuse":
		d.Refusal, err = r.hookRefusal(answer, request.Locale)
		d.Warn(err)
		step.Result = d.Refusal.Code
	default:
		d.Confirm, err = confirms(answer, request.MayAutoConfirm)
		d.Warn(err)
		step.Result = passed
	}
}

// hookAnswer is an answer with a decision, accept or refuse.
func (r *Rules) hookAnswer(ctx context.Context, request HookRequest) (hookAnswer, error) {
	var answer hookAnswer
	// What Cognito sends may be anything; the hook gets it as it is.
	payload, err := json.Marshal(request, json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err != nil {
		return answer, logging.Safe("the request cannot be encoded")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.config.Hook.TimeoutMS)*time.Millisecond)
	defer cancel()
	text, err := r.hook.Ask(ctx, payload)
	switch {
	case err != nil:
		return answer, err
	case len(text) > maxAnswer:
		return answer, logging.Safe("its answer has more than 64 KB")
	case json.Unmarshal(text, &answer) != nil:
		return answer, logging.Safe("its answer is not a JSON object with a decision")
	case answer.Decision != "accept" && answer.Decision != "refuse":
		return answer, logging.Safe("its answer has no decision accept or refuse")
	}
	return answer, nil
}

// hookRefusal is the refusal of an answer. What cannot be shown in it is replaced, and the error
// says so: the decision stands.
func (r *Rules) hookRefusal(answer hookAnswer, locale string) (*Refusal, error) {
	var ignored []string
	code := read[string](answer.Code)
	if !isHookCode(code) {
		if code = refusedByHook; present(answer.Code) {
			ignored = append(ignored, "code")
		}
	}
	sentences := read[map[string]string](answer.Sentences)
	sentence := sentences[message.Lookup(slices.Sorted(maps.Keys(sentences)), "", locale)]
	refusal := &Refusal{}
	var ok bool
	if refusal.Sentence, ok = showable(cmp.Or(sentence, read[string](answer.Sentence))); !ok {
		refusal = r.Refuse(HookRefusal, locale)
		if present(answer.Sentence) || present(answer.Sentences) {
			ignored = append(ignored, "sentence")
		}
	}
	refusal.Code, refusal.outcome = hookPrefix+code, HookRefused
	return refusal, ignoredErr(ignored...)
}

// confirms reports whether an answer confirms the user.
func confirms(answer hookAnswer, may bool) (bool, error) {
	if !present(answer.AutoConfirm) || string(answer.AutoConfirm) == "false" {
		return false, nil
	}
	if may && string(answer.AutoConfirm) == "true" {
		return true, nil
	}
	return false, ignoredErr("autoConfirm")
}

func present(v jsontext.Value) bool { return len(v) > 0 && v.Kind() != jsontext.KindNull }

// read is a value of an answer, or zero when it is none of the type.
func read[T any](v jsontext.Value) (value T) {
	if !present(v) || json.Unmarshal(v, &value) != nil {
		return *new(T)
	}
	return value
}

func ignoredErr(members ...string) error {
	if len(members) == 0 {
		return nil
	}
	return logging.Safe("hook: ignored in its answer: " + strings.Join(members, ", "))
}

// isHookCode reports whether a code has the shape [A-Z][A-Z0-9_]{0,39}.
func isHookCode(code string) bool {
	for i, c := range []byte(code) {
		letter := 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return code != "" && len(code) <= maxHookCode
}

// showable is a sentence as Cognito carries it to the app, and whether it is one: one line of
// letters, marks, digits, punctuation and spaces, without a full stop at its end, which Cognito
// adds, and without < and >, since not every front end escapes them. Controls that turn the
// direction of text could make it read as another one.
func showable(sentence string) (string, bool) {
	sentence = strings.TrimSuffix(strings.TrimSpace(sentence), ".")
	bad := strings.ContainsFunc(sentence, func(r rune) bool {
		return r == '<' || r == '>' || r == utf8.RuneError || !unicode.IsGraphic(r) && !strings.ContainsRune(joiners, r)
	})
	return sentence, sentence != "" && !bad && utf8.RuneCountInString(sentence) <= maxSentence
}

// joiners are the controls that spelling needs: joiners, and marks of direction.
const joiners = "\u200c\u200d\u200e\u200f"

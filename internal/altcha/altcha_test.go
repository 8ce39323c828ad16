package altcha

import (
	"encoding/base64"
	"encoding/json/v2"
	"strings"
	"testing"
	"time"
)

const secret = "sample-key"

var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// solved is a solution that holds for ten minutes.
func solved(t testing.TB) string {
	t.Helper()
	text, err := Challenge(secret, 2, now.Add(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := Solve(text)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func text(t testing.TB, payload string) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// change edits the JSON of a solution.
func change(t testing.TB, payload string, edit func(*solution)) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(payload)
	var s solution
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	edit(&s)
	if text, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

func TestVerify(t *testing.T) {
	good, other := solved(t), solved(t)
	var otherSolution solution
	change(t, other, func(s *solution) { otherSolution = *s })
	edit := func(f func(*solution)) string { return change(t, good, f) }
	raw := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, test := range map[string]struct {
		payload, secret, want string
		later                 time.Duration
	}{
		"a solution":                               {payload: good, want: ""},
		"a second before it expires":               {payload: good, later: 10*time.Minute - time.Second, want: ""},
		"when it expires":                          {payload: good, later: 10 * time.Minute, want: Expired},
		"a day later":                              {payload: good, later: 24 * time.Hour, want: Expired},
		"an expiry that was moved":                 {payload: edit(func(s *solution) { s.Challenge.Parameters.ExpiresAt += 3600 }), want: NotOurs},
		"less work than was asked for":             {payload: edit(func(s *solution) { s.Challenge.Parameters.Cost = 1 }), want: NotOurs},
		"a shorter prefix":                         {payload: edit(func(s *solution) { s.Challenge.Parameters.KeyPrefix = "" }), want: NotOurs},
		"another algorithm":                        {payload: edit(func(s *solution) { s.Challenge.Parameters.Algorithm = "SHA-256" }), want: NotOurs},
		"a key of the solver's own":                {payload: edit(func(s *solution) { s.Challenge.Parameters.KeySignature = sign("own", []byte("k")) }), want: NotOurs},
		"no signature":                             {payload: edit(func(s *solution) { s.Challenge.Signature = "" }), want: NotOurs},
		"the signature of another challenge":       {payload: edit(func(s *solution) { s.Challenge.Signature = otherSolution.Challenge.Signature }), want: NotOurs},
		"another pool's secret":                    {payload: good, secret: "another-key", want: NotOurs},
		"the key of another challenge":             {payload: edit(func(s *solution) { s.Solution = otherSolution.Solution }), want: Unsolved},
		"the half of the key that everybody knows": {payload: edit(func(s *solution) { s.Solution.DerivedKey = s.Challenge.Parameters.KeyPrefix }), want: Unsolved},
		"no key":                              {payload: edit(func(s *solution) { s.Solution.DerivedKey = "" }), want: Unsolved},
		"a key that is not hexadecimal":       {payload: edit(func(s *solution) { s.Solution.DerivedKey = "zz" }), want: Unsolved},
		"nothing":                             {payload: "", want: Malformed},
		"no base64":                           {payload: "{}", want: Malformed},
		"no JSON":                             {payload: raw("solved"), want: Malformed},
		"JSON of another kind":                {payload: raw("[1]"), want: Malformed},
		"an empty object":                     {payload: raw("{}"), want: NotOurs},
		"a challenge of the first version":    {payload: raw(`{"algorithm":"SHA-256","challenge":"ab","number":1,"salt":"cd","signature":"ef"}`), want: Malformed},
		"a token of another provider":         {payload: "0.aSampleToken_ofTurnstile", want: Malformed},
		"members that the protocol may add":   {payload: raw(strings.TrimSuffix(text(t, good), "}") + `,"took":17.5}`), want: ""},
		"more than any solution":              {payload: raw(`{"a":"` + strings.Repeat("a", maxPayload) + `"}`), want: Malformed},
		"an expiry of a type that has no end": {payload: raw(`{"challenge":{"parameters":{"expiresAt":1e99}}}`), want: Malformed},
	} {
		key := secret
		if test.secret != "" {
			key = test.secret
		}
		if got := Verify(key, test.payload, now.Add(test.later)); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// ALTCHA's libraries sign the parameters as JSON without spaces, with members in the order of their
// names (github.com/altcha-org/altcha-lib-go, canonicalJSON). What else a browser sends is ignored.
func TestAChallengeIsThatOfTheProtocol(t *testing.T) {
	text, err := Challenge(secret, 5, now)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Parameters map[string]any `json:"parameters"`
		Signature  string         `json:"signature"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	canonical, err := json.Marshal(c.Parameters, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	if c.Signature != sign(secret, canonical) {
		t.Errorf("the signature is not over %s", canonical)
	}
	for name, want := range map[string]any{
		"algorithm": "PBKDF2/SHA-256", "cost": 2000.0, "keyLength": 32.0, "expiresAt": float64(now.Unix()),
	} {
		if c.Parameters[name] != want {
			t.Errorf("%s is %v, want %v", name, c.Parameters[name], want)
		}
	}
	for name, length := range map[string]int{"keyPrefix": 32, "keySignature": 64, "nonce": 32, "salt": 32} {
		if got, _ := c.Parameters[name].(string); len(got) != length {
			t.Errorf("%s has %d characters, want %d", name, len(got), length)
		}
	}
}

// Nobody is asked for more than the settings say, and the counters fill the range.
func TestTheWorkIsWithinBounds(t *testing.T) {
	const difficulty = 3
	seen := map[int]bool{}
	for range 60 {
		text, err := Challenge(secret, difficulty, now)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := Solve(text)
		if err != nil {
			t.Fatal(err)
		}
		change(t, payload, func(s *solution) { seen[s.Solution.Counter] = true })
	}
	for counter := range seen {
		if counter < 0 || counter >= 2*difficulty {
			t.Errorf("a browser counts to %d, want less than %d", counter, 2*difficulty)
		}
	}
	if len(seen) < difficulty { // by chance: less than once in 10^17 runs
		t.Errorf("of %d counters only %d appear", 2*difficulty, len(seen))
	}
}

// Whatever is accepted has a challenge of ours, with its key.
func FuzzVerify(f *testing.F) {
	// One that Challenge and Solve have made, as solved does: each process of the fuzzer needs the same.
	const good = "eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6eyJhbGdvcml0aG0iOiJQQktERjIvU0hBLTI1NiIsImNvc3QiOjIwMDAsImV4cGlyZXNBdCI6MTc5NjEyNzAwMCwia2V5TGVuZ3RoIjozMiwia2V5UHJlZml4IjoiMGY0M2ExMzQ2MDNmNjQyZTY0NzUxMDcxODM1ZTYxZTgiLCJrZXlTaWduYXR1cmUiOiI3NjRjNjkyODllNTg2YTI4ODhmZDJkNzk4YTRlOTU2YTA5NjRmY2I5MzRhNGU3ZGNmYzdiYjBlZWRiNzJhNjBlIiwibm9uY2UiOiJkN2NjZjIwOTVkODA0M2E4Y2U1ZTQyYWI1MmYyNTRkYiIsInNhbHQiOiI2Nzg5Nzk5ODA3NGJiOTdkZTM5YTJhNDgwZjYzYmFmZCJ9LCJzaWduYXR1cmUiOiJhYWZiMDY0ZjBmNjlhYzgxNjUxZjU4MTRmMjcxYmVjMGRlMDMzMThkN2U0MjU3ZDdhNGFjMGMxYjFmNDBlOTk3In0sInNvbHV0aW9uIjp7ImNvdW50ZXIiOjEsImRlcml2ZWRLZXkiOiIwZjQzYTEzNDYwM2Y2NDJlNjQ3NTEwNzE4MzVlNjFlODgzODBlZGQxYjEzZTQ1OTU5MmJkMDg4ZWQ3MzJlY2U1In19"
	if reason := Verify(secret, good, now); reason != "" {
		f.Fatalf("the seed is refused: %s", reason)
	}
	f.Add(good)
	f.Add("")
	f.Add(base64.StdEncoding.EncodeToString([]byte(`{"challenge":{"parameters":{},"signature":""},"solution":{}}`)))
	known := map[string]bool{"": true, Malformed: true, NotOurs: true, Expired: true, Unsolved: true}
	f.Fuzz(func(t *testing.T, payload string) {
		reason := Verify(secret, payload, now)
		if !known[reason] {
			t.Errorf("the reason is %q", reason)
		}
		if reason != "" {
			return
		}
		text, _ := base64.StdEncoding.DecodeString(payload)
		var s, ours solution
		_ = json.Unmarshal(text, &s)
		change(t, good, func(s *solution) { ours = *s })
		if s.Challenge != ours.Challenge || !strings.EqualFold(s.Solution.DerivedKey, ours.Solution.DerivedKey) {
			t.Errorf("%q is accepted", payload)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	payload := solved(b)
	b.ReportAllocs()
	for b.Loop() {
		if Verify(secret, payload, now) != "" {
			b.Fatal("it is refused")
		}
	}
}

func BenchmarkChallenge(b *testing.B) {
	for b.Loop() {
		if _, err := Challenge(secret, 500, now); err != nil {
			b.Fatal(err)
		}
	}
}

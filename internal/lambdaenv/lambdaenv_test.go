package lambdaenv

import (
	"maps"
	"strings"
	"testing"
	"time"
)

func TestRequired_namesEveryMissingVariable(t *testing.T) {
	t.Setenv("SAMPLE_URL", "https://example.com")
	t.Setenv("SAMPLE_KEY", "")
	t.Setenv("SAMPLE_POOL", "")
	env := New()
	if got := env.Required("SAMPLE_URL"); got != "https://example.com" || env.Err() != nil {
		t.Errorf("got %q, %v", got, env.Err())
	}
	if got := env.Required("SAMPLE_KEY") + env.Required("SAMPLE_POOL"); got != "" {
		t.Errorf("got %q", got)
	}
	want := "the environment variable SAMPLE_KEY is not set\nthe environment variable SAMPLE_POOL is not set"
	if err := env.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestDuration(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "0": 0, "250ms": 250 * time.Millisecond} {
		t.Setenv("SAMPLE_TIME", value)
		if env := New(); env.Duration("SAMPLE_TIME") != want || env.Err() != nil {
			t.Errorf("%q: want %v: %v", value, want, env.Err())
		}
	}
	for _, value := range []string{"250", "soon", " "} {
		t.Setenv("SAMPLE_TIME", value)
		env := New()
		if got := env.Duration("SAMPLE_TIME"); got != 0 || env.Err() == nil || !strings.Contains(env.Err().Error(), "SAMPLE_TIME") {
			t.Errorf("%q: got %v, %v", value, got, env.Err())
		}
	}
}

func TestClientIDs(t *testing.T) {
	t.Setenv("SAMPLE_CLIENT_IDS", `{"web":"1sample1","drivers":"2sample2"}`)
	env := New()
	want := map[string]string{"web": "1sample1", "drivers": "2sample2"}
	if got := env.ClientIDs("SAMPLE_CLIENT_IDS"); env.Err() != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, env.Err())
	}
	for _, value := range []string{
		"", "1sample1", `["1sample1"]`, `{"web":1}`, `{"web":"1sample1"`, `{"web":"1sample1"} {}`,
	} {
		t.Setenv("SAMPLE_CLIENT_IDS", value)
		env := New()
		env.ClientIDs("SAMPLE_CLIENT_IDS")
		if err := env.Err(); err == nil || !strings.HasPrefix(err.Error(),
			"the environment variable SAMPLE_CLIENT_IDS must be a JSON object of client names and ids: ") {
			t.Errorf("%q: got %v", value, err)
		}
	}
}

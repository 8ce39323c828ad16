package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// record runs a function with a logger whose clock moves on by 1.5 ms, and returns its
// only line.
func record(t *testing.T, run func(*Logger)) map[string]any {
	t.Helper()
	var b bytes.Buffer
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	run(NewWith("custom-message", &b, func() time.Time {
		clock = clock.Add(1500 * time.Microsecond)
		return clock
	}))
	var line map[string]any
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, &b)
	}
	return line
}

func TestRecord(t *testing.T) {
	for _, test := range []struct {
		name           string
		handle         func(*Line) error
		level, outcome string
		reason         any
		returned       error
	}{
		{"success", func(l *Line) error { l.Outcome = "filled"; return nil }, "INFO", "filled", nil, nil},
		{"an error that may be personal", func(*Line) error { return errors.New("ada@example.com") },
			"ERROR", "failed", "*errors.errorString", Safe("*errors.errorString")},
		{"an error that is safe", func(*Line) error { return fmt.Errorf("ada: %w", Safe("no code")) },
			"ERROR", "failed", "no code", Safe("no code")},
		{"an error with its own outcome", func(l *Line) error { l.Outcome = "TRY_AGAIN"; return Safe("no answer") },
			"ERROR", "TRY_AGAIN", "no answer", Safe("no answer")},
		{"a panic", func(*Line) error { panic("ada@example.com") }, "ERROR", "failed", "panic", ErrPanic},
		{"an unknown event", func(*Line) error { return ErrUnknown }, "WARN", "unknown", nil, ErrUnknown},
		{"a line that has its error already", func(l *Line) error { l.Outcome, l.Err = "rejected", Safe("no address"); return nil },
			"ERROR", "rejected", "no address", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := record(t, func(l *Logger) {
				if err := l.Record(t.Context(), test.handle); err != test.returned {
					t.Errorf("it returns %v, want %v", err, test.returned)
				}
			})
			if line["level"] != test.level || line["Outcome"] != test.outcome || line["reason"] != test.reason || line["Duration"] != 1.5 {
				t.Errorf("the line is %v", line)
			}
		})
	}
}

func TestFailing(t *testing.T) {
	_, missing := os.ReadFile("settings.json")
	line := record(t, func(l *Logger) {
		reply, err := FailedInit{Log: l, Err: fmt.Errorf("read settings: %w", missing)}.Invoke(context.Background(), nil)
		if reply != nil || err == nil || err.Error() != "read settings: open settings.json: no such file or directory" {
			t.Errorf("got %s, %v", reply, err)
		}
	})
	if line["Outcome"] != "failed" || line["reason"] != "read settings: open settings.json: no such file or directory" {
		t.Errorf("the line is %v", line)
	}
	line = record(t, func(l *Logger) {
		echo := func(payload []byte) ([]byte, error) { return payload, nil }
		f := FailedInit{Log: l, Err: errors.New("no rules"), Outcome: "TRY_AGAIN", Reply: echo}
		if reply, err := f.Invoke(context.Background(), []byte("{}")); err != nil || string(reply) != "{}" {
			t.Errorf("got %s, %v", reply, err)
		}
	})
	if line["level"] != "ERROR" || line["Outcome"] != "TRY_AGAIN" || line["reason"] != "no rules" {
		t.Errorf("the line is %v", line)
	}
}

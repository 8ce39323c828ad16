package mailbox

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBoxKeepsTheNewestMessages(t *testing.T) {
	b := New(func() time.Time { return time.Unix(1700000000, 0) })
	for i := range capacity + 3 {
		b.Add(Message{Subject: strconv.Itoa(i)})
	}
	all := b.Messages()
	if len(all) != capacity || all[0].Subject != "2002" || all[capacity-1].Subject != "3" {
		t.Errorf("%d messages from %s to %s, want the newest 2,000, newest first", len(all), all[0].Subject, all[len(all)-1].Subject)
	}
	if !all[0].Created.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("created %s, not by the clock", all[0].Created)
	}
	if all[0].ID == all[1].ID {
		t.Error("two messages share an id")
	}
}

func TestWait(t *testing.T) {
	second := func(m Message) bool { return m.Subject == "second" }
	tests := []struct {
		name  string
		fill  func(*Box)
		match func(Message) bool
		want  string // text of the message
		err   error
	}{
		{
			name:  "a message that is there already is found",
			fill:  func(b *Box) { b.Add(Message{Subject: "second", Text: "there"}) },
			match: second, want: "there",
		},
		{
			name: "the earliest of several is found",
			fill: func(b *Box) {
				b.Add(Message{Subject: "first"})
				b.Add(Message{Subject: "second", Text: "a"})
				b.Add(Message{Subject: "second", Text: "b"})
			},
			match: second, want: "a",
		},
		{
			name: "a message that arrives later is found",
			fill: func(b *Box) {
				go func() {
					time.Sleep(time.Second)
					b.Add(Message{Subject: "first"})
					time.Sleep(time.Second)
					b.Add(Message{Subject: "second", Text: "late"})
				}()
			},
			match: second, want: "late",
		},
		{
			name:  "the wait ends with its context",
			fill:  func(b *Box) { b.Add(Message{Subject: "first"}) },
			match: second, err: context.DeadlineExceeded,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := New(nil)
				test.fill(b)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				m, err := b.Wait(ctx, test.match)
				if m.Text != test.want || !errors.Is(err, test.err) {
					t.Errorf("got %q and %v, want %q and %v", m.Text, err, test.want, test.err)
				}
			})
		})
	}
}

func TestConcurrentWaits(t *testing.T) {
	b := New(nil)
	var all sync.WaitGroup
	for i := range 50 {
		text := strconv.Itoa(i)
		all.Go(func() {
			if _, err := b.Wait(t.Context(), func(m Message) bool { return m.Text == text }); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() { b.Add(Message{Text: text}) })
	}
	all.Wait()
}

// Package mailbox is where every mail and text message of the local run ends:
// an endpoint that takes mails as SES v2 does, pages to read them, and a subset
// of Mailpit's HTTP API for programs.
//
// Left out: sending anything anywhere, SMTP and MIME (a mail is kept in the
// parts in which it was handed over), attachments, and storage: all is gone
// when the process ends.
package mailbox

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// capacity is how many messages a Box keeps; the oldest go first.
const capacity = 2000

// Message is one mail as it was sent.
type Message struct {
	ID      string    // set by Add
	Created time.Time // set by Add, from the box's clock

	From, ReplyTo string // as in the header, such as "Acme" <no-reply@example.com>; ReplyTo may be a list
	To, Cc, Bcc   []string
	Subject       string            // without RFC 2047 encoding
	HTML, Text    string            // byte for byte as sent
	Headers       []Header          // besides those of the fields above
	Tags          map[string]string // the EmailTags of SES
	Via           string            // who sent it: "Cognito" or "SES"
	Note          string            // why it looks unlike what was meant, such as that Cognito fell back to its default mail; mostly empty

	serial int  // 1 for the first of a Box
	read   bool // opened on its page or through the API
}

// Header is one header field of a mail.
type Header struct{ Name, Value string }

// Box keeps the newest 2,000 messages in memory. Its methods may be called
// from several goroutines. Nobody may change the slices and maps of a message
// once it is in a box.
type Box struct {
	clock func() time.Time

	mu       sync.Mutex
	messages []Message     // oldest first
	serial   int           // of the newest message ever added
	added    chan struct{} // closed and replaced by Add
}

// New returns an empty box. A nil clock is time.Now.
func New(clock func() time.Time) *Box {
	if clock == nil {
		clock = time.Now
	}
	return &Box{clock: clock, added: make(chan struct{})}
}

// Add puts a message into the box and returns its new id, 26 letters and
// digits.
func (b *Box) Add(m Message) (id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serial++
	m.ID, m.Created, m.serial, m.read = rand.Text(), b.clock(), b.serial, false
	if len(b.messages) == capacity {
		b.messages = slices.Delete(b.messages, 0, 1)
	}
	b.messages = append(b.messages, m)
	close(b.added)
	b.added = make(chan struct{})
	return m.ID
}

// Messages returns what is in the box, newest first.
func (b *Box) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	newest := slices.Clone(b.messages)
	slices.Reverse(newest)
	return newest
}

// Wait returns the first message, in order of arrival, for which match is
// true, whether it is in the box already or arrives later. Its error is that
// of ctx.
func (b *Box) Wait(ctx context.Context, match func(Message) bool) (Message, error) {
	seen := 0
	for {
		arrived, added := b.after(seen)
		for _, m := range arrived {
			if match(m) {
				return m, nil
			}
			seen = m.serial
		}
		select {
		case <-added:
		case <-ctx.Done():
			return Message{}, ctx.Err()
		}
	}
}

// after returns the messages added after that with the given serial, oldest
// first, and the channel that is closed when there are more.
func (b *Box) after(serial int) ([]Message, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := len(b.messages)
	for i > 0 && b.messages[i-1].serial > serial {
		i--
	}
	return slices.Clone(b.messages[i:]), b.added
}

// open returns a message and marks it as read. The id "latest" stands for the
// newest one.
func (b *Box) open(id string) (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.messages, func(m Message) bool { return m.ID == id })
	if id == "latest" {
		i = len(b.messages) - 1
	}
	if i < 0 {
		return Message{}, false
	}
	b.messages[i].read = true
	return b.messages[i], true
}

func (b *Box) remove(ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = slices.DeleteFunc(b.messages, func(m Message) bool { return slices.Contains(ids, m.ID) })
}

func (b *Box) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = nil
}

// headers are the fields of a mail's header, as far as the box knows them: what
// SES and the mail servers behind it would add is missing.
func (m Message) headers() []Header {
	all := []Header{
		{"From", m.From},
		{"Reply-To", m.ReplyTo},
		{"To", list(m.To)},
		{"Cc", list(m.Cc)},
		{"Subject", m.Subject},
		{"Date", m.Created.Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.messageID() + ">"},
	}
	all = append(all, m.Headers...)
	return slices.DeleteFunc(all, func(h Header) bool { return h.Value == "" })
}

// messageID has the form that SES gives to the header Message-ID.
func (m Message) messageID() string { return m.ID + "@email.amazonses.com" }

package local

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"time"

	"poolpost/local/mailbox"
)

// sendSMTP sends a mail through a server that asks for no password, such as a
// catcher on this machine. It waits ten seconds at most.
func sendSMTP(ctx context.Context, server string, m mailbox.Message, now time.Time) error {
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return fmt.Errorf("read the sender's address: %w", err)
	}
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return fmt.Errorf("--smtp %s: must be a host and a port, such as 127.0.0.1:1025", server)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		return fmt.Errorf("connect to --smtp %s: %w", server, err)
	}
	defer connection.Close()
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return err
	}
	if err := deliver(connection, host, from.Address, m.To[0], mimeMail(m, now)); err != nil {
		return fmt.Errorf("send through --smtp %s: %w", server, err)
	}
	return nil
}

func deliver(connection net.Conn, host, from, to string, text []byte) error {
	client, err := smtp.NewClient(connection, host)
	if err != nil {
		return err
	}
	if err := client.Mail(from); err != nil {
		return err
	}
	if err := client.Rcpt(to); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return client.Quit()
}

// mimeMail writes a mail with both its parts (RFC 2046, section 5.1.4): a
// program shows the last one that it can. Writing to memory cannot fail.
func mimeMail(m mailbox.Message, now time.Time) []byte {
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	for _, header := range [][2]string{
		{"From", m.From}, {"Reply-To", m.ReplyTo}, {"To", m.To[0]}, {"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", now.Format(time.RFC1123Z)}, {"MIME-Version", "1.0"},
		{"Content-Type", `multipart/alternative; boundary="` + parts.Boundary() + `"`},
	} {
		if header[1] != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
		}
	}
	b.WriteString("\r\n")
	for _, part := range [][2]string{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		w, _ := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type": {part[0] + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"},
		})
		q := quotedprintable.NewWriter(w)
		_, _ = q.Write([]byte(part[1]))
		_ = q.Close()
	}
	_ = parts.Close()
	return b.Bytes()
}

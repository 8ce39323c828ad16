package local

import (
	"context"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"poolpost/internal/message"
)

var screenshots = flag.String("screenshots", "", "take the README's pictures into this `folder`")

// TestScreenshots takes the README's pictures: what a person really gets.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("takes the README's pictures with -screenshots ../docs/images only")
	}
	s := startStack(t)
	b := startBrowser(t)
	s.signUp(t, "ann@example.com", "Ann Example", nil)
	s.signUp(t, "amal@example.com", "Amal Example", map[string]string{"locale": "ar"})
	english := s.mail(t, "ann@example.com", "en", message.SignUp)
	arabic := s.mail(t, "amal@example.com", "ar", message.SignUp)
	link := linkOf(t, english)

	mail := func(id string) string { return s.webURL + "/mailbox/" + id + "/html" }
	b.picture("mail.png", mail(english.ID), "light", 640, 620)
	b.picture("mail-dark-rtl-phone.png", mail(arabic.ID), "dark", 360, 720)
	b.picture("page.png", link, "light", 640, 400)
	s.press(t, browse(t, http.MethodGet, link, nil))
	s.mail(t, "ann@example.com", "en", message.Welcome)
	b.picture("mailbox.png", s.webURL+"/mailbox/"+english.ID, "light", 1000, 900)
}

// picture takes a picture of a page in a colour scheme, width × height.
func (b *browserTab) picture(name, address, scheme string, width, height int64) {
	b.t.Helper()
	b.look(address, scheme, width, height)
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	save(b.t, filepath.Join(*screenshots, name), png, err)
}

// save writes a picture, if there is one.
func save(t *testing.T, file string, png []byte, err error) {
	t.Helper()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, png, 0o644)
	}
	noError(t, err)
}

// look opens a page in a colour scheme, in a window of width × height.
func (b *browserTab) look(address, scheme string, width, height int64) {
	b.t.Helper()
	b.do("open "+address,
		chromedp.EmulateViewport(width, height),
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
		chromedp.Navigate(address),
	)
}

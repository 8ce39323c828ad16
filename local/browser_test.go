package local

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"poolpost/internal/browsertest"
	"poolpost/internal/message"
)

// TestInTheBrowser goes the way a person goes, in headless Chromium: sign up,
// open the mailbox, press the button in the email, press confirm, read the
// welcome email.
func TestInTheBrowser(t *testing.T) {
	for _, c := range []struct {
		name   string
		script bool
	}{{"with JavaScript", true}, {"without JavaScript", false}} {
		t.Run(c.name, func(t *testing.T) {
			s := startStack(t)
			b := startBrowser(t)
			b.do("turn JavaScript on or off", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !c.script})
				return err
			}))
			b.do("fill in the form",
				chromedp.Navigate(s.webURL),
				chromedp.SendKeys(chromedp.CSS("#email"), "ann@example.com"),
				chromedp.SendKeys(chromedp.CSS("#attribute-agentName"), "Ann Example"),
				chromedp.SendKeys(chromedp.CSS("#password"), password),
			)
			b.press("form button", `section a[href="/mailbox"]`)
			b.press(`section a[href="/mailbox"]`, ".rows a")
			b.press(".rows a", "iframe")
			b.pressInMail(`a[href*="/confirm"]`, `form[action="/confirm"] button`)
			if got, want := b.text("h1"), s.title(t, "en", "confirm"); got != want {
				t.Errorf("the page behind the link is %q, want %q", got, want)
			}
			b.press(`form[action="/confirm"] button`, "a.button")
			if got, want := b.text("h1"), s.title(t, "en", "confirmed"); got != want {
				t.Errorf("after the button the page is %q, want %q", got, want)
			}
			s.mail(t, "ann@example.com", "en", message.Welcome)
			b.do("go back to the mailbox", chromedp.Navigate(s.webURL+"/mailbox"))
			b.press(".rows a", "iframe")
			if got := b.text(".card", chromedp.FromNode(b.frame())); !strings.Contains(got, "Hello Ann Example,") {
				t.Errorf("the welcome email reads %q", got)
			}
		})
	}
}

// A browserTab is a tab of headless Chromium.
type browserTab struct {
	t   *testing.T
	ctx context.Context
}

func (b *browserTab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

func (b *browserTab) text(selector string, options ...chromedp.QueryOption) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(selector), options...))
	if err != nil {
		b.t.Fatalf("read %s: %v", selector, err)
	}
	return text
}

// press presses something until something else is there. A press is a click at a
// place on the screen: while a page is being laid out, or reloads itself, it can
// miss.
func (b *browserTab) press(selector, then string) {
	b.t.Helper()
	b.until("press "+selector, then, chromedp.Click(chromedp.CSS(selector)))
}

// pressInMail is press for what is in the frame of the email.
func (b *browserTab) pressInMail(selector, then string) {
	b.t.Helper()
	b.until("press "+selector+" in the email", then, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		frames, err := chromedp.Nodes(chromedp.CSS("iframe"))(ctx, target)
		if err == nil {
			_, err = chromedp.Click(chromedp.CSS(selector), chromedp.FromNode(frames[0]))(ctx, target)
		}
		return err
	}))
}

// until does something, again and again, until something else is there.
func (b *browserTab) until(what, then string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	attempt := func(action chromedp.Action[chromedp.Void]) error {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		defer cancel()
		return chromedp.Do(ctx, action)
	}
	for b.ctx.Err() == nil {
		err := attempt(action)
		if attempt(chromedp.WaitVisible(chromedp.CSS(then))) == nil {
			return
		}
		b.t.Logf("%s: %v; once more", what, err)
	}
	b.t.Fatalf("%s: there is no %s", what, then)
}

// frame is the frame of the email on the page.
func (b *browserTab) frame() *chromedp.Node {
	b.t.Helper()
	frames, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSS("iframe")))
	if err != nil {
		b.t.Fatalf("find the frame of the email: %v", err)
	}
	return frames[0]
}

// startBrowser starts headless Chromium for one test.
func startBrowser(t *testing.T) *browserTab {
	t.Helper()
	return &browserTab{t: t, ctx: browsertest.Start(t)}
}

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"poolpost/internal/message"
)

// TestInTheBrowser goes the way a person goes, in headless Chromium: sign up,
// open the mailbox, press the button in the mail, press confirm, read the
// welcome mail.
func TestInTheBrowser(t *testing.T) {
	for _, c := range []struct {
		name   string
		script bool
	}{{"with JavaScript", true}, {"without JavaScript", false}} {
		t.Run(c.name, func(t *testing.T) {
			s := startSuite(t)
			b := startBrowser(t)
			b.do("turn JavaScript on or off", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
				_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !c.script})
				return err
			}))
			b.do("sign up",
				chromedp.Navigate(s.webURL),
				chromedp.SendKeys(chromedp.CSS("#email"), "ann@example.com"),
				chromedp.SendKeys(chromedp.CSS("#attribute-agentName"), "Ann Example"),
				chromedp.SendKeys(chromedp.CSS("#password"), password),
				chromedp.Click(chromedp.CSS("form button")),
			)
			b.do("open the mail",
				chromedp.Click(chromedp.CSS(`main a[href="/mailbox"]`)),
				chromedp.Click(chromedp.CSS(`a[href*="refresh=off"]`)), // so that the row stays where it is
				chromedp.Click(chromedp.CSS(".rows a")),
			)
			b.do("press the button in the mail",
				chromedp.Click(chromedp.CSS(`a[href*="/confirm"]`), chromedp.FromNode(b.frame())),
				chromedp.WaitVisible(chromedp.CSS(`form[action="/confirm"] button`)),
			)
			if got, want := b.text("h1"), s.title(t, "en", "confirm"); got != want {
				t.Errorf("the page behind the link is %q, want %q", got, want)
			}
			b.do("press confirm",
				chromedp.Click(chromedp.CSS(`form[action="/confirm"] button`)),
				chromedp.WaitVisible(chromedp.CSS("a.button")),
			)
			if got, want := b.text("h1"), s.title(t, "en", "confirmed"); got != want {
				t.Errorf("after the button the page is %q, want %q", got, want)
			}
			s.mail(t, "ann@example.com", "en", message.Welcome)
			b.do("open the welcome mail",
				chromedp.Navigate(s.webURL+"/mailbox?refresh=off"),
				chromedp.Click(chromedp.CSS(".rows a")),
			)
			if got := b.text(".card", chromedp.FromNode(b.frame())); !strings.Contains(got, "Hello Ann Example,") {
				t.Errorf("the welcome mail reads %q", got)
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

// frame is the frame of the mail on the page.
func (b *browserTab) frame() *chromedp.Node {
	b.t.Helper()
	frames, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSS("iframe")))
	if err != nil {
		b.t.Fatalf("find the frame of the mail: %v", err)
	}
	return frames[0]
}

// startBrowser starts headless Chromium with a fresh profile, and ends it with
// the test. Without Chromium the test is skipped, but never in CI.
func startBrowser(t *testing.T) *browserTab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no chromium; .ci/run installs it")
		}
		t.Skip("there is no chromium: install it to run the browser test")
	}
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		// Keeps the mail's sandboxed frame where the test can reach into it.
		chromedp.Flag("disable-features", "IsolateSandboxedIframes"),
	))
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx) }) // waits until the browser has ended
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return &browserTab{t: t, ctx: ctx}
}

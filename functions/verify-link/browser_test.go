package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"poolpost/internal/browsertest"
	"poolpost/internal/link"
)

// TestInTheBrowser looks at the pages in Chromium. It is one test with one tab,
// because a browser takes a second to start.
func TestInTheBrowser(t *testing.T) {
	b := &bookInBrowser{storybook: newStorybook(t), ctx: browsertest.Start(t)}
	b.watch(t)
	t.Run("every page is reached", b.testAnswers)
	t.Run("an open page sends nothing on its own", b.testOpening)
	t.Run("by keyboard alone", b.testKeyboard)
	t.Run("the browser knows the rules for passwords", b.testRules)
	t.Run("a double click saves a password once", b.testDoubleClick)
	t.Run("without JavaScript", b.testWithoutScript)
	t.Run("everybody can use every page", b.testAccessibility)
	// What a browser without Sec-Fetch-Site has to say: see senderOf.
	if n := b.foreign.Load(); n > 0 {
		t.Errorf("%d of %d forms do not name the page's origin", n, b.posts.Load())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.requests < 100 || len(b.elsewhere) > 0 || len(b.blocked) > 0 {
		t.Errorf("of %d requests, %q went elsewhere; blocked or failed was %q", b.requests, b.elsewhere, b.blocked)
	}
}

type bookInBrowser struct {
	*storybook
	ctx context.Context

	mu        sync.Mutex
	requests  int
	elsewhere []string // requests to another host
	blocked   []string // what the Content-Security-Policy forbade, and errors of scripts
}

// watch notes what the browser asks for and complains about.
func (b *bookInBrowser) watch(t *testing.T) {
	t.Helper()
	err := chromedp.Listen(b.ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			b.requests++
			if !strings.HasPrefix(e.Request.URL, b.URL+"/") {
				b.elsewhere = append(b.elsewhere, e.Request.URL)
			}
		case *log.EventEntryAdded:
			if e.Entry.Source == "security" {
				b.blocked = append(b.blocked, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			b.blocked = append(b.blocked, e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bookInBrowser) do(t *testing.T, what string, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, b *bookInBrowser, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%.100s: %v", expression, err)
	}
	return value
}

// script is an action in the page.
func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](text+";true")(ctx, target)
		return err
	})
}

// opens navigates to a link with a Cognito that answers with err.
func (b *bookInBrowser) opens(t *testing.T, path string, err error) {
	t.Helper()
	b.cognito.fails(err)
	b.do(t, "open "+path, chromedp.Navigate(b.URL+path+"?"+values().Encode()))
}

// leads does something that leads to another page, and checks which.
func (b *bookInBrowser) leads(t *testing.T, want pageName, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	response, err := chromedp.RunResponse(b.ctx, actions...)
	if err != nil {
		t.Fatalf("wait for %s: %v", want.name, err)
	}
	page, err := b.handler.files.Page("riders", "en", want.name)
	if err != nil {
		t.Fatal(err)
	}
	heading := ask[string](t, b, `document.querySelector("h1").textContent`)
	if int(response.Status) != want.status || heading != read(page.HTML).heading {
		t.Errorf("the page is %d %q, want %s with %d", response.Status, heading, want.name, want.status)
	}
}

const (
	strictPassword = "Correct-horse-7"
	pressButton    = `document.querySelector("button").click()`
	fillIn         = `for (const id of ["password", "repeat"]) document.getElementById(id).value = "` + strictPassword + `"`
)

// testAnswers goes to every page that an operation leads to, once.
func (b *bookInBrowser) testAnswers(t *testing.T) {
	seen := map[string]bool{}
	for name, answer := range answers() {
		for path, want := range answer.at() {
			way := fmt.Sprint(path, want)
			if seen[way] {
				continue
			}
			seen[way] = true
			t.Run(name+" at "+path, func(t *testing.T) {
				switch path {
				case link.PathConfirm:
					b.opens(t, path, answer.err)
				case link.PathReset:
					b.opens(t, path, answer.err)
					b.do(t, "fill in the form", script(fillIn))
				case link.PathResend:
					b.opens(t, link.PathConfirm, says("ExpiredCodeException"))
					b.leads(t, expired, script(pressButton))
					b.cognito.fails(answer.err)
				case link.PathForgot:
					b.opens(t, link.PathReset, says("ExpiredCodeException"))
					b.leads(t, resetExpired, script(fillIn+";"+pressButton))
					b.cognito.fails(answer.err)
				}
				b.leads(t, want, script(pressButton))
			})
		}
	}
	t.Run("trying again loses nothing", func(t *testing.T) {
		b.opens(t, link.PathConfirm, says("InternalErrorException"))
		b.leads(t, unavailable, script(pressButton))
		b.cognito.fails(nil)
		b.leads(t, confirmed, script(pressButton))
		b.opens(t, link.PathReset, says("InternalErrorException"))
		b.leads(t, resetUnavailable, script(fillIn+";"+pressButton))
		b.cognito.fails(nil)
		b.leads(t, resetDone, script(fillIn+";"+pressButton))
	})
	t.Run("a code that the link has lost is typed", func(t *testing.T) {
		b.cognito.fails(nil)
		lost := "?" + values("code", "").Encode()
		b.do(t, "open the link", chromedp.Navigate(b.URL+link.PathConfirm+lost))
		b.leads(t, confirmed, script(`document.getElementById("code").value = "123 456"`), script(pressButton))
		b.do(t, "open the link", chromedp.Navigate(b.URL+link.PathReset+lost))
		b.leads(t, resetDone, script(`document.getElementById("code").value = "١٢٣ ٤٥٦"`), script(fillIn+";"+pressButton))
		b.do(t, "open the page for an address", chromedp.Navigate(b.URL+link.PathHelp+"?client="+ridersID))
		b.leads(t, helpSent, chromedp.SendKeys(chromedp.CSS("#email"), "jane@example.com"), script(pressButton))
		// More than the code is pasted.
		b.do(t, "open the link", chromedp.Navigate(b.URL+link.PathConfirm+lost))
		b.leads(t, wrongCode, chromedp.SendKeys(chromedp.CSS("#code"), "12345"), script(pressButton))
		const sentence = "Your code is 123–456. It is valid for 24 hours."
		b.leads(t, confirmed, chromedp.SendKeys(chromedp.CSS("#code"), sentence), script(pressButton))
	})
}

// testOpening is a scanner that runs scripts, and waits.
func (b *bookInBrowser) testOpening(t *testing.T) {
	before := b.posts.Load()
	for _, path := range []string{link.PathConfirm, link.PathReset} {
		b.opens(t, path, nil)
		ask[bool](t, b, `new Promise((done) => setTimeout(() => done(true), 400))`)
	}
	if after := b.posts.Load(); after != before {
		t.Errorf("the pages have sent %d forms", after-before)
	}
}

// focused is what has the focus, if that can be seen.
func (b *bookInBrowser) focused(t *testing.T) string {
	t.Helper()
	return ask[string](t, b, `(() => {
		const e = document.activeElement, style = getComputedStyle(e);
		return (e.id || e.tagName) + (style.outlineStyle === "none" || style.outlineWidth === "0px" ? " without a ring" : "");
	})()`)
}

func (b *bookInBrowser) testKeyboard(t *testing.T) {
	tab := func(want string) {
		t.Helper()
		b.do(t, "press Tab", chromedp.KeyEvent(kb.Tab))
		if got := b.focused(t); got != want {
			t.Errorf("the focus is on %s, want %s", got, want)
		}
	}
	b.opens(t, link.PathConfirm, nil)
	tab("BUTTON")
	b.leads(t, confirmed, chromedp.KeyEvent(kb.Enter))
	tab("A")

	b.opens(t, link.PathReset, nil)
	tab("password")
	b.do(t, "type", chromedp.KeyEvent(strictPassword))
	tab("repeat")
	b.do(t, "type", chromedp.KeyEvent("Correct-horse-8"))
	if got := ask[string](t, b, `document.getElementById("repeat").validationMessage`); got != "The two passwords are not the same" {
		t.Errorf("two passwords that differ are told with %q", got)
	}
	b.do(t, "correct it", chromedp.KeyEvent(kb.Backspace+"7"))
	tab("show")
	b.do(t, "show the passwords", chromedp.KeyEvent(" "))
	if got := ask[string](t, b, `document.getElementById("password").type + document.getElementById("repeat").type`); got != "texttext" {
		t.Errorf("the fields to be shown are %s", got)
	}
	tab("BUTTON")
	b.leads(t, resetDone, chromedp.KeyEvent(kb.Enter))
}

func (b *bookInBrowser) testRules(t *testing.T) {
	b.opens(t, link.PathReset, nil)
	for password, want := range map[string]bool{
		strictPassword: true, "Correct horse 7": true, "Aa3456789_12": true, "Ää-Correct7-horse": true,
		"": false, "Aa345678_12": false, "correct-horse-7": false, "CORRECT-HORSE-7": false, "Correct-horse-x": false, "Correcthorse77": false,
		" Correct-horse-7": false, "Correct-horse-7 ": false, "Correcthorse7€€": false,
		"Aa" + strings.Repeat("1-", 127): true,
	} {
		got := ask[bool](t, b, fmt.Sprintf(`(() => { const p = document.getElementById("password"); p.value = %q; return p.validity.valid && (p.value.length === 0 || p.value.length >= p.minLength); })()`, password))
		if got != want {
			t.Errorf("%q is accepted: %t", password, got)
		}
	}
	for _, symbol := range "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- " {
		if !ask[bool](t, b, fmt.Sprintf(`(() => { const p = document.getElementById("password"); p.value = %q; return p.validity.valid; })()`, "Correct"+string(symbol)+"horse7")) {
			t.Errorf("%q is no symbol", symbol)
		}
	}
}

func (b *bookInBrowser) testDoubleClick(t *testing.T) {
	b.opens(t, link.PathReset, nil)
	before := b.posts.Load()
	b.leads(t, resetDone, script(fillIn+";"+pressButton+";"+pressButton))
	if n := b.posts.Load() - before; n != 1 {
		t.Errorf("the form was sent %d times", n)
	}
}

func (b *bookInBrowser) testWithoutScript(t *testing.T) {
	disabled := func(value bool) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: value})
			return err
		})
	}
	b.do(t, "turn JavaScript off", disabled(true))
	defer b.do(t, "turn JavaScript on", disabled(false))
	b.opens(t, link.PathConfirm, nil)
	b.leads(t, confirmed, chromedp.Click(chromedp.CSS("button")))
	b.opens(t, link.PathReset, nil)
	if ask[bool](t, b, `document.querySelector(".show").checkVisibility()`) {
		t.Error("there is a box that does nothing")
	}
	b.do(t, "fill in the form", chromedp.SendKeys(chromedp.CSS("#password"), strictPassword), chromedp.SendKeys(chromedp.CSS("#repeat"), strictPassword))
	b.leads(t, resetDone, chromedp.Click(chromedp.CSS("button")))
}

// examine writes each page into the empty one, which is quicker than to open it,
// and returns what is wrong with it: on the narrow screen of a phone, with a
// double size of letters, and by axe-core.
const examine = `async (locale, pages, rules) => {
	rules ??= [];
	const problems = [];
	for (const page of pages) {
		const text = await (await fetch("/stories/" + locale + "/" + page)).text();
		document.open(); document.write(text); document.close();
		const root = document.documentElement, told = (what) => problems.push(locale + " " + page + ": " + what);
		if (root.scrollWidth > innerWidth) told("is " + root.scrollWidth + " pixels wide");
		root.style.fontSize = "200%";
		if (root.scrollWidth > innerWidth) told("with large letters is " + root.scrollWidth + " pixels wide");
		root.style.fontSize = "";
		const result = await axe.run({ resultTypes: ["violations"], preload: false, ...(rules.length && { runOnly: { type: "rule", values: rules } }) });
		for (const v of result.violations) told(v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" "));
	}
	return problems;
}`

func (b *bookInBrowser) testAccessibility(t *testing.T) {
	axe, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no axe-core: npm ci installs it")
		}
		t.Skip("there is no axe-core: run npm ci to test the pages' accessibility")
	}
	var pages []string
	for _, s := range states() {
		pages = append(pages, s.name)
	}
	slices.Sort(pages)
	pages = slices.Compact(pages)
	b.do(t, "open an empty page", chromedp.EmulateViewport(320, 640), chromedp.Navigate(b.URL+"/stories/"), script(string(axe)))
	look := func(scheme string, locales, pages []string, rules ...string) (problems []string) {
		b.do(t, "choose the colours "+scheme, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		for _, locale := range locales {
			arguments, err := json.Marshal([]any{locale, pages, rules})
			if err != nil {
				t.Fatal(err)
			}
			problems = append(problems, ask[[]string](t, b, "("+examine+")(..."+string(arguments)+")")...)
		}
		return problems
	}
	if len(look("light", []string{"en"}, []string{"a page without anything"})) == 0 {
		t.Error("nothing is found where there is much to find")
	}
	problems := look("light", b.locales, pages)
	problems = append(problems, look("dark", []string{"en", "ar"}, pages, "color-contrast")...) // colours have no language
	for _, problem := range problems {
		t.Error(problem)
	}
}

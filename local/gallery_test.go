package local

import (
	"flag"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"poolpost/internal/message"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
	"poolpost/templates"
)

var gallery = flag.String("gallery", "", "put pictures of all messages into this `folder`")

// A sheet shows all messages of a client in one locale beside each other, each
// in a frame of a mail program's width.
type sheet struct {
	client settings.Client
	locale string
}

func (c sheet) String() string { return c.client.Name + "-" + c.locale }

// galleryPreview previews the tests' settings, with an app client for the second
// brand, which has a logo.
func galleryPreview(t *testing.T) (*preview, previewState) {
	t.Helper()
	p, _ := startPreview(t, "")
	edit(t, p.file, "locales: [en, fr, ar, it]", settingstest.AllLocales)
	edit(t, p.file, "clients:\n", "clients:\n  - {name: drivers, brand: drivers, url: 'https://drivers.example.com/'}\n")
	state := p.compileIfChanged()
	if state.problems != "" {
		t.Fatal(state.problems)
	}
	return p, state
}

// sheets are those of all clients and locales; of the second brand, two.
func sheets(state previewState) (list []sheet) {
	for _, client := range state.settings.Clients {
		for _, locale := range state.settings.Locales {
			if client.Name == "web" || locale == "en" || locale == "ar" {
				list = append(list, sheet{client, locale})
			}
		}
	}
	return list
}

// The frames are as high as what they show; a frame whose content is wider than
// itself is named in the title.
var sheetPage = template.Must(template.New("sheet").Parse(`<!doctype html><meta charset="utf-8"><title></title>
<style>body{display:flex;flex-wrap:wrap;align-items:flex-start;gap:16px;margin:0;padding:16px;background:#888}iframe{border:0;width:{{.Width}}px;color-scheme:light dark}</style>
{{range .Messages}}<iframe title="{{.Name}}" srcdoc="{{.HTML}}"></iframe>
{{end}}<script>
addEventListener("load", () => {
  const wide = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument.documentElement;
    if (page.scrollWidth > frame.clientWidth) wide.push(frame.title + " is " + page.scrollWidth + " pixels wide");
    frame.style.height = page.scrollHeight + "px";
  }
  document.title = wide.join("; ") || "fits";
});
</script>`))

type sheetMessage struct{ Name, HTML string }

// serveSheets serves sheets at /WIDTH/CLIENT-LOCALE, and all of them at /WIDTH/.
func serveSheets(t *testing.T, p *preview, state previewState) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		width, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		var messages []sheetMessage
		for _, c := range sheets(state) {
			for _, kind := range message.Kinds() {
				if name != "" && name != c.String() {
					continue
				}
				filled := p.fillSample(state, c.client, c.locale, kind)
				messages = append(messages, sheetMessage{c.String() + "/" + string(kind), filled.HTML})
			}
		}
		_ = sheetPage.Execute(w, map[string]any{"Width": width, "Messages": messages})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// No message is wider than the narrowest phone, in any language.
func TestMessagesFitANarrowPhone(t *testing.T) {
	b := startBrowser(t)
	p, state := galleryPreview(t)
	b.do("open all messages", chromedp.EmulateViewport(1400, 900), chromedp.Navigate(serveSheets(t, p, state)+"/320/"))
	title, err := chromedp.Run(b.ctx, chromedp.Title())
	if err != nil || title != "fits" {
		t.Errorf("%s, %v", title, err)
	}
}

// The page of a message loads itself again when the words change.
func TestPreviewReloadsAfterAnEdit(t *testing.T) {
	b := startBrowser(t)
	p, address := startPreview(t, "")
	b.do("open the message", chromedp.Navigate(address+"/messages?"+query("web", "en", "welcome")))
	edit(t, filepath.Join(templates.Dir(p.file), "locales/en.yaml"), `subject: "Welcome to {brand}"`, `subject: "Good to see you"`)
	for b.ctx.Err() == nil {
		// While the page reloads, there is nothing to ask.
		shown, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("h1")?.textContent ?? ""`))
		if err == nil && shown == "Good to see you" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the page still shows the old words")
}

// TestGallery takes pictures of all messages, to be looked at.
func TestGallery(t *testing.T) {
	if *gallery == "" {
		t.Skip("takes pictures with -gallery ../.build/gallery only")
	}
	b := startBrowser(t)
	p, state := galleryPreview(t)
	address := serveSheets(t, p, state)
	for _, c := range sheets(state) {
		for _, width := range []int64{320, 640} {
			for _, scheme := range []string{"light", "dark"} {
				b.look(fmt.Sprintf("%s/%d/%s", address, width, c), scheme, 4*(width+16)+16, 900)
				png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				save(t, filepath.Join(*gallery, fmt.Sprintf("%s-%d-%s.png", c, width, scheme)), png, err)
			}
		}
	}
}

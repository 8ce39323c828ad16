package main

import (
	"flag"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"poolpost/internal/message"
	"poolpost/internal/settings"
)

var gallery = flag.String("gallery", "", "put pictures of all messages into this `folder`")

// A sheet shows all messages of a client in one locale beside each other, each
// in a frame of a mail program's width.
type sheet struct {
	client settings.Client
	locale string
}

func (c sheet) String() string { return c.client.Name + "-" + c.locale }

// sheets are those of all clients and locales.
func sheets(s *suite) (list []sheet) {
	for _, client := range s.settings.Clients {
		for _, locale := range s.settings.Locales {
			list = append(list, sheet{client, locale})
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
func serveSheets(t *testing.T, s *suite) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		width, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		var messages []sheetMessage
		for _, c := range sheets(s) {
			for _, kind := range message.Kinds {
				if name != "" && name != c.String() {
					continue
				}
				filled, err := s.fillSample(c.client, c.locale, kind)
				if err != nil {
					t.Error(err)
				}
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
	s := startSuite(t)
	b.do("open all messages", chromedp.EmulateViewport(1400, 900), chromedp.Navigate(serveSheets(t, s)+"/320/"))
	title, err := chromedp.Run(b.ctx, chromedp.Title())
	if err != nil || title != "fits" {
		t.Errorf("%s, %v", title, err)
	}
}

// TestGallery takes pictures of all messages, to be looked at.
func TestGallery(t *testing.T) {
	if *gallery == "" {
		t.Skip("takes pictures with -gallery only: make screenshots")
	}
	b := startBrowser(t)
	s := startSuite(t)
	address := serveSheets(t, s)
	for _, c := range sheets(s) {
		for _, width := range []int64{320, 640} {
			for _, scheme := range []string{"light", "dark"} {
				b.look(fmt.Sprintf("%s/%d/%s", address, width, c), scheme, 4*(width+16)+16, 900)
				png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				save(t, filepath.Join(*gallery, fmt.Sprintf("%s-%d-%s.png", c, width, scheme)), png, err)
			}
		}
	}
}

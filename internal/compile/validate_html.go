package compile

import (
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"poolpost/internal/message"

	"golang.org/x/net/html"
)

// elements checks what a page is made of: that its one link is the primary one,
// to an https address and marked so that SES leaves it alone, that its one
// picture is the brand's, and that nothing else is loaded or run.
func (p part) elements(wantLink bool) {
	for _, loads := range []string{"url(", "@import", "@font-face"} {
		if strings.Contains(strings.ToLower(p.filled), loads) {
			p.report("the HTML loads something by its style: %s", loads)
		}
	}
	var links []string
	tokens := html.NewTokenizer(strings.NewReader(p.filled))
	for tokens.Next() != html.ErrorToken {
		t := tokens.Token()
		if t.Type != html.StartTagToken && t.Type != html.SelfClosingTagToken {
			continue
		}
		attributes := attributesOf(t)
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			if strings.HasPrefix(key, "on") {
				p.report("the HTML holds an event handler: %s", key)
			}
		}
		switch t.Data {
		case "script", "iframe", "object", "embed", "form", "link", "base", "video", "audio":
			p.report("the HTML holds a <%s>", t.Data)
		case "img":
			p.picture(attributes)
		case "a":
			links = append(links, attributes["href"])
			p.link(attributes)
		}
	}
	if err := tokens.Err(); err != nil && !errors.Is(err, io.EOF) {
		p.report("the HTML cannot be read: %v", err)
	}
	switch {
	case wantLink && (len(links) != 1 || links[0] != Longest[message.Link]):
		p.report("the HTML must hold one link, the link of the message; it holds %d", len(links))
	case !wantLink && len(links) > 0:
		p.report("the HTML holds a link, but a message of this kind has none")
	}
}

func (p part) link(attributes map[string]string) {
	if _, marked := attributes["ses:no-track"]; !marked {
		p.report("a link lacks ses:no-track")
	}
	href := attributes["href"]
	if u, err := url.Parse(href); err != nil || u.Scheme != "https" || u.Host == "" {
		p.report("a link does not begin with https://: %s", clip(href))
	}
}

// picture accepts the brand's logo. Any other picture could show its server who
// reads the mail.
func (p part) picture(attributes map[string]string) {
	if attributes["src"] == "" || attributes["src"] != p.brand.Logo.URL {
		p.report("the HTML loads a picture that is not the brand's logo: %s", clip(attributes["src"]))
	}
	if attributes["alt"] == "" {
		p.report("a picture has no text to stand in its place")
	}
}

// sameWords reports what only one of the parts says, or in another order: a
// screen reader reads the HTML in its order.
func (p part) sameWords(shown []string, text string) {
	inHTML, inText := strings.Join(shown, " "), oneLine(text)
	for _, words := range shown {
		_, behind, found := strings.Cut(inText, words)
		if !found {
			p.report("the HTML says what the text does not, or not there: %s", clip(words))
			continue
		}
		inText = behind
	}
	for line := range strings.Lines(text) {
		line = oneLine(line)
		if line != textSeparator && !strings.Contains(inHTML, line) {
			p.report("the text says what the HTML does not: %s", clip(line))
		}
	}
}

// textSeparator is the line above the foot of a text part (RFC 3676, section
// 4.3).
const textSeparator = "--"

// oneLine puts words one space apart.
func oneLine(s string) string { return strings.Join(strings.Fields(message.Plain(s)), " ") }

// shownText are the texts that a mail program shows of a page, in their order.
func shownText(page string) (texts []string) {
	hidden := false
	tokens := html.NewTokenizer(strings.NewReader(page))
	for tokens.Next() != html.ErrorToken {
		t := tokens.Token()
		switch t.Type {
		case html.TextToken:
			if words := oneLine(t.Data); words != "" && !hidden {
				texts = append(texts, words)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			hidden = t.Data == "style" || t.Data == "title" || strings.Contains(attributesOf(t)["style"], "display:none")
		case html.EndTagToken:
			hidden = false
		}
	}
	return texts
}

func attributesOf(t html.Token) map[string]string {
	attributes := map[string]string{}
	for _, a := range t.Attr {
		attributes[a.Key] = a.Val
	}
	return attributes
}

package compile

import (
	"strings"
	"testing"

	"poolpost/internal/message"
)

func TestFoldLines(t *testing.T) {
	link, name := marked(message.Link), marked(message.Name)
	for what, html := range map[string]string{
		"nothing":                       "",
		"a short line":                  "<p>a</p>",
		"short lines":                   "<p>a</p>\n<p>b</p>\n",
		"a long line":                   strings.Repeat("<p>some words</p> ", 400),
		"long lines":                    strings.Repeat(strings.Repeat("word ", 500)+"\n", 3),
		"a line just long enough":       strings.Repeat("a", 998),
		"a space as the last one":       strings.Repeat("a", 998) + " b",
		"a long word among others":      "a " + strings.Repeat("b", 1500) + " c " + strings.Repeat("d ", 800),
		"two bytes for each letter":     strings.Repeat("żółw ", 900),
		"spaces only":                   strings.Repeat(" ", 3000),
		"a link":                        strings.Repeat("a ", 400) + `<a class="b" href="` + link + `">b</a> ` + strings.Repeat("c ", 400),
		"names":                         strings.Repeat("Dear "+name+", ", 60),
		"attributes":                    strings.Repeat(`<td align="center" style="color: red; margin: 0 0">a</td>`, 60),
		"conditional comments":          strings.Repeat(`<!--[if mso | IE]><table border="0"><![endif]--> `, 60),
		"a quotation mark in the text":  strings.Repeat(`it's "here" `, 300),
		"an attribute value of its own": `<a title="` + strings.Repeat("a b ", 400) + `">c</a> ` + strings.Repeat("d ", 600),
	} {
		got := foldLines(html, "")
		if strings.ReplaceAll(got, "\n", " ") != strings.ReplaceAll(html, "\n", " ") {
			t.Errorf("%s: became %q", what, got)
		}
		for _, kept := range []string{`style="color: red; margin: 0 0"`, "<!--[if mso | IE]>", strings.Repeat("a b ", 400)} {
			if strings.Count(got, kept) != strings.Count(html, kept) {
				t.Errorf("%s: it broke %q", what, kept)
			}
		}
		filled := message.Message{HTML: got}.Fill(longestEscaped()).HTML
		for line := range strings.SplitSeq(filled, "\n") {
			if len(line) > maxLine && strings.Contains(line, " ") && !strings.Contains(line, "xxxx") && !strings.Contains(line, "a b a b") {
				t.Errorf("%s: a line has %d bytes: %s", what, len(line), line)
			}
		}
	}
}

// Servers put an exclamation mark into longer lines, in the middle of a word or a link.
func TestLinesOfMessagesAreShort(t *testing.T) {
	each(t, func(t *testing.T, m compiled) {
		for line := range strings.SplitSeq(m.Fill(longestEscaped()).HTML, "\n") {
			if rest := strings.Replace(line, Longest[message.Link], "", 1); len(rest) > maxLine || len(line) > maxLine && len(rest) > 200 {
				t.Errorf("a line has %d bytes, %d without the link: %s", len(line), len(rest), line)
			}
		}
	})
}

// longestEscaped are the longest values, of characters that HTML escapes.
func longestEscaped() message.Values {
	longest := message.Values{}
	for name, value := range Longest {
		longest[name] = strings.Repeat("&", len(value))
	}
	longest[message.Link] = Longest[message.Link]
	return longest
}

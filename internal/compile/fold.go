package compile

import (
	"strings"

	"poolpost/internal/message"
)

// maxLine is the longest line of an email, in bytes without the line break (RFC 5322, section
// 2.1.1). Servers cut longer ones, or put an exclamation mark and a line break in.
const maxLine = 998

// foldLines replaces spaces of HTML by line breaks, which mean the same there, so that no line is
// too long when its placeholders are filled. It leaves attribute values and comments as they are, the
// conditional ones of Outlook among them. A link may be longer than a line; it then has one of its
// own. The greeting is that of the message, with the placeholder of a name.
func foldLines(html, greeting string) string {
	folded := []byte(html)
	width, space, sinceSpace := 0, -1, 0 // of the line so far; its last space, and the width behind it
	var quote byte                       // of the attribute value that we are in, or 0
	for i, inTag := 0, false; i < len(html); {
		n, wide := 1, 1 // bytes of the source, and of the filled line
		switch c := html[i]; {
		case strings.HasPrefix(html[i:], "<!--"):
			comment, _, _ := strings.Cut(html[i:], "-->")
			n = min(len(comment)+len("-->"), len(html)-i)
			wide = n
		case strings.HasPrefix(html[i:], message.PlaceholderDelimiter):
			name, _, _ := strings.Cut(html[i+1:], message.PlaceholderDelimiter)
			n, wide = len(name)+2, len(Longest[name])
			if name == message.Greeting {
				wide = len(greeting) + len(Longest[message.Name])
			}
			if name != message.Link {
				wide *= len("&quot;") // or four bytes of UTF-8
			}
		case c == '\n':
			width, space, sinceSpace, wide = 0, -1, 0, 0
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '<':
			inTag = true
		case c == '>':
			inTag = false
		case inTag && (c == '"' || c == '\''):
			quote = c
		case c == ' ':
			space, sinceSpace, wide = i, 0, 0
			width++
		}
		width, sinceSpace, i = width+wide, sinceSpace+wide, i+n
		if width > maxLine && space >= 0 {
			folded[space] = '\n'
			width, space = sinceSpace, -1
		}
	}
	return string(folded)
}

package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how much of a name a message shows, in characters.
const maxName = 40

// CleanName makes a name that a stranger may have typed safe to greet with: one
// short line without markup, placeholders, direction marks or anything that a
// mail program would turn into a link. It returns nothing when what is left is
// no name; the greeting then does without. A name that is clean stays as it is.
func CleanName(name string) string {
	if len(name) > 16*maxName { // attributes have up to 2,048 characters
		name = name[:16*maxName]
	}
	name = cut(breakDots(onlyNameCharacters(Plain(strings.ToValidUTF8(name, "")))))
	digits := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if !strings.ContainsFunc(name, unicode.IsLetter) || digits > 4 { // a phone number is a link on many phones
		return ""
	}
	return name
}

// onlyNameCharacters puts a space in the place of every character that names do
// without: line breaks, and whatever could mean something to a mail program or
// to Cognito, such as : / @ # { } < > and full-width dots.
func onlyNameCharacters(name string) string {
	onLetter := false // a mark without a letter under it is the rest of a symbol
	return strings.Map(func(r rune) rune {
		onLetter = unicode.IsLetter(r) || unicode.IsDigit(r) || onLetter && unicode.IsMark(r)
		switch {
		case onLetter, r == '.', r == '\'', r == '’', r == '-', r == ',', r == '·', r == '&':
			return r
		default:
			return ' '
		}
	}, name)
}

// cut shortens a name to maxName characters, between a letter with its marks
// and the next.
func cut(name string) string {
	runes := []rune(name)
	if len(runes) <= maxName {
		return name
	}
	end := maxName
	for end > 0 && unicode.IsMark(runes[end]) {
		end--
	}
	return strings.TrimSpace(string(runes[:end]))
}

// FirstName is the first of some attributes of a user that holds a name fit to
// greet with, gone through CleanName.
func FirstName(attributes []string, user map[string]string) string {
	for _, key := range attributes {
		if name := CleanName(user[key]); name != "" {
			return name
		}
	}
	return ""
}

// breakDots puts a space behind a dot inside a word, so that no domain name or
// address is left; initials such as J.R.R. and J.-P. stay together. Words end up
// one space apart.
func breakDots(name string) string {
	words := strings.Fields(name)
	for i, word := range words {
		for label := range strings.SplitSeq(word, ".") {
			label = strings.TrimPrefix(label, "-")
			initial, size := utf8.DecodeRuneInString(label)
			if size < len(label) || size > 0 && !unicode.IsLetter(initial) {
				words[i] = strings.ReplaceAll(word, ".", ". ")
				break
			}
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

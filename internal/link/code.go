package link

import "unicode"

const (
	codeDigits = 6   // of Cognito's codes for a sign-up, a password or an attribute
	maxTyped   = 256 // characters in which a code is looked for, such as a sentence that was pasted
)

// ReadCode returns the six digits, as 0 to 9, of a code that somebody typed or pasted, and nothing
// when there is not exactly one code to be seen. The digits may be those of any script. Signs
// between and around them do not count, whether spaces, dashes, brackets or invisible ones. Words
// may stand before and behind, as in "Your code is 123-456."; digits that words separate are not
// of one code.
func ReadCode(text string) string {
	code := ""
	group, size, length := [codeDigits]byte{}, 0, 0
	// end ends a group of digits, and reports whether there is no other code before.
	end := func() bool {
		if size == codeDigits {
			if code != "" && code != string(group[:]) {
				return false
			}
			code = string(group[:])
		}
		size = 0
		return true
	}
	for _, r := range text {
		if length++; length > maxTyped {
			return ""
		}
		switch {
		case unicode.IsDigit(r):
			if size < codeDigits {
				group[size] = digit(r)
			}
			size++
		case unicode.IsNumber(r), unicode.IsControl(r) && !unicode.IsSpace(r), r == unicode.ReplacementChar:
			return "" // such as ², or a byte that was lost
		case isWord(r) && !end():
			return ""
		}
	}
	if !end() {
		return ""
	}
	return code
}

// isWord reports whether a rune is a letter that is seen. Modifiers are not: the long vowel mark of
// a Japanese keyboard serves as a dash.
func isWord(r rune) bool {
	return unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// digit is the 0 to 9 that a decimal digit of any script means. They stand
// in runs from zero to nine (Unicode Standard, section 4.6), some of which follow
// one another.
func digit(r rune) byte {
	zero := r
	for unicode.IsDigit(zero - 1) {
		zero--
	}
	return '0' + byte((r-zero)%10)
}

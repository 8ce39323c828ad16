package bundle

import (
	"regexp/syntax"
	"unicode"
)

// asciiPattern is what is left of a pattern (Go's RE2 syntax) for values in
// ASCII: of them, it accepts the same ones. A class such as \p{L} has hundreds of
// ranges, and compiling it takes longer than all else that pre-sign-up does when it
// starts; most values need no more than a few of them.
func asciiPattern(pattern string) string {
	if pattern == "" {
		return ""
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return pattern // package settings has reported it
	}
	inASCII(tree)
	return tree.String()
}

// inASCII takes everything but ASCII out of the character classes of a tree. What
// else is in it is shorter.
func inASCII(tree *syntax.Regexp) {
	for _, sub := range tree.Sub {
		inASCII(sub)
	}
	if tree.Op != syntax.OpCharClass {
		return
	}
	var ranges []rune
	for i := 0; i < len(tree.Rune) && tree.Rune[i] <= unicode.MaxASCII; i += 2 {
		ranges = append(ranges, tree.Rune[i], min(tree.Rune[i+1], unicode.MaxASCII))
	}
	tree.Rune = ranges
	if ranges == nil {
		tree.Op = syntax.OpNoMatch
	}
}

// Command lookalikes reads Unicode's confusables.txt (UTS 39) from its standard input and writes
// internal/rules/lookalikes.txt: the letters of other scripts that look like a letter from a to z, each
// with that letter, sorted by bytes. Those that fold already makes the same are left out.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func main() {
	var lines []string
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		source, rest, ok := strings.Cut(strings.TrimPrefix(in.Text(), "\ufeff"), ";")
		target, _, _ := strings.Cut(rest, ";")
		if !ok || strings.HasPrefix(source, "#") {
			continue
		}
		from, to := character(source), character(target)
		if from < 0x80 || to < 0 || to >= 0x80 || !unicode.IsLetter(from) || !unicode.IsLetter(to) || norm.NFKD.String(string(from)) != string(from) {
			continue
		}
		if to == 'l' && unicode.IsUpper(from) {
			to = 'I' // to Unicode, I and l are one
		}
		lines = append(lines, string(from)+string(to)+"\n")
	}
	if err := in.Err(); err != nil || len(lines) == 0 {
		log.Fatalf("read confusables.txt: %d look-alikes, %v", len(lines), err)
	}
	slices.Sort(lines)
	fmt.Print(strings.Join(slices.Compact(lines), ""))
}

// character is a single code point in hexadecimal, or -1.
func character(text string) rune {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// codes are what people type and paste, and what is read; nothing when they have to look again.
// The front end's reader is tested with the same file.
func codes(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/codes.json")
	var kinds map[string]map[string]string
	if err := errors.Join(err, json.Unmarshal(text, &kinds)); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"123\xff456":                        "",
		strings.Repeat(" ", 251) + "123456": "",
		strings.Repeat(" ", 250) + "123456": "123456",
		strings.Repeat("1", 1<<20):          "",
	}
	for _, kind := range kinds {
		maps.Copy(all, kind)
	}
	for r := range rune(unicode.MaxRune) { // every dash that there is
		if unicode.Is(unicode.Dash, r) {
			all[fmt.Sprintf("123%c456", r)] = "123456"
		}
		if unicode.IsDigit(r) && (r-digitZero(r))%10 == 1 { // every script
			all[fmt.Sprintf("%c%c%c234", r, r+8, r-1)] = "190234"
		}
	}
	return all
}

func digitZero(r rune) rune {
	for unicode.IsDigit(r - 1) {
		r--
	}
	return r
}

func TestReadCode(t *testing.T) {
	for text, want := range codes(t) {
		if got := ReadCode(text); got != want {
			t.Errorf("%.80q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzReadCode holds that a code reads the same in the digits of every script, and with every
// sign and mark between them, and that only six digits are a code.
func FuzzReadCode(f *testing.F) {
	for text := range codes(f) {
		f.Add(uint32(123456), rune('０'), text)
	}
	f.Add(uint32(7), rune(0x1D7CE), "-\u200b(")
	scripts := []rune{}
	for r := range rune(unicode.MaxRune) {
		if unicode.IsDigit(r) && (r-digitZero(r))%10 == 0 {
			scripts = append(scripts, r)
		}
	}
	f.Fuzz(func(t *testing.T, number uint32, script rune, text string) {
		if got := ReadCode(text); got != "" && (len(got) != 6 || strings.Trim(got, "0123456789") != "") {
			t.Errorf("%q is read as %q", text, got)
		}
		zero := '0'
		if slices.Contains(scripts, script) {
			zero = script
		}
		marks := []rune(strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsControl(r) || r == unicode.ReplacementChar {
				return -1
			}
			return r
		}, text))
		marks = marks[:min(len(marks), 240)]
		want := fmt.Sprintf("%06d", number%1_000_000)
		written := marks
		for i, c := range want {
			at := (i * len(marks)) / 6
			written = slices.Insert(slices.Clone(written), at+i, zero+c-'0')
		}
		if got := ReadCode(string(written)); got != want {
			t.Errorf("%q is read as %q, want %s", string(written), got, want)
		}
	})
}

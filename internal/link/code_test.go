package link

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// codes are what people type and paste, and what is read; nothing when they have to look again.
func codes() map[string]string {
	all := map[string]string{
		"123456": "123456",
		"000000": "000000",

		// Spaces, and marks that nobody sees.
		" 123\t456\r\n": "123456", "123 456": "123456", "1 2 3 4 5 6": "123456", "12 34 56": "123456",
		"123\u00a0456": "123456", "123\u202f456": "123456", "123\u2009456": "123456", "\u3000123\u3000456": "123456",
		"\u200e123456\u200f": "123456", "\u202b123456\u202c": "123456", "\u2067١٢٣\u200d ٤٥٦\u2069\ufeff": "123456",
		"1\u200b2\u200c3\u20604\u00ad5\u034f6": "123456", "123\u3164456": "123456", "123\u115f456": "123456", "1\ufe0f\u20e323456": "123456",

		// Signs between, around, before and behind.
		"123-456": "123456", "123–456": "123456", "123—456": "123456", "123−456": "123456", "123\u2011456": "123456", "123－456": "123456",
		"123ー456": "123456", "123〜456": "123456", "123_456": "123456", "123.456": "123456", "123,456": "123456", "123'456": "123456", "123/456": "123456",
		"(123) 456": "123456", "[123456]": "123456", "{123456}": "123456", "<123456>": "123456", "【123456】": "123456", "（123456）": "123456",
		"#123456": "123456", "# 123 456": "123456", "№123456": "123456", "*123456*": "123456", "`123456`": "123456", "|123456|": "123456",
		"123456.": "123456", "123456,": "123456", "123456;": "123456", "123456!": "123456", "123456…": "123456", "123456。": "123456", "123456،": "123456",
		`"123456"`: "123456", "'123456'": "123456", "“123456”": "123456", "„123456“": "123456", "«123456»": "123456", "「123456」": "123456",
		"-123456": "123456", "+123456": "123456", "=123456": "123456", "> 123456": "123456", "• 123456": "123456", "➡️ 123456 ✅": "123456",

		// Words.
		"code: 123456": "123456", "Code:123 456": "123456", "code=123456": "123456", "CODE123456": "123456", "G-123456": "123456",
		"Your code is 123456": "123456", "Your code is 123456.": "123456", "123456 is your code": "123456",
		"Your code is 123-456. It is valid for 24 hours.": "123456", "Ihr Code: 123456 (24 Stunden gültig)": "",
		"Le code est « 123 456 »": "123456", "код: 123456": "123456", "الرمز: ١٢٣٤٥٦": "123456", "קוד 123456": "123456",
		"验证码：123456": "123456", "認証コードは123456です": "123456", "कोड १२३४५६": "123456", "Code 123456, once more: 123456": "123456",
		"@links.example.com #123456": "123456",

		// Digits of any script.
		"１２３４５６": "123456", "٠١٢٣٤٥": "012345", "۶۷۸۹۰۱": "678901", "१२३४५६": "123456", "১২৩৪৫৬": "123456", "๑๒๓๔๕๖": "123456",
		"၁၂၃၄၅၆": "123456", "𝟎𝟗𝟘𝟡𝟶𝟿": "090909", "١٢٣456": "123456",

		// Not one code.
		"": "", "   ": "", "code": "", "{####}": "", "-": "",
		"12345": "", "1234567": "", "12345678": "", "123 4567": "", "123456 7": "", "1": "", "١٢٣٤٥": "", "123456123456": "",
		"123456 654321": "", "123456 or 654321": "", "old 123456, new 654321": "", "123456\n654321": "",
		"12345a": "", "12345O": "", "l23456": "", "123a456": "", "123 and 456": "", "2026-11-30": "", "1e5": "",
		"①②③④⑤⑥": "", "一二三四五六": "", "123456²": "", "½123456": "", "ⅥⅥⅥⅥⅥⅥ": "", "12\x003456": "", "123456\x7f": "", "123\xff456": "", "123\ufffd456": "",
		strings.Repeat(" ", 251) + "123456": "",
		strings.Repeat(" ", 250) + "123456": "123456",
		strings.Repeat("1", 1<<20):          "",
	}
	for r := range rune(unicode.MaxRune) { // every dash that there is
		if unicode.Is(unicode.Dash, r) {
			all[fmt.Sprintf("123%c456", r)] = "123456"
		}
		if unicode.IsDigit(r) && r != digitZero(r) && (r-digitZero(r))%10 == 1 { // every one
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
	for text, want := range codes() {
		if got := ReadCode(text); got != want {
			t.Errorf("%.80q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzReadCode holds that a code reads the same in the digits of every script, and with every
// sign and mark between them, and that only six digits are a code.
func FuzzReadCode(f *testing.F) {
	for text := range codes() {
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

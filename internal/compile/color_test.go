package compile

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"

	"poolpost/internal/settings"
)

func TestButtonContrastInDarkMode(t *testing.T) {
	for color, want := range map[string]string{
		"#1d4ed8": "#416ade", // a little lighter
		"#000000": "#727272", // much lighter
		"#767676": "#767676", // as light as a brand's colour may be: as it is
	} {
		if got := onDark(color); got != want {
			t.Errorf("%s becomes %s, want %s", color, got, want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		color := fmt.Sprintf("#%06x", random.IntN(1<<24))
		if settings.Contrast(color, "#ffffff") < 4.5 {
			continue // no settings have it
		}
		dark := onDark(color)
		if text, edge := settings.Contrast(dark, "#ffffff"), settings.Contrast(dark, darkCard); text < 4.5 || edge < 3 {
			t.Fatalf("%s becomes %s: a contrast of %.2f to its text and %.2f to what is around it", color, dark, text, edge)
		}
	}
}

var anyColor = regexp.MustCompile(`#[0-9a-fA-F]{6}\b`)

// Every text of the layout has a contrast of 4.5 to everything that it can stand
// on (WCAG 2.2 AA). A colour that is new in the layout must be added here.
func TestTextContrastInLightAndDarkMode(t *testing.T) {
	layout, err := os.ReadFile(templates + "/layout.html")
	if err != nil {
		t.Fatal(err)
	}
	const page, card, darkPage = "#f1f5f9", "#ffffff", "#0f172a"
	known := []string{page, card, darkPage, darkCard}
	for _, test := range []struct {
		texts   []string
		grounds []string
	}{
		{[]string{"#1f2937", "#5b6678", "#0f172a"}, []string{page, card}},
		{[]string{"#e2e8f0", "#a3b1c6", "#f8fafc"}, []string{darkPage, darkCard}},
		{[]string{"#1f2937"}, []string{page}}, // the alternative text of a logo, in the dark too
	} {
		known = append(known, test.texts...)
		for _, text := range test.texts {
			for _, ground := range test.grounds {
				if c := settings.Contrast(text, ground); c < 4.5 {
					t.Errorf("%s on %s has a contrast of %.2f", text, ground, c)
				}
			}
		}
	}
	for _, color := range anyColor.FindAllString(string(layout), -1) {
		if !slices.Contains(known, color) {
			t.Errorf("the layout has the colour %s, which is not checked", color)
		}
	}
	for _, color := range known {
		if !slices.Contains(anyColor.FindAllString(string(layout), -1), color) {
			t.Errorf("the layout does not have the colour %s", color)
		}
	}
}

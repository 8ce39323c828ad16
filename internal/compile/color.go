package compile

import (
	"fmt"
	"strconv"

	"poolpost/internal/settings"
)

// darkCard is the background of the button where the reader's colours are dark
// (layout.mjml).
const darkCard = "#1e293b"

// onDark makes a brand's colour lighter, by as little as it takes to stand out
// from darkCard with the contrast of 3 that WCAG 2.2 AA asks of a button. White
// text still stands out from it with 4.5.
func onDark(color string) string {
	lighter := color
	for white := 1; white <= 255 && settings.Contrast(lighter, darkCard) < 3; white++ {
		lighter = mixed(color, white)
	}
	return lighter
}

// mixed is a colour #rrggbb with some white in it, of 255.
func mixed(color string, white int) string {
	n, err := strconv.ParseInt(color[1:], 16, 32)
	if err != nil {
		return color
	}
	mix := func(shift int) int64 {
		part := n >> shift & 255
		return part + (255-part)*int64(white)/255
	}
	return fmt.Sprintf("#%02x%02x%02x", mix(16), mix(8), mix(0))
}

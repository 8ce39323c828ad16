package settings

import (
	"math"
	"strconv"
)

// Contrast is the contrast ratio of two colours #rrggbb, 1 to 21 (WCAG 2.2,
// "contrast ratio").
func Contrast(a, b string) float64 {
	l1, l2 := luminance(a), luminance(b)
	return (max(l1, l2) + 0.05) / (min(l1, l2) + 0.05)
}

// luminance is the relative luminance of a colour #rrggbb, 0 to 1. What is no
// colour counts as black.
func luminance(color string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

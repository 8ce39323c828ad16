package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// A row is a function's line of the table. Times are in microseconds, sizes in
// bytes.
type row struct {
	Function string `json:"function"`
	Event    string `json:"event"` // the function whose sample event it got
	Init     spread `json:"init"`
	First    spread `json:"first"` // the first event, after init
	Start    spread `json:"start"` // both
	P50      spread `json:"p50"`
	P99      spread `json:"p99"`
	CPU      spread `json:"cpu"` // of an event
	Memory   spread `json:"memory"`
	Zip      spread `json:"zip"`
	// Call is the warm median against that of a function that makes the same calls
	// and does nothing else.
	Call *spread `json:"call,omitempty"`
}

// A spread is the median of the rounds with its quartiles, and the median of the
// ratios to the empty function of the same round.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Ratio  float64 `json:"ratio"`
}

// newSpread pairs the values of a function with those of what it is compared
// with, round by round.
func newSpread(values, base []float64) spread {
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / base[i]
	}
	values = slices.Sorted(slices.Values(values))
	slices.Sort(ratios)
	n := len(values)
	return spread{Median: values[n/2], Low: values[n/4], High: values[n*3/4], Ratio: ratios[n/2]}
}

// rows are one line for each function, and one for each thing it is compared
// with.
func rows(subjects []subject, figures [][]figure) []row {
	var list []row
	var base, one []figure // of the empty function and of the bare calls, with the same event
	var zip int64
	for i, s := range subjects {
		switch s.name {
		case empty:
			base, one, zip = figures[i], nil, s.zip
		case call:
			one = figures[i]
		}
		against := func(base []figure, of func(figure) float64) spread {
			return newSpread(column(figures[i], of), column(base, of))
		}
		times := func(of func(figure) time.Duration) spread { return against(base, microseconds(of)) }
		p50 := func(f figure) time.Duration { return f.P50 }
		r := row{
			Function: s.name, Event: s.of,
			Init:   times(func(f figure) time.Duration { return f.Init }),
			First:  times(func(f figure) time.Duration { return f.First }),
			Start:  times(figure.Start),
			P50:    times(p50),
			P99:    times(func(f figure) time.Duration { return f.P99 }),
			CPU:    times(func(f figure) time.Duration { return f.CPU }),
			Memory: against(base, func(f figure) float64 { return float64(f.Memory) }),
			Zip:    newSpread([]float64{float64(s.zip)}, []float64{float64(zip)}),
		}
		if one != nil {
			c := against(one, microseconds(p50))
			r.Call = &c
		}
		list = append(list, r)
	}
	return list
}

func column(figures []figure, of func(figure) float64) []float64 {
	var list []float64
	for _, f := range figures {
		list = append(list, of(f))
	}
	return list
}

func microseconds(of func(figure) time.Duration) func(figure) float64 {
	return func(f figure) float64 { return float64(of(f).Nanoseconds()) / 1000 }
}

// print writes a table: medians, with the ratio to the empty function behind
// them.
func print(w io.Writer, title string, rows []row) {
	fmt.Fprintf(w, "%s (ratio to the empty function; the spread is from quartile to quartile)\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "function\tinit ms\t\tinit + first event ms\t\tspread\tfirst event / warm\twarm p50 ms\t\t/ its calls\tp99 ms\tCPU µs\t\tmemory MB\t\tzip kB\t")
	for i, r := range rows {
		if i > 0 && r.Function == empty {
			continue // one is enough to see
		}
		toCall := ""
		if r.Call != nil {
			toCall = fmt.Sprintf("%.2f", r.Call.Ratio)
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f–%.2f\t%.1f\t%.3f\t%.2f\t%s\t%.3f\t%.0f\t%.2f\t%.1f\t%.2f\t%.0f\t%.2f\n",
			r.Function, r.Init.Median/1000, r.Init.Ratio, r.Start.Median/1000, r.Start.Ratio, r.Start.Low/1000, r.Start.High/1000,
			r.First.Median/r.P50.Median, r.P50.Median/1000, r.P50.Ratio, toCall, r.P99.Median/1000,
			r.CPU.Median, r.CPU.Ratio, r.Memory.Median/1e6, r.Memory.Ratio, r.Zip.Median/1000, r.Zip.Ratio)
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

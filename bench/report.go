package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// A row is a line of the table. Times are in microseconds, sizes in bytes.
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
	// Call compares the warm median with that of a function that only makes the same calls.
	Call *spread `json:"call,omitempty"`
}

// A spread is the median of the rounds with its quartiles, and the median of the ratios to the
// empty function of the same round.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Ratio  float64 `json:"ratio"`
}

// newSpread compares a value of the figures with that of others, round by round.
func newSpread(figures, base []figure, of func(figure) float64) spread {
	n := len(figures)
	values, ratios := make([]float64, n), make([]float64, n)
	for i, f := range figures {
		values[i], ratios[i] = of(f), of(f)/of(base[i])
	}
	slices.Sort(values)
	slices.Sort(ratios)
	return spread{Median: values[n/2], Low: values[n/4], High: values[n*3/4], Ratio: ratios[n/2]}
}

func rows(subjects []subject, figures [][]figure) []row {
	var list []row
	var base, calls []figure // of the empty function and of the bare calls, with the same event
	for i, s := range subjects {
		switch s.name {
		case empty:
			base, calls = figures[i], nil
		case call:
			calls = figures[i]
		}
		size := func(of func(figure) float64) spread { return newSpread(figures[i], base, of) }
		times := func(of func(figure) time.Duration) spread { return size(microseconds(of)) }
		r := row{
			Function: s.name, Event: s.of,
			Init:   times(func(f figure) time.Duration { return f.Init }),
			First:  times(func(f figure) time.Duration { return f.First }),
			Start:  times(func(f figure) time.Duration { return f.Init + f.First }),
			P50:    times(figure.warm),
			P99:    times(func(f figure) time.Duration { return f.P99 }),
			CPU:    times(func(f figure) time.Duration { return f.CPU }),
			Memory: size(func(f figure) float64 { return float64(f.Memory) }),
			Zip:    size(func(f figure) float64 { return float64(f.Zip) }),
		}
		if calls != nil {
			r.Call = new(newSpread(figures[i], calls, microseconds(figure.warm)))
		}
		list = append(list, r)
	}
	return list
}

func microseconds(of func(figure) time.Duration) func(figure) float64 {
	return func(f figure) float64 { return float64(of(f).Nanoseconds()) / 1000 }
}

// print writes a table of medians, each with its ratio to the empty function.
func print(w io.Writer, title string, rows []row) {
	fmt.Fprintf(w, "%s (ratio to the empty function; the spread is from quartile to quartile)\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "function\tinit ms\t\tinit + first event ms\t\tspread\tfirst event / warm\t"+
		"warm p50 ms\t\t/ its calls\tp99 ms\tCPU µs\t\tmemory MB\t\tzip kB\t")
	for i, r := range rows {
		if i > 0 && r.Function == empty {
			continue // one is enough
		}
		toCall := ""
		if r.Call != nil {
			toCall = fmt.Sprintf("%.2f", r.Call.Ratio)
		}
		fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f–%.2f\t%.1f\t%.3f\t%.2f\t%s\t%.3f\t%.0f\t%.2f\t%.1f\t%.2f\t%.0f\t%.2f\n",
			r.Function, r.Init.Median/1000, r.Init.Ratio,
			r.Start.Median/1000, r.Start.Ratio, r.Start.Low/1000, r.Start.High/1000,
			r.First.Median/r.P50.Median, r.P50.Median/1000, r.P50.Ratio, toCall, r.P99.Median/1000,
			r.CPU.Median, r.CPU.Ratio, r.Memory.Median/1e6, r.Memory.Ratio, r.Zip.Median/1000, r.Zip.Ratio)
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

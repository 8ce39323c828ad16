package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"poolpost/infra/local/lambdahost"
)

const region = "eu-central-1"

// A figure is what one process costs.
type figure struct {
	Init   time.Duration // from its start to its request for the first event
	First  time.Duration // the first event
	P50    time.Duration // an event of a warm process, the median
	P99    time.Duration
	CPU    time.Duration // of a warm event
	Memory int64         // at its peak, in bytes
	Answer []byte        // to the first event
}

// Start is what a person waits for when no process is warm.
func (f figure) Start() time.Duration { return f.Init + f.First }

// measure starts a process of a function, gives it an event, and then as many
// more as events says.
func measure(f lambdahost.Function, event []byte, events int, q *quota) (figure, error) {
	p, err := lambdahost.StartSingle(f, region)
	if err != nil {
		return figure{}, err
	}
	defer p.Close()
	if err := q.hold(p.PID()); err != nil {
		return figure{}, err
	}
	var result figure
	if result.Init, err = p.Init(); err != nil {
		return figure{}, err
	}
	begin := time.Now()
	if result.Answer, err = p.Run(event); err != nil {
		return figure{}, err
	}
	result.First = time.Since(begin)
	if result.Memory, err = peakMemory(p.PID()); err != nil {
		return figure{}, err
	}
	before, err := cpuTime(p.PID())
	if err != nil {
		return figure{}, err
	}
	times := make([]time.Duration, 0, events)
	for range events {
		begin := time.Now()
		if _, err := p.Run(event); err != nil {
			return figure{}, err
		}
		times = append(times, time.Since(begin))
	}
	after, err := cpuTime(p.PID())
	if err != nil {
		return figure{}, err
	}
	slices.Sort(times)
	result.P50, result.P99 = times[len(times)/2], times[len(times)*99/100]
	result.CPU = (after - before) / time.Duration(events)
	return result, nil
}

// peakMemory is VmHWM of proc(5), in bytes.
func peakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, err := strconv.ParseInt(number, 10, 64)
	return kilobytes * 1024, err
}

// cpuTime is what all threads of a process have used, from the first field of
// their schedstat: nanoseconds, where proc/PID/stat counts in hundredths of a
// second.
func cpuTime(pid int) (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		used, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(used, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}

package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"poolpost/local/lambda"
)

const region = "eu-central-1"

// A figure is what one process costs.
type figure struct {
	Init   time.Duration // from the start of its program to its request for the first event
	First  time.Duration // the first event
	P50    time.Duration // an event of a warm process, the median
	P99    time.Duration
	CPU    time.Duration // of a warm event
	Memory int64         // the peak, after all events, in bytes
	Zip    int64         // the deployment package, in bytes
	Answer []byte        // to the first event
}

func (f figure) warm() time.Duration { return f.P50 }

// block is how many events a process gets in its turn: few, so that what disturbs the machine
// disturbs all processes. Under a quota it is one, after a rest: several in a row would use up the
// share, and measure the block rather than the function.
const block = 10

// settle is a rest before a program starts: a process that has just ended still releases its
// memory and connections.
const settle = 20 * time.Millisecond

// measure starts a process of each function, one after the other, and gives each a first event,
// and then the number of events, in turns.
func measure(functions []lambda.Function, event []byte, events int, q *quota) ([]figure, error) {
	defer q.Close() // once the processes are gone
	figures := make([]figure, len(functions))
	processes := make([]*lambda.Process, len(functions))
	for i, f := range functions {
		if err := rehearse(f); err != nil {
			return nil, err
		}
		var err error
		if processes[i], err = startAtGate(f); err != nil {
			return nil, err
		}
		defer processes[i].Close()
		if err := figures[i].start(processes[i], event, q); err != nil {
			return nil, err
		}
	}
	turn, rest := block, time.Duration(0)
	if q != nil {
		turn, rest = 1, period
	}
	times := make([][]time.Duration, len(functions))
	for done := 0; done < events; done += turn {
		time.Sleep(rest)
		for n := range processes {
			i := (n + done/turn) % len(processes) // the first one wakes the processor up
			p := processes[i]
			before, beforeErr := cpuTime(p.PID())
			for range turn {
				begin := time.Now()
				if _, err := p.Run(event); err != nil {
					return nil, err
				}
				times[i] = append(times[i], time.Since(begin))
			}
			after, err := cpuTime(p.PID())
			if err := cmp.Or(beforeErr, err); err != nil {
				return nil, err
			}
			figures[i].CPU += after - before
		}
	}
	for i, t := range times {
		slices.Sort(t)
		figures[i].P50, figures[i].P99 = t[len(t)/2], t[len(t)*99/100]
		figures[i].CPU /= time.Duration(len(t))
		var err error
		if figures[i].Memory, err = peakMemory(processes[i].PID()); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// rehearse starts a program once without measuring it. The empty one runs many times in a round,
// so the machine's caches would favour it.
func rehearse(f lambda.Function) error {
	p, err := startAtGate(f)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := openGate(p.PID()); err != nil {
		return err
	}
	return p.Init()
}

// start measures a process from its gate to its first answer.
func (f *figure) start(p *lambda.Process, event []byte, q *quota) (err error) {
	if err := q.hold(p.PID()); err != nil {
		return err
	}
	time.Sleep(settle)
	begin := time.Now()
	if err := openGate(p.PID()); err != nil {
		return err
	}
	if err := p.Init(); err != nil {
		return err
	}
	f.Init = time.Since(begin)
	begin = time.Now()
	if f.Answer, err = p.Run(event); err != nil {
		return err
	}
	f.First = time.Since(begin)
	return nil
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

// cpuTime is what all threads of a process have used, from the first field of their schedstat:
// nanoseconds, where proc/PID/stat has hundredths of a second.
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

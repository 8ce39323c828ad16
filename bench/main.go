// Command bench measures the functions as processes: how long they take to start, cold and warm,
// how much CPU and memory they use and how large they are, against an empty function in the same
// run. The times of one machine mean little, so each figure has a ratio to the empty function.
//
// Every round starts a new process of each function, after one of the empty function. Both get the
// same events in turns, so that what disturbs the machine disturbs both. It runs on Linux.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"poolpost/internal/bundle"
	"poolpost/local/lambda"
)

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 30, "how often to start each process")
	flag.IntVar(&o.events, "events", 400, "events for a warm process")
	flag.StringVar(&o.only, "only", "", "functions to measure, separated by commas")
	flag.StringVar(&o.under, "under", "", "measure only under conditions whose name contains this, such as HTTP or 512 MB")
	flag.StringVar(&o.node, "node", "", "node_modules with the AWS runtime client for Node.js")
	flag.StringVar(&o.json, "json", ".build/bench.json", "file for the figures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds, events int
	only, under    string
	node, json     string
}

type condition struct {
	name   string
	tls    bool
	memory int // MB, which decide the share of a CPU; 0: no limit
}

var conditions = []condition{
	{"full speed, HTTP", false, 0},
	{"full speed, TLS", true, 0},
	{"128 MB, TLS", true, 128},
	{"256 MB, TLS", true, 256},
	{"512 MB, TLS", true, 512},
	{"1769 MB, TLS", true, 1769},
}

func run(ctx context.Context, o options) error {
	root, err := bundle.ModuleDir(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "poolpost-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.node == "" {
		fmt.Println("without -node, custom-message in Node.js is not measured")
	} else if o.node, err = filepath.Abs(o.node); err != nil {
		return err
	}
	subjects, err := build(ctx, root, dir, o.node)
	if err != nil {
		return err
	}
	subjects = slices.DeleteFunc(subjects, func(s subject) bool {
		return o.only != "" && !slices.Contains(strings.Split(o.only, ","), s.of)
	})
	aws, err := newStubs(dir, awsStub)
	if err != nil {
		return err
	}
	defer aws.Close()
	all := map[string][]row{}
	for _, c := range conditions {
		if !strings.Contains(c.name, o.under) {
			continue
		}
		rows, err := measureAll(ctx, c, subjects, aws, o)
		if err != nil {
			return err
		}
		if rows != nil {
			print(os.Stdout, c.name, rows)
			all[c.name] = rows
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.json), 0o755); err != nil {
		return err
	}
	return os.WriteFile(o.json, append(text, '\n'), 0o644)
}

// measureAll measures all subjects under one condition. It returns no rows if this machine does
// not support the condition.
func measureAll(ctx context.Context, c condition, subjects []subject, aws *stubs, o options) ([]row, error) {
	var q *quota
	events := o.events
	if c.memory > 0 {
		var err error
		if q, err = newQuota(c.memory); err != nil {
			fmt.Printf("%s is not measured: %v\n\n", c.name, err)
			return nil, nil
		}
		events = max(block, events/8) // they are slow
	}
	env := aws.env(c.tls)
	figures := make([][]figure, len(subjects))
	for range o.rounds {
		for first := 0; first < len(subjects); {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			var group []lambda.Function // with the same event
			for _, s := range subjects[first:] {
				if bytes.Equal(s.event, subjects[first].event) {
					group = append(group, s.function(env))
				}
			}
			measured, err := measure(group, subjects[first].event, events, q)
			if err != nil {
				return nil, err
			}
			for i, f := range measured {
				f.Zip = subjects[first+i].zip
				figures[first+i] = append(figures[first+i], f)
			}
			first += len(group)
		}
		if err := sameAnswers(subjects, figures); err != nil {
			return nil, err
		}
	}
	return rows(subjects, figures), nil
}

// sameAnswers checks that custom-message returns the same in both languages: otherwise there is
// nothing to compare.
func sameAnswers(subjects []subject, figures [][]figure) error {
	var answers []any
	for i, s := range subjects {
		if s.name == "custom-message" || s.name == nodeJS {
			var answer struct{ Response any }
			if err := json.Unmarshal(figures[i][len(figures[i])-1].Answer, &answer); err != nil {
				return fmt.Errorf("answer of %s: %w", s.name, err)
			}
			answers = append(answers, answer.Response)
		}
	}
	if len(answers) == 2 && !reflect.DeepEqual(answers[0], answers[1]) {
		return errors.New("custom-message answers differently in Node.js")
	}
	return nil
}

// Command bench measures the functions as processes: how long they take to
// start, cold and warm, what CPU and memory they use and how large they are,
// against an empty function in the same run. A time of one machine says little,
// so each figure stands beside its ratio.
//
// Each process is started anew in every round, one function after the other, each
// behind an empty one that gets the same events in turns with it, so that what disturbs the machine
// disturbs both. It runs on Linux.
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
	flag.IntVar(&o.rounds, "rounds", 30, "how often each process is started")
	flag.IntVar(&o.events, "events", 400, "how many events a warm process gets")
	flag.StringVar(&o.only, "only", "", "functions to measure, divided by commas")
	flag.StringVar(&o.under, "under", "", "measure under conditions whose name has this only, such as HTTP or 512 MB")
	flag.StringVar(&o.node, "node", "", "node_modules with AWS's runtime client for Node.js")
	flag.StringVar(&o.json, "json", ".build/bench.json", "where the figures go")
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

// A condition is what a function meets: how it reaches AWS, and how much CPU it
// has.
type condition struct {
	name   string
	tls    bool
	memory int // MB; 0: as much CPU as there is
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
		fmt.Println("without -node, custom-message in Node.js is left out")
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

// measureAll measures all subjects under one condition, and returns no rows when
// this machine cannot make it.
func measureAll(ctx context.Context, c condition, subjects []subject, aws *stubs, o options) ([]row, error) {
	var q *quota
	events := o.events
	if c.memory > 0 {
		var err error
		if q, err = newQuota(c.memory); err != nil {
			fmt.Printf("%s is left out: %v\n\n", c.name, err)
			return nil, nil
		}
		events = max(block, events/8) // they take long
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

// sameAnswers says whether custom-message answers the same in both languages:
// otherwise there is nothing to compare.
func sameAnswers(subjects []subject, figures [][]figure) error {
	var answers []any
	for i, s := range subjects {
		if s.name == "custom-message" || s.name == nodeJS {
			var answer struct{ Response any }
			if err := json.Unmarshal(figures[i][len(figures[i])-1].Answer, &answer); err != nil {
				return fmt.Errorf("the answer of %s: %w", s.name, err)
			}
			answers = append(answers, answer.Response)
		}
	}
	if len(answers) == 2 && !reflect.DeepEqual(answers[0], answers[1]) {
		return errors.New("custom-message answers differently in Node.js")
	}
	return nil
}

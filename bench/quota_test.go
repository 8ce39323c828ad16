package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"poolpost/local/lambda"
)

// This program first records its control group, and then uses all the CPU that it gets.
const greedy = "#!/bin/sh\ncat /proc/$$/cgroup > seen.new && mv seen.new seen\nwhile :; do :; done\n"

func TestAProgramIsUnderTheQuotaFromItsStart(t *testing.T) {
	q, err := newQuota(256)
	if err != nil {
		t.Skip("this machine cannot make one:", err)
	}
	defer q.Close() // once the process is gone
	dir := t.TempDir()
	program, seen := filepath.Join(dir, "bootstrap"), filepath.Join(dir, "seen")
	if err := os.WriteFile(program, []byte(greedy), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := gate(program); err != nil {
		t.Fatal(err)
	}
	p, err := startAtGate(lambda.Function{Name: "greedy", Dir: dir, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := q.hold(p.PID()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(seen); err == nil {
		t.Error("the program runs before the gate is open")
	}
	before, err := cpuTime(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := openGate(p.PID()); err != nil {
		t.Fatal(err)
	}
	const long = 500 * time.Millisecond
	time.Sleep(long)
	after, err := cpuTime(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	// Twice the share, as the scheduler hands it out in advance.
	if used, limit := after-before, time.Since(begin)*256/1769*2; used > limit {
		t.Errorf("it used %v of a CPU within %v, which is more than %v", used, long, limit)
	}
	groups, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if own := filepath.Base(q.groups[0]); !strings.Contains(string(groups), own) || !strings.HasSuffix(own, strconv.Itoa(p.PID())) {
		t.Errorf("process %d began in\n%s, not in %s", p.PID(), groups, own)
	}
}

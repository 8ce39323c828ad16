package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// A quota limits each process that it holds to a share of one CPU, with control groups of Linux.
// Lambda gives a function CPU in proportion to its memory, one CPU at 1,769 MB (developer guide,
// "Configure Lambda function memory").
type quota struct {
	parent string
	files  map[string]string // of a group, with the limits
	groups []string
}

// period is the scheduler's: a process that has used up its share waits for the next one. Lambda's
// has been observed to be 20 ms.
const period = 20 * time.Millisecond

// newQuota is the share of a function with so much memory. Only root may create control groups.
func newQuota(megabytes int) (*quota, error) {
	length := strconv.FormatInt(period.Microseconds(), 10)
	share := strconv.FormatInt(period.Microseconds()*int64(megabytes)/1769, 10)
	q := &quota{parent: "/sys/fs/cgroup", files: map[string]string{"cpu.max": share + " " + length}}
	if _, err := os.Stat("/sys/fs/cgroup/cpu"); err == nil { // version 1 of control groups
		q.parent, q.files = "/sys/fs/cgroup/cpu", map[string]string{"cpu.cfs_period_us": length, "cpu.cfs_quota_us": share}
	}
	defer q.Close() // this group is only an attempt
	_, err := q.group("try")
	return q, err
}

func (q *quota) group(name string) (string, error) {
	group := filepath.Join(q.parent, fmt.Sprintf("poolpost-bench-%d-%s", os.Getpid(), name))
	if err := os.Mkdir(group, 0o755); err != nil {
		return "", fmt.Errorf("make a control group: %w", err)
	}
	q.groups = append(q.groups, group)
	for file, value := range q.files {
		if err := os.WriteFile(filepath.Join(group, file), []byte(value), 0o644); err != nil {
			return "", fmt.Errorf("limit the CPU: %w", err)
		}
	}
	return group, nil
}

// hold limits a process at its gate. A nil quota does not limit it.
func (q *quota) hold(pid int) error {
	if q == nil {
		return nil
	}
	group, err := q.group(strconv.Itoa(pid))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
}

// Close removes the control groups, whose processes must have ended.
func (q *quota) Close() {
	if q == nil {
		return
	}
	for _, group := range q.groups {
		_ = os.Remove(group)
	}
	q.groups = nil
}

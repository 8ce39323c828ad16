package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// A quota is a share of one CPU, kept by a control group of Linux's scheduler.
// Lambda gives a function CPU in proportion to its memory, one whole CPU at
// 1,769 MB (developer guide, "Configure Lambda function memory").
type quota struct{ group string }

// period is the scheduler's: in it, a process that has used up its share stands
// still. Lambda's has been observed to be 20 ms.
const period = 20 * time.Millisecond

// newQuota is the share of a function with so many MB. It needs the right to make
// a control group, which root has.
func newQuota(megabytes int) (*quota, error) {
	share, length := strconv.FormatInt(period.Microseconds()*int64(megabytes)/1769, 10), strconv.FormatInt(period.Microseconds(), 10)
	parent, files := "/sys/fs/cgroup", map[string]string{"cpu.max": share + " " + length}
	if _, err := os.Stat("/sys/fs/cgroup/cpu"); err == nil { // version 1 of control groups
		parent, files = "/sys/fs/cgroup/cpu", map[string]string{"cpu.cfs_period_us": length, "cpu.cfs_quota_us": share}
	}
	q := &quota{filepath.Join(parent, fmt.Sprintf("poolpost-bench-%d", os.Getpid()))}
	if err := os.Mkdir(q.group, 0o755); err != nil {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	for file, value := range files {
		if err := os.WriteFile(filepath.Join(q.group, file), []byte(value), 0o644); err != nil {
			q.Close()
			return nil, fmt.Errorf("limit the CPU: %w", err)
		}
	}
	return q, nil
}

// hold puts a process under the quota. A nil quota is none.
func (q *quota) hold(pid int) error {
	if q == nil {
		return nil
	}
	return os.WriteFile(filepath.Join(q.group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
}

// Close removes the control group; its processes are gone.
func (q *quota) Close() { _ = os.Remove(q.group) }

//go:build !linux

package lambda

import "syscall"

// sysProcAttr puts the process at the head of its own group, so that it can be
// killed together with its children.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

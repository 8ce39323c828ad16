package lambda

import "syscall"

// sysProcAttr puts the process at the head of its own group, so that it can be
// killed together with its children, and has it killed when the host dies
// without closing. Linux ties that to the thread that started the process; see
// process.supervise.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

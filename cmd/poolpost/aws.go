package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/bundle"
)

// runAWS compiles poolpost-aws if it is not up to date, and runs it with the same arguments.
func runAWS(ctx context.Context, args []string, s cli.Streams) error {
	program, err := filepath.Abs(filepath.Join(".build", "bin", "poolpost-aws"))
	if err != nil {
		return err
	}
	// The go command needs a moment to see that nothing has changed: that is not worth a line.
	built := make(chan error, 1)
	go func() { built <- bundle.GoBuild(ctx, program, bundle.ThisMachine, "./cmd/poolpost-aws") }()
	select {
	case err = <-built:
	case <-time.After(time.Second):
		fmt.Fprintln(s.Err, "compiling poolpost-aws …")
		err = <-built
	}
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, s.Out, s.Err
	err = command.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return cli.Exit(max(failed.ExitCode(), cli.Failed))
	}
	return err
}

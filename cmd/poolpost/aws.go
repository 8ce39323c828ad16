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

// runAWS runs poolpost-aws with the same arguments, and compiles it before if it is
// not up to date.
func runAWS(ctx context.Context, args []string, s cli.Streams) error {
	program, err := filepath.Abs(filepath.Join(".build", "bin", "poolpost-aws"))
	if err != nil {
		return err
	}
	// To find out that nothing has changed takes a moment, and is not worth a line.
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
	command.Stdout, command.Stderr = s.Out, s.Err
	err = command.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return cli.Exit(max(failed.ExitCode(), cli.Failed))
	}
	return err
}

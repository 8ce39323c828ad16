package main

import (
	"bytes"
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
	module, err := bundle.ModuleDir(ctx)
	if err != nil {
		return err
	}
	program, err := filepath.Abs(filepath.Join(".build", "poolpost-aws"))
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/poolpost-aws")
	build.Dir = module
	var output bytes.Buffer
	build.Stdout, build.Stderr = &output, &output
	// To find out that nothing has changed takes a moment, and is not worth a line.
	built := make(chan error, 1)
	go func() { built <- build.Run() }()
	select {
	case err = <-built:
	case <-time.After(time.Second):
		fmt.Fprintln(s.Err, "compiling poolpost-aws …")
		err = <-built
	}
	if err != nil {
		return fmt.Errorf("compile poolpost-aws: %w\n%s", err, &output)
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

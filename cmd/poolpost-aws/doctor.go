package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"poolpost/cmd/internal/cli"
)

// A check asks AWS, and changes nothing. What it finds has no personal data and no secret. Each
// check is a row of a table in docs/deploy.md.
type check struct {
	id, title string
	needs     string // the permissions of IAM, separated by blanks
	run       func(context.Context, *patient) ([]finding, error)
}

// A finding is something that is not right, or that one should know.
type finding struct {
	Status status `json:"status"`
	Cause  string `json:"cause,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

type status string

const (
	statusOK      status = "ok"
	statusNote    status = "note"    // good to know
	statusWarning status = "warning" // works, but not as well as it should, or not for long
	statusFailure status = "failure" // does not work, or cannot be deployed
	statusUnknown status = "unknown" // could not be asked
)

func fail(remedy, cause string, args ...any) finding {
	return finding{statusFailure, fmt.Sprintf(cause, args...), remedy}
}

func warning(remedy, cause string, args ...any) finding {
	return finding{statusWarning, fmt.Sprintf(cause, args...), remedy}
}

func note(cause string, args ...any) finding {
	return finding{statusNote, fmt.Sprintf(cause, args...), ""}
}

// A patient is what the checks look at. Those of a deployed stack have deployed.
type patient struct {
	*account
	deployed *deployment // nil before the first deployment
	dns      resolver
	http     *http.Client
	run      func(ctx context.Context, program string, args ...string) (string, error)
}

// A resolver is a net.Resolver.
type resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNS(ctx context.Context, name string) ([]*net.NS, error)
}

// A result is a finding of a check; a check that finds nothing has one, which is ok.
type result struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	finding
}

type diagnosis struct {
	Stack    string   `json:"stack"`
	Region   string   `json:"region"`
	Account  string   `json:"account"`
	Deployed bool     `json:"deployed"`
	Checks   []result `json:"checks"`
}

// doctor runs all checks. Its error is an exit code when a check has failed.
func doctor(ctx context.Context, a *account, asJSON bool, s cli.Streams) error {
	fmt.Fprintln(s.Err, a)
	p := &patient{
		account: a, dns: net.DefaultResolver, run: runProgram,
		http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	return p.examine(ctx, asJSON, s.Out)
}

func runProgram(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	return string(out), err
}

func (p *patient) examine(ctx context.Context, asJSON bool, out io.Writer) error {
	d, err := p.find(ctx, p.StackName)
	if err != nil {
		return err
	}
	checks := beforeDeployment
	if d != nil && d.Outputs["UserPoolId"] != "" {
		p.deployed = d
		checks = append(checks[:len(checks):len(checks)], afterDeployment...)
		if err := d.inspect(ctx); err != nil {
			return err
		}
	}
	all := diagnosis{Stack: p.StackName, Region: p.Region, Account: p.ID, Deployed: d != nil}
	count := map[status]int{}
	for _, c := range checks {
		for _, f := range c.findings(ctx, p) {
			all.Checks = append(all.Checks, result{c.id, c.title, f})
			count[f.Status]++
		}
	}
	if asJSON {
		if err := cli.WriteJSON(out, all); err != nil {
			return err
		}
	} else {
		for _, r := range all.Checks {
			fmt.Fprintln(out, r)
		}
		if p.deployed == nil {
			fmt.Fprintf(out, "The stack is not deployed: A1 to A%d are not checked.\n", len(afterDeployment))
		}
		fmt.Fprintf(out, "%d failures, %d warnings, %d could not be asked\n", count[statusFailure], count[statusWarning], count[statusUnknown])
	}
	if count[statusFailure] > 0 {
		return cli.Exit(cli.Failed)
	}
	return nil
}

// String is one line.
func (r result) String() string {
	line := fmt.Sprintf("%-8s %-4s %s", r.Status, r.ID, r.Title)
	if r.Cause != "" {
		line += ": " + r.Cause
	}
	if r.Remedy != "" {
		line += ". " + strings.ToUpper(r.Remedy[:1]) + r.Remedy[1:]
	}
	return line
}

// findings are those of a check. An error means that AWS could not be asked.
func (c check) findings(ctx context.Context, p *patient) []finding {
	found, err := c.run(ctx, p)
	switch {
	case hasCode(err, refusedKey...):
		return append(found, finding{statusUnknown, explain(err).Error(), "it needs " + strings.ReplaceAll(c.needs, " ", ", ")})
	case err != nil:
		return append(found, finding{statusUnknown, oneLine(explain(err).Error()), ""})
	case len(found) == 0:
		return []finding{{Status: statusOK}}
	}
	return found
}

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"poolpost/infra/bundle"
	"poolpost/infra/local/lambdahost"
	"poolpost/internal/settings"
)

// BenchmarkPreSignUp times a warm decision of the real pre-sign-up, with every
// rule that needs no network, beside an invocation of a handler that does
// nothing. The two take turns, so that both meet the same machine; the ratio of
// their medians is what a person waits for the rules.
func BenchmarkPreSignUp(b *testing.B) {
	set, err := settings.Read("../../internal/settings/testdata/sample.yaml")
	if err != nil {
		b.Fatal(err)
	}
	set.SignUp.Email.RefuseDisposable, set.SignUp.Email.RefuseRoleAccounts, set.SignUp.Email.RefusePlusAddresses = true, true, true
	set.SignUp.Attributes[0].RefuseURLs, set.SignUp.Attributes[0].ForbiddenWords = true, []string{"admin", "support"}
	root, err := bundle.Root()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := bundle.Build(b.Context(), bundle.Options{Root: root, Settings: set, Dir: dir, Names: []string{"pre-sign-up"}}); err != nil {
		b.Fatal(err)
	}
	command := exec.CommandContext(b.Context(), "go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, "empty", "bootstrap"), "./testdata/empty")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var functions []lambdahost.Function
	for _, name := range []string{"pre-sign-up", "empty"} {
		functions = append(functions, lambdahost.Function{Name: name, Dir: filepath.Join(dir, name), Timeout: 5 * time.Second})
	}
	host, err := lambdahost.New(lambdahost.Options{Region: set.Pool.Region, Logs: func(string, string) {}}, functions...)
	if err != nil {
		b.Fatal(err)
	}
	defer host.Close()
	event, err := os.ReadFile("../../functions/pre-sign-up/testdata/events/sign-up.json")
	if err != nil {
		b.Fatal(err)
	}
	invoke := func(name string) time.Duration {
		start := time.Now()
		if _, err := host.Invoke(b.Context(), name, event); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for range 20 {
		invoke("pre-sign-up")
		invoke("empty")
	}
	var rules, empty []time.Duration
	for b.Loop() {
		rules = append(rules, invoke("pre-sign-up"))
		empty = append(empty, invoke("empty"))
	}
	slices.Sort(rules)
	slices.Sort(empty)
	b.ReportMetric(float64(rules[len(rules)/2].Microseconds()), "rules-p50-µs")
	b.ReportMetric(float64(empty[len(empty)/2].Microseconds()), "empty-p50-µs")
	b.ReportMetric(float64(rules[len(rules)/2])/float64(empty[len(empty)/2]), "ratio")
}

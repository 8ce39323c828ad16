package main

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/settings/settingstest"
)

// execute is the command with these arguments.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code = run(t.Context(), args, cli.Streams{Out: &out, Err: &errOut})
	return code, out.String(), errOut.String()
}

// must is execute, of what has to succeed.
func must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := execute(t, args...)
	if code != cli.Done {
		t.Fatalf("poolpost %s: exit code %d, %s", strings.Join(args, " "), code, stderr)
	}
	return stdout, stderr
}

var commandNames = []string{"dev", "check", "rules", "invoke", "env", "doctor", "smoke", "probe", "logs", "plan", "delete-client", "outputs", "dead-letters", "redrive", "invite", "attach", "detach"}

func TestHelpListsEveryCommandWithAnExample(t *testing.T) {
	all, _ := must(t, "--help")
	for _, name := range commandNames {
		_, after, found := strings.Cut(all, "\n  "+name+" ")
		if !found || !strings.HasPrefix(strings.TrimSpace(strings.SplitN(after, "\n", 3)[1]), "$ poolpost "+name) {
			t.Errorf("%s is missing in the help, or lacks an example:\n%s", name, all)
		}
		if one, _ := must(t, name, "--help"); !strings.Contains(one, "Usage: poolpost "+name) || !strings.Contains(one, "\nExample:\n  poolpost "+name) {
			t.Errorf("the help of %s:\n%s", name, one)
		}
	}
	if n := strings.Count(all, " $ poolpost "); n != len(commandNames) {
		t.Errorf("%d commands have an example, want %d", n, len(commandNames))
	}
}

func TestUsageErrorsSuggestTheNearestName(t *testing.T) {
	for _, test := range []struct {
		name string
		args string
		want string
	}{
		{"no command", "", `expected one of "dev"`},
		{"a command with a letter too many", "rulez", `did you mean "rules"?`},
		{"a command in one word", "deadletters", `did you mean "dead-letters"?`},
		{"a flag", "dev --wbe 127.0.0.1:1", `unknown flag --wbe, did you mean "--web"?`},
		{"a flag of every command", "--setings x.yaml check", `unknown flag --setings, did you mean "--settings"?`},
		{"a flag with one dash", "dev -web=127.0.0.1:1", `unknown flag -web, did you mean "--web"?`},
		{"a flag of rules", "rules --mail x", `unknown flag --mail, did you mean "--email"?`},
		{"a flag without its value", "dev --web", "--web: "},
		{"an argument too many", "check poolpost.yaml", "unexpected argument poolpost.yaml"},
		{"an address without its flag", "rules ann@example.com", "unexpected argument ann@example.com"},
		{"an attribute without a value", "rules --attr agentName", `--attr: expected "<key>=<value>"`},
		{"an attribute without a name", "rules --attr =x", "--attr: write NAME=VALUE"},
		{"a function without events", "invoke send-mail", `expected "<files> ..."`},
		{"no function", "env", `expected "<function>"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, out, errOut := execute(t, strings.Fields(test.args)...)
			if code != cli.Usage || out != "" || !strings.Contains(errOut, test.want) || !strings.Contains(errOut, " --help") {
				t.Errorf("exit code %d, %q, want %d and %q", code, errOut, cli.Usage, test.want)
			}
		})
	}
}

func TestFailuresGoToStandardError(t *testing.T) {
	for _, args := range [][]string{
		{"check", "--settings", "nowhere.yaml"}, {"--settings", "nowhere.yaml", "invoke", "send-mail", "event.json"},
		{"--settings", settingstest.File(), "env", "nobody"},
	} {
		if code, out, errOut := execute(t, args...); code != cli.Failed || out != "" || !strings.Contains(errOut, args[len(args)-1]) && !strings.Contains(errOut, "nowhere") {
			t.Errorf("%v: exit code %d, %q, %q", args, code, out, errOut)
		}
	}
}

// The second program is compiled, run with the same arguments, and its exit code and
// its words are those of the first.
func TestAWSCommandsRunInASecondProgram(t *testing.T) {
	t.Chdir("../..")
	code, out, errOut := execute(t, "redrive", "--stage", "prod", "--settings", "drivers.yaml")
	if want := "read settings: open drivers.yaml: no such file or directory\n"; code != cli.Failed || out != "" || !strings.HasSuffix(errOut, want) {
		t.Errorf("exit code %d, %q, %q", code, out, errOut)
	}
}

// What make dev compiles first. A package that creeps in is looked at before everybody
// waits for it. Four of them make the tokens of the local pool verifiable, and sign in with SRP. Three
// of our own are the identity pool, its tokens, and amplify_outputs.json; two are events and their bus.
const maxPackages = 338

func TestCommandLinksFewPackages(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	t.Logf("poolpost links %d packages", len(linked))
	if len(linked) > maxPackages {
		t.Errorf("poolpost links %d packages, and may link %d", len(linked), maxPackages)
	}
	for _, far := range []string{"poolpost/infra", "poolpost/bench", "github.com/aws/aws-cdk-go", "github.com/aws/jsii-runtime-go", "github.com/aws/aws-encryption-sdk", "github.com/aws/aws-sdk-go-v2/service/lambda"} {
		if i := slices.IndexFunc(linked, func(p string) bool { return p == far || strings.HasPrefix(p, far+"/") }); i >= 0 {
			t.Errorf("poolpost links %s", linked[i])
		}
	}
}

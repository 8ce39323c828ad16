package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/guard"
	"poolpost/internal/settings"
)

// assembly is where the CDK writes the templates (cdk.json).
const assembly = "cdk.out"

// plan compares the template with the deployed one, and is an error if the deployment would lose
// something that nobody has allowed. It changes nothing on AWS.
func (c *commands) plan(ctx context.Context, s cli.Streams) error {
	p := c.Plan
	allowed, err := parseAllowed(p.Allow)
	if err != nil {
		return err
	}
	if p.Against != "" {
		if p.Template == "" {
			return errors.New("--against needs a template to compare with, as the argument of plan")
		}
		deployed, err := readTemplate(p.Against, c.Stack)
		if err != nil {
			return err
		}
		next, err := readTemplate(p.Template, c.Stack)
		if err != nil {
			return err
		}
		return judge(ctx, guard.Pair{Deployed: deployed, Next: next}, false, allowed, s)
	}
	a, err := connect(ctx, &c.Flags)
	if c.Stack != "" && errors.Is(err, fs.ErrNotExist) { // an app without settings of ours
		a, err = connectIn(ctx, "", &c.Flags, nil)
	}
	if err != nil {
		return err
	}
	d, err := a.find(ctx, a.StackName)
	if err != nil {
		return err
	}
	pair := guard.Pair{}
	switch {
	case d == nil, d.Stack.StackStatus == types.StackStatusReviewInProgress, d.Stack.StackStatus == types.StackStatusRollbackComplete:
		fmt.Fprintf(s.Err, "%s: it does not exist yet\n", a)
		if c.Stack == "" && !a.Settings.Pool.Exists() && !allowed["POOL="+a.StackName] {
			left, err := a.secondPool(ctx)
			if err == nil {
				err = refuse(left, allowed, s)
			}
			if err != nil {
				return err
			}
		}
	default:
		if err := d.usable(); err != nil {
			return err
		}
		fmt.Fprintln(s.Err, a)
		if pair.Deployed, err = a.template(ctx); err != nil {
			return err
		}
	}
	from := p.Template
	if from == "" {
		from = assembly
		if err := synthesise(ctx, &c.Flags, s); err != nil {
			return err
		}
	}
	if pair.Next, err = readTemplate(from, a.StackName); err != nil {
		return err
	}
	return judge(ctx, pair, c.Stack == "", allowed, s)
}

// judge says what an update would do, and refuses what it would lose.
func judge(ctx context.Context, pair guard.Pair, fromSettings bool, allowed map[string]bool, s cli.Streams) error {
	if len(pair.Deployed.Resources) == 0 {
		fmt.Fprintf(s.Out, "%d resources would be created\n", len(pair.Next.Resources))
		return nil
	}
	changes, err := guard.Diff(ctx, ".", pair)
	if err != nil {
		return err
	}
	fmt.Fprintln(s.Out, guard.Summary(changes[0]))
	for _, note := range guard.Notes(pair) {
		fmt.Fprintln(s.Out, note)
	}
	return refuse(guard.Losses(pair, changes[0], fromSettings), allowed, s)
}

// refuse writes one line for each loss that is not allowed, and then is an error.
func refuse(losses []guard.Loss, allowed map[string]bool, s cli.Streams) error {
	refused := 0
	for _, loss := range losses {
		if (allowed[loss.Key()] || allowed[loss.Kind+"="+loss.ID]) && !loss.Impossible {
			fmt.Fprintln(s.Out, "allowed: "+loss.Key())
			continue
		}
		refused++
		fmt.Fprintln(s.Err, loss)
	}
	if refused > 0 {
		return cli.Exit(cli.Failed)
	}
	return nil
}

// parseAllowed reads the values of --allow.
func parseAllowed(values []string) (map[string]bool, error) {
	allowed := map[string]bool{}
	for _, value := range values {
		kind, name, ok := strings.Cut(value, "=")
		if !ok || kind == "" || name == "" || strings.ContainsAny(name, "*?") {
			return nil, fmt.Errorf("--allow %s: name one loss as plan writes it, such as CLIENT=web", value)
		}
		allowed[value] = true
	}
	return allowed, nil
}

// template is the template that the stack was last deployed with.
func (a *account) template(ctx context.Context) (guard.Template, error) {
	reply, err := cloudformation.NewFromConfig(a.Config).GetTemplate(ctx, &cloudformation.GetTemplateInput{
		StackName: &a.StackName, TemplateStage: types.TemplateStageOriginal,
	})
	if err != nil {
		return guard.Template{}, err
	}
	t, err := guard.Parse([]byte(aws.ToString(reply.TemplateBody)))
	if err != nil {
		return t, fmt.Errorf("read the template of the stack %s: %w", a.StackName, err)
	}
	return t, nil
}

// synthesise writes the templates of the settings to the assembly.
func synthesise(ctx context.Context, f *cli.Flags, s cli.Streams) error {
	program := filepath.Join("node_modules", ".bin", "cdk")
	if _, err := os.Stat(program); err != nil {
		return errors.New("the CDK is not installed: run make node_modules, or give plan a template")
	}
	cdk := exec.CommandContext(ctx, program, "synth", "--quiet", "--no-notices", "--output", assembly, "-c", "settings="+f.Settings, "-c", "stage="+f.Stage)
	fmt.Fprintln(s.Err, "synthesising the template …")
	if said, err := cdk.CombinedOutput(); err != nil { // otherwise it has nothing to say of the template
		return fmt.Errorf("synthesise the template: %w\n%s", err, said)
	}
	return nil
}

// readTemplate reads a template or, in a folder that the CDK has written, that of a stack.
func readTemplate(path, stack string) (guard.Template, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		file, err := templateIn(path, stack)
		if err != nil {
			return guard.Template{}, err
		}
		path = filepath.Join(path, file)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return guard.Template{}, fmt.Errorf("read template: %w", err)
	}
	t, err := guard.Parse(text)
	if err != nil {
		return t, fmt.Errorf("read template %s: %w", path, err)
	}
	if len(t.Resources) == 0 {
		return t, fmt.Errorf("read template %s: it has no resources", path)
	}
	return t, nil
}

// templateIn is the file of a stack's template in a folder of the CDK's.
func templateIn(folder, stack string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		return "", fmt.Errorf("read %s, which is no output of cdk synth: %w", folder, err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct{ StackName, TemplateFile string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return "", fmt.Errorf("read %s: %w", filepath.Join(folder, "manifest.json"), err)
	}
	var names []string
	for _, artifact := range manifest.Artifacts {
		switch name := artifact.Properties.StackName; {
		case name == "":
		case name == stack:
			return artifact.Properties.TemplateFile, nil
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return "", fmt.Errorf("%s has no stack %q, only %s: check --settings and --stage, or name one with --stack", folder, stack, strings.Join(names, ", "))
}

// secondPool is the loss of a deployment that makes an empty pool, beside one that it looks like:
// of the same stage or with the same id, or of the same name in another region. A pool in dev is
// no reason not to deploy another stage, nor the other way round.
func (a *account) secondPool(ctx context.Context) ([]guard.Loss, error) {
	loss := func(format string, args ...any) ([]guard.Loss, error) {
		return []guard.Loss{{Kind: "POOL", Name: a.StackName, Text: "this would create the stack with a new, empty user pool, and the users of " +
			fmt.Sprintf(format, args...)}}, nil
	}
	id, stage := a.Settings.Pool.StableID(), a.Flags.Stage
	pages := cloudformation.NewDescribeStacksPaginator(cloudformation.NewFromConfig(a.Config), &cloudformation.DescribeStacksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for another stack with this pool: %w", err)
		}
		for _, stack := range page.Stacks {
			other := newDeployment(a, stack)
			otherID, otherStage := other.Outputs["Pool"], other.Outputs["Stage"]
			switch name := aws.ToString(stack.StackName); {
			case otherID == "" || name == a.StackName:
			case otherStage == stage && otherID != id:
				return loss("%s would stay behind. If the pool has a new name, write `id: %s` below pool.", name, otherID)
			case otherID == id && otherStage != "dev" && stage != "dev":
				return loss("%s would stay behind. If the stage has a new name, deploy to the old one, %s.", name, otherStage)
			}
		}
	}
	if region := a.inAnotherRegion(ctx); region != "" {
		return loss("%s in %s would stay behind: a pool cannot move. Set pool.region to %s.", a.StackName, region, region)
	}
	return nil, nil
}

// inAnotherRegion is another region that has the stack, or empty. Regions that do not answer, such
// as those that the account has not enabled, cannot have it.
func (a *account) inAnotherRegion(ctx context.Context) string {
	var found []string
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, region := range settings.Regions() {
		if region == a.Region || strings.HasPrefix(region, "us-gov-") != (a.Partition == "aws-us-gov") {
			continue
		}
		all.Go(func() {
			there := *a
			there.Config = a.Config.Copy()
			there.Config.Region, there.Config.RetryMaxAttempts = region, 1
			if d, err := there.find(ctx, a.StackName); err == nil && d != nil {
				mu.Lock()
				defer mu.Unlock()
				found = append(found, region)
			}
		})
	}
	all.Wait()
	slices.Sort(found)
	return strings.Join(found, " and ")
}

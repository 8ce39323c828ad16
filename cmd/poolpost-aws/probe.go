package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"poolpost/cmd/internal/cli"
)

//go:embed probe/template.yaml
var probeTemplate string

// The CloudFormation user guide limits the text of a parameter to 4,096 bytes.
//
//go:embed probe/recorder.js
var recorder string

const probePrice = `This creates throw-away stacks called %s…, asks them for about 20 minutes, and deletes
them, also after Ctrl-C. It uses the SES identity %s to send some 20 emails to SES's mailbox
simulator, and touches nothing else that exists. Usually it costs nothing; if your free tiers are
used up, a key for an hour, about 25 users and the emails are less than 0.50 USD. The key stays
for 7 days, disabled and free, because KMS deletes no key earlier.
`

// A probe asks what only AWS can tell (docs/observed.md), with pools of its own.
type probe struct {
	*account
	name       string        // of the stacks, with a random end
	shortWait  time.Duration // for what comes at once
	retryWait  time.Duration // for Lambda's attempts at an asynchronous event: 1 and 2 minutes apart
	poll       time.Duration
	now        func() time.Time
	streams    cli.Streams
	cfn        *cloudformation.Client
	cognito    *cognito.Client
	lambda     *lambda.Client
	stacks     []string    // to be deleted
	deployment *deployment // of the main stack
	answers    []observation
}

// An observation is the answer to a case of a question. Its members depend on the question.
type observation struct {
	Question string         `json:"question"`
	Case     string         `json:"case"`
	Answer   map[string]any `json:"answer"`
}

// A probeReport has neither account nor names, so that it can be published.
type probeReport struct {
	Date    string        `json:"date"`
	Region  string        `json:"region"`
	Answers []observation `json:"answers"`
}

// questions are those that a probe can ask alone, as docs/observed.md lists them.
var questions = []struct {
	id  string
	ask func(context.Context, *probe) error
}{
	{"C1", askPoolUpdates}, {"C2", askUntouchedResponses}, {"C7", askRefusalTexts}, {"C8", askTriggerRetries},
	{"C9", askSenderRetries}, {"C11", askCodeFormat}, {"C14", askFeedback}, {"C18", askConfirmation},
}

func newProbe(a *account, now func() time.Time, s cli.Streams) *probe {
	return &probe{
		account: a, name: "Poolpost-Probe-" + randomHex(4), shortWait: 2 * time.Minute, retryWait: 6 * time.Minute, poll: 5 * time.Second,
		now: now, streams: s, cfn: cloudformation.NewFromConfig(a.Config), cognito: cognito.NewFromConfig(a.Config), lambda: lambda.NewFromConfig(a.Config),
	}
}

// explainPrice says what ask would do, and what that costs.
func (p *probe) explainPrice() error {
	_, err := fmt.Fprintf(p.streams.Out, probePrice+"Region %s, account %s. Run it with --yes.\n", p.name[:len("Poolpost-Probe-")], p.Settings.Mail.Identity, p.Region, p.ID)
	return err
}

// ask asks all questions and writes the answers to a file, also those that it has when it is
// interrupted. It deletes its stacks whatever happens.
func (p *probe) ask(ctx context.Context, file string) (err error) {
	fmt.Fprintf(p.streams.Err, "stack %s, region %s, account %s\n", p.name, p.Region, p.ID)
	defer func() {
		if left := p.deleteStacks(context.WithoutCancel(ctx)); left != nil {
			err = left
		}
	}()
	defer func() {
		if written := p.write(file); err == nil {
			err = written
		}
	}()
	identity := p.arn("ses", "identity/"+p.Settings.Mail.SourceIdentity())
	if err := p.create(ctx, p.name, probeTemplate, map[string]string{"Recorder": recorder, "Identity": identity, "From": p.Settings.Mail.From.Address}); err != nil {
		return err
	}
	if p.deployment, err = p.find(ctx, p.name); err != nil {
		return err
	}
	if p.deployment == nil {
		return fmt.Errorf("the stack %s is gone", p.name)
	}
	for _, q := range questions {
		fmt.Fprintf(p.streams.Err, "%s …\n", q.id)
		if err := q.ask(ctx, p); err != nil {
			if ctx.Err() != nil {
				return errors.New("interrupted; the answers so far are written, and the stacks deleted")
			}
			p.answer(q.id, "", map[string]any{"failed": explain(err).Error()})
		}
	}
	return nil
}

func (p *probe) answer(question, kase string, answer map[string]any) {
	p.answers = append(p.answers, observation{question, kase, answer})
}

func (p *probe) write(file string) error {
	text, err := json.MarshalIndent(probeReport{p.now().UTC().Format(time.DateOnly), p.Region, p.answers}, "", "  ")
	if err == nil {
		// Texts of AWS quote ARNs.
		masked := strings.NewReplacer(p.ID, "ACCOUNT", p.Settings.Mail.From.Address, "FROM", p.Settings.Mail.Identity, "IDENTITY").Replace(string(text))
		err = os.WriteFile(file, []byte(masked+"\n"), 0o644)
	}
	if err == nil {
		fmt.Fprintf(p.streams.Out, "%d answers are in %s\n", len(p.answers), file)
	}
	return err
}

const (
	maxStackTime  = 15 * time.Minute
	maxDeleteTime = 30 * time.Minute
)

// create makes a stack, and waits until it is complete.
func (p *probe) create(ctx context.Context, name, template string, parameters map[string]string) error {
	in := &cloudformation.CreateStackInput{
		StackName: &name, TemplateBody: &template, Capabilities: []types.Capability{types.CapabilityCapabilityIam},
		Tags: []types.Tag{{Key: aws.String("poolpost"), Value: aws.String("probe")}},
	}
	for key, value := range parameters {
		in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: aws.String(key), ParameterValue: aws.String(value)})
	}
	p.stacks = append(p.stacks, name) // also if there is no answer
	if _, err := p.cfn.CreateStack(ctx, in); err != nil {
		return err
	}
	err := cloudformation.NewStackCreateCompleteWaiter(p.cfn, func(o *cloudformation.StackCreateCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = p.poll, p.poll
	}).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &name}, maxStackTime)
	if err != nil {
		return fmt.Errorf("create %s: %s", name, p.reason(ctx, name, err))
	}
	return nil
}

// reason is what CloudFormation says about the first resource that failed.
func (p *probe) reason(ctx context.Context, name string, err error) string {
	reason := oneLine(err.Error())
	events, failed := p.cfn.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &name})
	if failed != nil {
		return reason
	}
	for _, e := range events.StackEvents { // the newest first
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") && e.ResourceStatusReason != nil {
			reason = oneLine(*e.ResourceStatusReason)
		}
	}
	return reason
}

// deleteStacks deletes what create has made, all at the same time.
func (p *probe) deleteStacks(ctx context.Context) error {
	var errs []error
	for _, name := range p.stacks {
		_, err := p.cfn.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &name})
		errs = append(errs, err)
	}
	fmt.Fprintf(p.streams.Err, "deleting %d stacks …\n", len(p.stacks))
	for i, name := range p.stacks {
		if errs[i] == nil {
			errs[i] = cloudformation.NewStackDeleteCompleteWaiter(p.cfn, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
				o.MinDelay, o.MaxDelay = p.poll, p.poll
			}).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &name}, maxDeleteTime)
		}
		if errs[i] != nil {
			errs[i] = fmt.Errorf("delete the stack %s by hand, aws cloudformation delete-stack --region %s --stack-name %[1]s: %[3]s", name, p.Region, p.reason(ctx, name, errs[i]))
		}
	}
	return errors.Join(errs...)
}

// A recorded call is a line of the recorder.
type recordedCall struct {
	Label    string          `json:"label"`
	Trigger  string          `json:"trigger"`
	Request  string          `json:"request"`
	At       int64           `json:"at"` // milliseconds
	Header   json.RawMessage `json:"header"`
	Tags     []string        `json:"tags"`
	Response []string        `json:"response"`
}

// calls waits until the recorder was called by a trigger with a label at least n times, or until
// time is up, and returns all such calls.
func (p *probe) calls(ctx context.Context, label, trigger string, n int, wait time.Duration) ([]recordedCall, error) {
	began := p.now()
	for {
		var found []recordedCall
		err := p.filterLog(ctx, p.deployment.Outputs["Log"], began.Add(-time.Hour), label, func(line string) error {
			var c recordedCall
			if i := strings.IndexByte(line, '{'); i >= 0 && json.Unmarshal([]byte(line[i:]), &c) == nil && c.Label == label && strings.HasPrefix(c.Trigger, trigger) {
				found = append(found, c)
			}
			return nil
		})
		if err != nil || len(found) >= n || p.now().Sub(began) >= wait {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, ctx.Err()
		case <-time.After(p.poll):
		}
	}
}

// outcome is how AWS answered, without what depends on the account.
func outcome(err error) map[string]any {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return map[string]any{"error": api.ErrorCode(), "message": api.ErrorMessage(), "length": len([]rune(api.ErrorMessage()))}
	}
	if err != nil {
		return map[string]any{"error": fmt.Sprintf("%T", innermost(err))}
	}
	return map[string]any{"error": ""}
}

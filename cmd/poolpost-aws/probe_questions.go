package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// schemas are the first entry of a pool's schema, as C1 asks for: the CDK's own, and both cures.
var schemas = []struct {
	name  string
	email map[string]any // nil: none
}{
	{"required email", map[string]any{"Name": "email", "Required": true, "Mutable": true}},
	{"required email with its type", map[string]any{"Name": "email", "AttributeDataType": "String", "Required": true, "Mutable": true}},
	{"no entry", nil},
}

// askPoolUpdates creates a pool for each schema, with an attribute of its own, and changes a tag.
func askPoolUpdates(ctx context.Context, p *probe) error {
	for i, schema := range schemas {
		name := fmt.Sprintf("%s-%d", p.name, i+1)
		template := func(tag string) string {
			entries := []any{map[string]any{"Name": "sample", "AttributeDataType": "String", "Mutable": true}}
			if schema.email != nil {
				entries = append([]any{schema.email}, entries...)
			}
			text, err := json.Marshal(map[string]any{"Resources": map[string]any{"Pool": map[string]any{
				"Type": "AWS::Cognito::UserPool",
				"Properties": map[string]any{
					"UsernameAttributes": []string{"email"}, "Schema": entries, "UserPoolTags": map[string]string{"Sample": tag},
				},
			}}})
			if err != nil {
				panic(err) // of constants
			}
			return string(text)
		}
		if err := p.create(ctx, name, template("one"), nil); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.answer("C1", schema.name, map[string]any{"created": false, "reason": err.Error()})
			continue
		}
		_, err := p.cfn.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: &name, TemplateBody: aws.String(template("two"))})
		if err == nil {
			err = cloudformation.NewStackUpdateCompleteWaiter(p.cfn, func(o *cloudformation.StackUpdateCompleteWaiterOptions) {
				o.MinDelay, o.MaxDelay = p.poll, p.poll
			}).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &name}, maxStackTime)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		answer := map[string]any{"created": true, "updated": err == nil}
		if err != nil {
			answer["reason"] = p.reason(ctx, name, err)
		}
		p.answer("C1", schema.name, answer)
	}
	return nil
}

// An attempt is a sign-up of the probe.
type attempt struct {
	label, address string
	took           time.Duration
	err            error
}

// signUp signs up with a client of the main stack. The label tells the recorder what to do.
func (p *probe) signUp(ctx context.Context, client, mailbox, question, kase string) (attempt, error) {
	end := randomHex(4)
	s := attempt{label: question + "-" + kase + "-" + end}
	s.address = mailbox + "+" + s.label + "@simulator.amazonses.com"
	began := p.now()
	_, s.err = p.cognito.SignUp(ctx, &cognito.SignUpInput{
		ClientId: aws.String(p.deployment.Outputs[client]), Username: &s.address, Password: aws.String("Probe-" + end + "-1a"),
	})
	s.took = p.now().Sub(began)
	return s, ctx.Err()
}

// status is that of a user in the main pool: empty if there is none.
func (p *probe) status(ctx context.Context, address string) (string, error) {
	reply, err := p.cognito.AdminGetUser(ctx, &cognito.AdminGetUserInput{UserPoolId: p.main(), Username: &address})
	if hasCode(err, "UserNotFoundException") {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return string(reply.UserStatus), nil
}

func (p *probe) main() *string { return aws.String(p.deployment.Outputs["Main"]) }

// askUntouchedResponses tells errors and deliveries. Which text was sent, a mailbox would show.
func askUntouchedResponses(ctx context.Context, p *probe) error {
	for _, kase := range []string{"same", "empty", "null", "missing"} {
		s, err := p.signUp(ctx, "MainClient", "success", "c2", kase)
		if err != nil {
			return err
		}
		answer := outcome(s.err)
		came, err := p.calls(ctx, s.label, "CustomMessage", 1, p.shortWait)
		if err != nil {
			return err
		}
		if len(came) > 0 {
			answer["members"] = came[0].Response
		}
		delivered, err := p.calls(ctx, s.label, "Email Delivered", 1, p.shortWait)
		if err != nil {
			return err
		}
		answer["delivered"] = len(delivered) > 0
		p.answer("C2", kase, answer)
	}
	return nil
}

func askRefusalTexts(ctx context.Context, p *probe) error {
	for _, kase := range []string{"quotes", "newline", "long", "unicode", "code", "stop"} {
		s, err := p.signUp(ctx, "MainClient", "success", "c7", kase)
		if err != nil {
			return err
		}
		p.answer("C7", kase, outcome(s.err))
	}
	return nil
}

func askTriggerRetries(ctx context.Context, p *probe) error {
	for _, kase := range []string{"sleep", "exit", "throw", "throttled"} {
		if kase == "throttled" {
			if _, err := p.lambda.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
				FunctionName: aws.String(p.deployment.Outputs["Function"]), ReservedConcurrentExecutions: aws.Int32(0),
			}); err != nil {
				return err
			}
		}
		s, err := p.signUp(ctx, "MainClient", "success", "c8", kase)
		if kase == "throttled" {
			if _, undo := p.lambda.DeleteFunctionConcurrency(context.WithoutCancel(ctx), &lambda.DeleteFunctionConcurrencyInput{
				FunctionName: aws.String(p.deployment.Outputs["Function"]),
			}); undo != nil {
				return undo // the other questions need it
			}
		}
		if err != nil {
			return err
		}
		answer := outcome(s.err)
		answer["seconds"] = s.took.Round(100 * time.Millisecond).Seconds()
		calls, err := p.calls(ctx, s.label, "PreSignUp", 99, p.shortWait/2)
		if err != nil {
			return err
		}
		addCalls(answer, calls)
		if answer["userStatus"], err = p.status(ctx, s.address); err != nil {
			return err
		}
		p.answer("C8", kase, answer)
	}
	return nil
}

// addCalls tells how often and in which distance the recorder was called, and with how many
// request IDs.
func addCalls(answer map[string]any, calls []recordedCall) {
	requests, gaps := map[string]bool{}, []float64{}
	for i, c := range calls {
		requests[c.Request] = true
		if i > 0 {
			gaps = append(gaps, float64(c.At-calls[i-1].At)/1000)
		}
	}
	answer["calls"], answer["requestIds"], answer["secondsBetween"] = len(calls), len(requests), gaps
}

func askSenderRetries(ctx context.Context, p *probe) error {
	s, err := p.signUp(ctx, "SenderClient", "success", "c9", "fail")
	if err != nil {
		return err
	}
	answer := outcome(s.err)
	answer["seconds"] = s.took.Round(100 * time.Millisecond).Seconds()
	calls, err := p.calls(ctx, s.label, "CustomEmailSender", 4, p.retryWait) // one more than is expected
	if err != nil {
		return err
	}
	addCalls(answer, calls)
	p.answer("C9", "throws", answer)
	return nil
}

func askCodeFormat(ctx context.Context, p *probe) error {
	s, err := p.signUp(ctx, "SenderClient", "success", "c11", "code")
	if err != nil {
		return err
	}
	answer := outcome(s.err)
	calls, err := p.calls(ctx, s.label, "CustomEmailSender", 1, p.shortWait)
	if err != nil {
		return err
	}
	if len(calls) > 0 {
		answer["header"] = calls[0].Header
	}
	p.answer("C11", "sign-up", answer)
	return nil
}

func askFeedback(ctx context.Context, p *probe) error {
	s, err := p.signUp(ctx, "MainClient", "bounce", "c14", "bounce")
	if err != nil {
		return err
	}
	answer := outcome(s.err)
	calls, err := p.calls(ctx, s.label, "Email Bounced", 1, p.shortWait)
	if err != nil {
		return err
	}
	answer["bounced"] = len(calls) > 0
	if len(calls) > 0 {
		answer["tags"] = calls[0].Tags
	}
	p.answer("C14", "bounce", answer)
	return nil
}

const maxWrongCodes = 12

// askConfirmation does not wait until a code has expired, for a day.
func askConfirmation(ctx context.Context, p *probe) error {
	confirm := func(s attempt) map[string]any {
		_, err := p.cognito.ConfirmSignUp(ctx, &cognito.ConfirmSignUpInput{
			ClientId: aws.String(p.deployment.Outputs["MainClient"]), Username: &s.address, ConfirmationCode: aws.String("000000"),
		})
		return outcome(err)
	}
	s, err := p.signUp(ctx, "MainClient", "success", "c18", "wrong")
	if err != nil {
		return err
	}
	first := confirm(s)
	p.answer("C18", "wrong code", first)
	for n := 2; n <= maxWrongCodes && ctx.Err() == nil; n++ {
		if next := confirm(s); next["error"] != first["error"] {
			next["attempt"] = n
			p.answer("C18", "wrong codes until the answer changes", next)
			break
		}
	}

	if s, err = p.signUp(ctx, "MainClient", "success", "c18", "fail"); err != nil {
		return err
	}
	for _, kase := range []string{"PostConfirmation fails", "confirmed again"} {
		_, err := p.cognito.AdminConfirmSignUp(ctx, &cognito.AdminConfirmSignUpInput{UserPoolId: p.main(), Username: &s.address})
		answer := outcome(err)
		if answer["userStatus"], err = p.status(ctx, s.address); err != nil {
			return err
		}
		p.answer("C18", kase, answer)
	}
	p.answer("C18", "wrong code of a confirmed user", confirm(s))
	return ctx.Err()
}

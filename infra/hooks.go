package infra

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awspipes"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"poolpost/events"
	"poolpost/internal/settings"
)

// newEventQueue is the queue that functions put events on. They have a connection to SQS already,
// and a queue accepts events while EventBridge is out. No function consumes it, so nothing can move
// an event to a dead-letter queue before EventBridge has had it.
func (p *Pool) newEventQueue() {
	if !p.settings.Hooks.Publish() {
		return
	}
	p.EventQueue = p.newQueue("EventQueue", &awssqs.QueueProps{})
	suppress(p.EventQueue, "AwsSolutions-SQS3",
		"Events wait here for two weeks, longer than a dead-letter queue would keep them, and the alarm HookEventsWait goes off.")
	p.values.EventQueueURL = *p.EventQueue.QueueUrl()
	p.newAlarm(alarm{
		id: "HookEventsWait", pageNow: true, meaning: "An event for hooks has waited for 15 minutes before it came to the event bus.",
		metric: p.EventQueue.MetricApproximateAgeOfOldestMessage(metric("Maximum")), threshold: 900,
	})
}

// newHooks are the way from the event queue to the event bus, and from there to the targets of the
// settings. Rules of the adopter's own can be attached to the bus as well.
func (p *Pool) newHooks() {
	if !p.settings.Hooks.Publish() {
		return
	}
	bus := p.arn("events", "event-bus", "/", p.settings.Hooks.Bus)
	role := p.newServiceRole("EventPipeRole", "pipes.amazonaws.com", "Moves events from the queue to the event bus")
	p.EventQueue.GrantConsumeMessages(role)
	allow(role, bus, "events:PutEvents")
	pipe := awspipes.NewCfnPipe(p, jsii.String("EventPipe"), &awspipes.CfnPipeProps{
		Description: jsii.String("Poolpost: events of " + p.settings.Pool.Name),
		RoleArn:     role.RoleArn(),
		Source:      p.EventQueue.QueueArn(),
		SourceParameters: &awspipes.CfnPipe_PipeSourceParametersProperty{
			// One: an event that EventBridge refuses makes nobody else's come twice.
			SqsQueueParameters: &awspipes.CfnPipe_PipeSourceSqsQueueParametersProperty{BatchSize: jsii.Number(1)},
		},
		Target: bus,
		TargetParameters: &awspipes.CfnPipe_PipeTargetParametersProperty{
			EventBridgeEventBusParameters: &awspipes.CfnPipe_PipeTargetEventBridgeEventBusParametersProperty{
				Source: jsii.String(events.Source), DetailType: jsii.String("$.body.type"), Time: jsii.String("$.body.time"),
			},
			InputTemplate: jsii.String("<$.body>"), // which Pipes parses as JSON
		},
	})
	pipe.Node().AddDependency(role.Node().FindChild(jsii.String("DefaultPolicy"))) // it is used at once
	for _, h := range p.settings.Hooks.Events {
		p.newHook(h)
	}
}

// EventBridge's maximums.
const (
	retryAttempts = 185
	retrySeconds  = 24 * 60 * 60
)

// newHook delivers events to a target, and keeps those that cannot be delivered.
func (p *Pool) newHook(h settings.EventHook) {
	id := h.StableID()
	dead := p.newQueue("HookDeadLetters-"+id, &awssqs.QueueProps{})
	suppress(dead, "AwsSolutions-SQS3", "This is a dead-letter queue.")
	role := p.newServiceRole("HookRole-"+id, "events.amazonaws.com", "Delivers events to the hook "+id)
	// With a hash of their path, logical ids of a-b and ab differ.
	scope := constructs.NewConstruct(p, jsii.String("Hook-"+id))
	arn, action := p.hookTarget(scope, h)
	allow(role, arn, action)
	rule := awsevents.NewCfnRule(scope, jsii.String("Rule"), &awsevents.CfnRuleProps{
		Description:  jsii.String("Poolpost: the hook " + h.Name + " of " + p.settings.Pool.Name),
		EventBusName: jsii.String(p.settings.Hooks.Bus),
		EventPattern: map[string]any{
			// Several pools can share a bus.
			"source": []string{events.Source, events.RedriveSource(id)}, "detail-type": h.Types,
			"detail": map[string]any{"userPoolId": []*string{p.UserPool.UserPoolId()}},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("Target"), Arn: arn, RoleArn: role.RoleArn(),
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: dead.QueueArn()},
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: jsii.Number(retrySeconds), MaximumRetryAttempts: jsii.Number(retryAttempts),
			},
		}},
	})
	rule.Node().AddDependency(role.Node().FindChild(jsii.String("DefaultPolicy")))
	dead.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sqs:SendMessage"), Resources: &[]*string{dead.QueueArn()},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": rule.AttrArn()}},
	}))
	identify(dead, h.ID)
	p.hookQueues[id] = dead.QueueUrl()
	p.newAlarm(alarm{
		id: "HookEventsDead-" + id, runbook: "hookeventsdead",
		meaning: "Events could not be delivered to the hook " + h.Name + ", and are in its dead-letter queue.",
		metric:  dead.MetricApproximateNumberOfMessagesVisible(metric("Maximum")), threshold: 1,
	})
	p.newAlarm(alarm{
		id: "HookEventsLost-" + id, runbook: "hookeventslost", pageNow: true,
		meaning: "Events for the hook " + h.Name + " could neither be delivered nor put on its dead-letter queue, and are lost.",
		metric: awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
			Namespace: jsii.String("AWS/Events"), MetricName: jsii.String("InvocationsFailedToBeSentToDlq"),
			Statistic: jsii.String("Sum"), Period: fiveMinutes(),
			DimensionsMap: p.ruleDimensions(rule),
		}), threshold: 1,
	})
}

// ruleDimensions are those of a rule's metrics: rules of the default bus are published without the
// name of their bus (EventBridge user guide, "Monitoring Amazon EventBridge").
func (p *Pool) ruleDimensions(rule awsevents.CfnRule) *map[string]*string {
	// The ARN ends with rule/RULE or rule/BUS/RULE. Ref of a rule on another bus is BUS|RULE.
	parts := awscdk.Fn_Split(jsii.String("/"), rule.AttrArn(), nil)
	if bus := p.settings.Hooks.Bus; bus != settings.DefaultBus {
		return &map[string]*string{"EventBusName": jsii.String(bus), "RuleName": awscdk.Fn_Select(jsii.Number(2), parts)}
	}
	return &map[string]*string{"RuleName": awscdk.Fn_Select(jsii.Number(1), parts)}
}

// hookTarget is the ARN of a hook's target, and what its role may do with it.
func (p *Pool) hookTarget(scope constructs.Construct, h settings.EventHook) (arn *string, action string) {
	switch target := h.Target(); target.Key {
	case "function":
		return p.arn("lambda", "function", ":", target.Value), "lambda:InvokeFunction"
	case "queue":
		return p.arn("sqs", "", "", target.Value), "sqs:SendMessage"
	case "topic":
		return p.arn("sns", "", "", target.Value), "sns:Publish"
	case "stateMachine":
		return p.arn("states", "stateMachine", ":", target.Value), "states:StartExecution"
	default:
		return newWebhook(scope, h), "events:InvokeApiDestination"
	}
}

// newWebhook is an API destination, whose connection has the secret. EventBridge keeps a copy of the
// secret in Secrets Manager.
func newWebhook(scope constructs.Construct, h settings.EventHook) *string {
	connection := awsevents.NewCfnConnection(scope, jsii.String("Connection"), &awsevents.CfnConnectionProps{
		AuthorizationType: jsii.String("API_KEY"),
		AuthParameters: &awsevents.CfnConnection_AuthParametersProperty{
			ApiKeyAuthParameters: &awsevents.CfnConnection_ApiKeyAuthParametersProperty{
				ApiKeyName:  &h.Header,
				ApiKeyValue: secretText(h.Secret, h.SecretVersion),
			},
		},
	})
	destination := awsevents.NewCfnApiDestination(scope, jsii.String("Destination"), &awsevents.CfnApiDestinationProps{
		ConnectionArn: connection.AttrArn(), HttpMethod: jsii.String("POST"), InvocationEndpoint: &h.URL,
	})
	return destination.AttrArn()
}

// arn is the ARN of a resource that is named in the settings, which may be its ARN already.
func (p *Pool) arn(service, resource, separator, name string) *string {
	if strings.HasPrefix(name, "arn:") {
		return &name
	}
	if resource != "" {
		name = resource + separator + name
	}
	return p.stack.FormatArn(&awscdk.ArnComponents{
		Service: &service, Resource: &name, ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME,
	})
}

// newServiceRole is a role for a service of AWS, on behalf of this account only.
func (p *Pool) newServiceRole(id, service, description string) awsiam.Role {
	return awsiam.NewRole(p, jsii.String(id), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": p.stack.Account()}},
		}),
		Description: &description,
	})
}

func allow(role awsiam.Role, resource *string, action string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(action), Resources: &[]*string{resource},
	}))
}

package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/settings"
)

// props say what to deploy.
type props struct {
	Settings  *settings.Settings
	Stage     string // dev, prod …: part of the names
	Functions string // holds a folder for each function
}

// A stack is one user pool with everything around it.
type stack struct {
	awscdk.Stack
	props
	values bundle.Values // grows with the stack: a function gets what is made before it
}

// newStack is the table of contents of the deployment.
func newStack(scope constructs.Construct, p props) *stack {
	s := &stack{
		Stack: awscdk.NewStack(scope, jsii.String("Pool"), &awscdk.StackProps{
			StackName:             jsii.String(stackName(p)),
			Description:           jsii.String("Poolpost: the user pool " + p.Settings.Pool.Name + " and its sign-up"),
			Env:                   &awscdk.Environment{Region: jsii.String(p.Settings.Pool.Region)},
			TerminationProtection: jsii.Bool(p.protected()),
		}),
		props: p,
	}
	s.tag()
	s.values = bundle.Values{Stack: stackName(p), Stage: p.Stage, SendInterval: p.Settings.Mail.SendInterval()}

	ses := s.newMailIdentity()
	s.values.ConfigurationSet = *ses.configurationSet.ConfigurationSetName()
	queue := s.newMailQueue()
	s.values.MailQueueURL, s.values.DeadLetterQueueURL = *queue.main.QueueUrl(), *queue.dead.QueueUrl()
	failed := s.newFailedEvents()
	api := s.newLinkAPI()
	s.values.LinksURL = *api.url
	key := s.newCodeKey()
	if key != nil {
		s.values.KMSKeyARN = *key.KeyArn()
	}
	triggers := s.newTriggers(api, queue, failed)
	pool := s.newUserPool(ses, triggers, key)
	clients := s.newClients(pool)
	s.values.UserPoolID, s.values.Clients = *pool.UserPoolId(), *s.clientIDs(clients)
	identities := s.newIdentityPool(pool, clients)
	sender := s.newSendMail(ses, queue, clients)
	s.openCodes(sender, key, pool)
	feedback := s.newMailFeedback(ses, failed)
	page := s.newVerifyLink(api, clients)
	s.newAlarms(queue, failed, append(slices.Clone(triggers.all), sender, feedback, page))
	s.newOutputs(pool, clients, identities, api)
	s.newQueueOutputs(queue, failed)
	return s
}

// protected reports whether the stage's users must survive a mistake: the pool
// is kept and protected in every stage but dev.
func (p props) protected() bool { return p.Stage != "dev" }

// removal is what becomes of a resource that holds data when it leaves the stack.
func (p props) removal() awscdk.RemovalPolicy {
	if p.protected() {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}

// name is the name of a resource that people look for, with the stage unless it
// is prod.
func (p props) name(base string) *string {
	if p.Stage == "prod" {
		return jsii.String(base)
	}
	return jsii.String(base + "-" + p.Stage)
}

// stackName is made of the pool's name and the stage.
func stackName(p props) string {
	return "Poolpost-" + hyphenated(p.Settings.Pool.Name) + "-" + p.Stage
}

// hyphenated is a name with a hyphen in the place of all but letters and digits:
// a stack's name takes no others.
func hyphenated(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		default:
			return '-'
		}
	}, name)
}

// tag puts the tags of the settings on every resource, in a fixed order.
func (s *stack) tag() {
	for _, key := range slices.Sorted(maps.Keys(s.Settings.Pool.Tags)) {
		awscdk.Tags_Of(s.Stack).Add(jsii.String(key), jsii.String(s.Settings.Pool.Tags[key]), nil)
	}
	awscdk.Tags_Of(s.Stack).Add(jsii.String("Stage"), jsii.String(s.Stage), nil)
}

func number(n int) *float64 { return jsii.Number(float64(n)) }

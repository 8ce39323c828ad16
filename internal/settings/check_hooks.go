package settings

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"poolpost/events"
)

const hookNames = "1 to 40 letters, digits or hyphens"

var (
	busName  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`) // EventBridge API reference, CreateEventBus; slashes are for partners
	hookName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,39}$`)
	// headerName is a token of RFC 9110.
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")

	queueName        = named("sqs", "", `[A-Za-z0-9_-]{1,80}`)
	topicName        = named("sns", "", `[A-Za-z0-9_-]{1,256}`)
	stateMachineName = named("states", "stateMachine:", `[A-Za-z0-9_-]{1,80}(:[A-Za-z0-9_-]{1,80})?`)
)

// named is a resource of a service, by its name or its ARN.
func named(service, resource, name string) *regexp.Regexp {
	return regexp.MustCompile(`^(arn:aws[a-z-]*:` + service + `:[a-z0-9-]+:[0-9]{12}:` + resource + `)?` + name + `$`)
}

// A Target is where a hook's events go.
type Target struct {
	Key   string // in the settings, such as queue
	Value string // a name, an ARN or an address

	pattern *regexp.Regexp // nil for an address
	what    string
}

// Target is the only target of a hook of settings that were accepted.
func (h EventHook) Target() Target { return h.targets()[0] }

// targets are those that the file has.
func (h EventHook) targets() (set []Target) {
	for _, t := range []Target{
		{"function", h.Function, functionName, "the name or the ARN of a Lambda function, such as on-sign-up or on-sign-up:live"},
		{"queue", h.Queue, queueName, "the name or the ARN of a standard SQS queue, such as sign-ups"},
		{"topic", h.Topic, topicName, "the name or the ARN of a standard SNS topic, such as sign-ups"},
		{"stateMachine", h.StateMachine, stateMachineName, "the name or the ARN of a Step Functions state machine, such as sign-ups"},
		{"url", h.URL, nil, ""},
	} {
		if t.Value != "" {
			set = append(set, t)
		}
	}
	return set
}

func (c checker) checkHooks(s *Settings) {
	if h := s.Hooks; h.Publish() {
		c.matches("hooks.bus", h.Bus, busName, "the name of an event bus in the account and region of the pool, such as default")
	}
	for i, name := range s.Hooks.Attributes {
		key := fmt.Sprintf("hooks.attributes[%d]", i)
		c.attribute(key, name, s)
		c.unique(key, name, s.Hooks.Attributes[:i])
	}
	var names, ids []string
	for i, h := range s.Hooks.Events {
		key := fmt.Sprintf("hooks.events[%d]", i)
		c.matches(key+".name", h.Name, hookName, hookNames)
		c.unique(key+".name", h.Name, names)
		c.identify(key, h.ID, h.Name, ids, names, hookName, hookNames)
		names, ids = append(names, h.Name), append(ids, h.StableID())
		if len(h.Types) == 0 {
			c.Report(key+".types", "is missing; write at least one of %s", strings.Join(events.Types, ", "))
		}
		for j, name := range h.Types {
			entry := fmt.Sprintf("%s.types[%d]", key, j)
			c.oneOf(entry, name, events.Types...)
			c.unique(entry, name, h.Types[:j])
			if name == events.UserInvitationAccepted && !s.Invitations.FollowUp && c.ReadOK("invitations.followUp") {
				c.Report(entry, "needs invitations.followUp: true, without which nothing publishes %q; add that, or remove the type", name)
			}
		}
		c.checkEventTarget(key, h, s.Pool.Region)
	}
}

func (c checker) checkEventTarget(key string, h EventHook, region string) {
	set := h.targets()
	switch {
	case len(set) == 0:
		c.Report(key, "has no target; write one of function, queue, topic, stateMachine and url")
		return
	case len(set) > 1:
		c.Report(key+"."+set[1].Key, "is a second target beside %s; write a second entry in hooks.events", set[0].Key)
		return
	}
	t := set[0]
	if t.Key == "url" {
		c.checkWebhook(key, h, region)
		return
	}
	if c.matches(key+"."+t.Key, t.Value, t.pattern, t.what) {
		c.inRegion(key+"."+t.Key, t.Value, region)
	}
	if h.Secret != "" || h.SecretVersion != "" {
		c.Report(key+".secret", "is for a hook with url only; remove it")
	}
}

// maxWebhook is the longest address of an API destination, in characters (EventBridge API
// reference, CreateApiDestination).
const maxWebhook = 2048

// checkWebhook checks what EventBridge's API destination and its connection are made of.
func (c checker) checkWebhook(key string, h EventHook, region string) {
	u, err := url.Parse(h.URL)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" ||
		strings.ContainsAny(h.URL, "* \"<>") || len(h.URL) > maxWebhook {
		c.Report(key+".url", "must be an https address that is reached from the internet, such as https://api.example.com/hooks, not %q", h.URL)
	}
	c.matches(key+".header", h.Header, headerName, "the name of an HTTP header, such as X-Api-Key")
	if h.Secret == "" {
		c.Report(key+".secret", "is missing; write the name of a secret in AWS Secrets Manager, whose text your server expects in the header %s", h.Header)
	} else if c.matches(key+".secret", h.Secret, secretName, "the name or the ARN of a secret, such as myapp/webhook") {
		c.inRegion(key+".secret", h.Secret, region)
	}
	if h.SecretVersion != "" {
		c.matches(key+".secretVersion", h.SecretVersion, secretVersion, secretVersionIs)
	}
}

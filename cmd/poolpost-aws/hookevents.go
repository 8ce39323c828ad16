package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"poolpost/events"
)

// hookQueues are the dead-letter queues of the hooks in a stack, which has none without hooks.
func hookQueues(d *deployment) ([]failureQueue, error) {
	text, bus := d.Outputs["HookDeadLetterQueueUrls"], d.Outputs["EventBusName"]
	if text == "" {
		return nil, nil
	}
	var urls map[string]string
	if err := json.Unmarshal([]byte(text), &urls); err != nil {
		return nil, fmt.Errorf("read the output HookDeadLetterQueueUrls of %s: %w", d.StackName, err)
	}
	pool, err := d.output("UserPoolId")
	if err != nil {
		return nil, err
	}
	client := eventbridge.NewFromConfig(d.Config)
	var all []failureQueue
	for _, hook := range slices.Sorted(maps.Keys(urls)) {
		e := hookEvents{hook, bus, pool, d.ID, client}
		all = append(all, failureQueue{
			name: "hook " + hook, title: "events that could not be delivered to the hook " + hook, url: urls[hook],
			read: e.read, repeat: e.repeat, what: "events", done: "put on the event bus again, for the hook " + hook,
		})
	}
	return all, nil
}

// hookEvents are put on the event bus again, with a source that only the rule of their hook matches:
// other hooks have had them.
type hookEvents struct {
	hook, bus, pool, account string
	bridge                   *eventbridge.Client
}

// An envelope is an event as EventBridge delivers it, and puts it on a dead-letter queue.
type envelope struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Detail     json.RawMessage `json:"detail"`
}

// read takes an event of this pool, which EventBridge has put there with a code of its error.
func (e hookEvents) read(m types.Message) (failure, bool) {
	var in envelope
	var event events.Event
	if json.Unmarshal([]byte(aws.ToString(m.Body)), &in) != nil || json.Unmarshal(in.Detail, &event) != nil {
		return unreadable, false
	}
	if in.Account != e.account || event.UserPoolID != e.pool || in.DetailType != event.Type ||
		in.Source != events.Source && in.Source != events.RedriveSource(e.hook) {
		return failure{"foreign", "not an event of this pool for this hook"}, false
	}
	return failure{safe(event.Type), safe(cmp.Or(aws.ToString(m.MessageAttributes["ERROR_CODE"].StringValue), "unknown"))}, true
}

func (e hookEvents) repeat(ctx context.Context, messages []types.Message) (done []types.Message, err error) {
	if len(messages) == 0 {
		return nil, nil
	}
	in := &eventbridge.PutEventsInput{}
	for _, m := range messages {
		var body envelope
		var event events.Event
		if err := errors.Join(json.Unmarshal([]byte(aws.ToString(m.Body)), &body), json.Unmarshal(body.Detail, &event)); err != nil {
			return nil, fmt.Errorf("put events on the bus: %w", err)
		}
		in.Entries = append(in.Entries, eventbridgetypes.PutEventsRequestEntry{
			EventBusName: &e.bus, Source: aws.String(events.RedriveSource(e.hook)), DetailType: &event.Type,
			Detail: aws.String(string(body.Detail)), Time: aws.Time(event.Time.Truncate(time.Second)),
		})
	}
	out, err := e.bridge.PutEvents(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("put events on the bus %s: %w", e.bus, err)
	}
	if len(out.Entries) != len(messages) {
		return nil, fmt.Errorf("put events on the bus %s: EventBridge answers for %d of %d", e.bus, len(out.Entries), len(messages))
	}
	for i, entry := range out.Entries {
		if entry.ErrorCode != nil {
			err = fmt.Errorf("put events on the bus %s: EventBridge refuses %d with %s", e.bus, out.FailedEntryCount, *entry.ErrorCode)
			continue
		}
		done = append(done, messages[i])
	}
	return done, err
}

package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"poolpost/internal/settings"
	"poolpost/local/eventbridge"
	"poolpost/local/sqs"
)

// sampleSecret is what a webhook gets in the place of its secret.
const sampleSecret = "local"

// newEvents are the event queue and the bus behind it, as hooks of the settings make them; nil
// without. targets are the loopback addresses that play targets of hooks, by their names.
func newEvents(set *settings.Settings, poolID string, targets map[string]string, second time.Duration) (*sqs.Queue, *eventbridge.Bus, error) {
	var names []string
	var rules []eventbridge.Rule
	for _, h := range set.Hooks.Events {
		names = append(names, h.Name)
		t := h.Target()
		r := eventbridge.Rule{Name: h.StableID(), Types: h.Types, Target: t.Key + " " + t.Value}
		if address, ok := targets[h.Name]; ok {
			u, err := url.Parse(address)
			if err != nil || u.Scheme != "http" || !isLocal(u.Hostname()) {
				return nil, nil, fmt.Errorf("--event-hook %s=%s: must be a loopback address, such as http://127.0.0.1:9001/", h.Name, address)
			}
			r.Deliver = eventbridge.Webhook(address, h.Header, sampleSecret)
		}
		rules = append(rules, r)
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		if !slices.Contains(names, name) {
			return nil, nil, fmt.Errorf("--event-hook %s: hooks.events of the settings has no such name; it has: %s", name, cmp.Or(strings.Join(names, ", "), "none"))
		}
	}
	if !set.Hooks.Publish() {
		return nil, nil, nil
	}
	bus := eventbridge.New(eventbridge.Options{
		Region: set.Pool.Region, Account: account, UserPoolID: poolID, Rules: rules, Second: second,
	})
	queue := sqs.New(sqs.Options{
		Name: "events", Region: set.Pool.Region, Account: account, Invoke: bus.Pipe,
		BatchSize: 1, Concurrency: 10, MaxReceives: 1 << 30, Retry: 30 * cmp.Or(second, time.Second),
	})
	return queue, bus, nil
}

// queues are those that functions send to.
func (s *Stack) queues() []*sqs.Queue {
	if s.eventQueue == nil {
		return []*sqs.Queue{s.queue}
	}
	return []*sqs.Queue{s.queue, s.eventQueue}
}

// eventsPage shows the events, newest first, and what became of each. The parameter refresh=off
// keeps the page from loading itself again.
func (s *Stack) eventsPage(w http.ResponseWriter, r *http.Request) {
	type event struct {
		eventbridge.Event
		JSON string
	}
	page := struct {
		Title, Here string
		Publish     bool
		Refresh     bool
		Rules       []eventbridge.Rule
		Events      []event
	}{Title: "Events", Here: "events", Publish: s.bus != nil, Refresh: r.FormValue("refresh") != "off"}
	if s.bus != nil {
		page.Rules = s.bus.Rules()
		for _, e := range s.bus.Events() {
			var text bytes.Buffer
			if err := json.Indent(&text, e.Envelope, "", "  "); err != nil {
				text.Write(e.Envelope)
			}
			page.Events = append(page.Events, event{e, text.String()})
		}
	}
	render(w, http.StatusOK, "events", page)
}

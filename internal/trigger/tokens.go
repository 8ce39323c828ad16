package trigger

import (
	"encoding/json"
	"slices"
	"strings"

	"poolpost/internal/eventjson"
	"poolpost/internal/logging"
)

// SourceOf is the trigger source of an event, without the time that it takes to decode the rest. It
// is empty if the event is none.
func SourceOf(payload []byte) (source string) {
	if eventjson.ReadLoose(payload, eventjson.Fields{"triggerSource", &source}) != nil {
		return ""
	}
	return source
}

// ReplyWithGroups is the reply of a PreTokenGeneration trigger (V1_0) whose tokens have some groups,
// too. What a reply says about groups takes the place of all that Cognito knows (developer guide,
// "Pre token generation Lambda trigger"), so it repeats the user's other groups, and the roles. If
// there is nothing to add, the event stays as it came. The errors may be logged.
func (e *Event) ReplyWithGroups(payload []byte, groups []string) ([]byte, error) {
	if len(groups) == 0 {
		return payload, nil
	}
	var configuration eventjson.Raw
	err := eventjson.ReadLoose(payload, eventjson.Fields{"request", eventjson.Fields{"groupConfiguration", &configuration}})
	if err != nil || !strings.HasPrefix(configuration.Value, "{") {
		return nil, errGroupConfiguration
	}
	const member = "groupsToOverride"
	var all []string
	override := []byte("{")
	err = eventjson.Members(configuration.Value, func(name, value string) {
		if name != member {
			override = append(appendMember(override, false, name, []string{value}), ',')
		} else if json.Unmarshal([]byte(value), &all) != nil {
			configuration.Value = ""
		}
	})
	if err != nil || configuration.Value == "" {
		return nil, errGroupConfiguration
	}
	before := len(all)
	for _, group := range groups {
		if !slices.Contains(all, group) {
			all = append(all, group)
		}
	}
	if len(all) == before {
		return payload, nil
	}
	list, _ := json.Marshal(all) // strings always encode
	override = append(appendMember(override, false, member, []string{string(list)}), '}')
	return e.Reply(Response{{"claimsOverrideDetails", []string{`{"groupOverrideDetails":`, string(override), "}"}}})
}

// errGroupConfiguration is for an event that does not tell which groups the user is in.
const errGroupConfiguration = logging.Safe("the event's group configuration is no object with a list of groups")

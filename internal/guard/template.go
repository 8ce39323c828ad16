package guard

import (
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Template is a CloudFormation template.
type Template struct {
	Resources map[string]Resource
	raw       any // all of it, as CloudFormation reads it
}

// A Resource is what the rules need of one.
type Resource struct {
	Type       string
	Properties map[string]any
	Metadata   map[string]any
}

// Parse reads a template in JSON or YAML; the short forms of YAML, such as !Ref, are as good as the
// long ones. An empty text is a template without resources.
func Parse(text []byte) (Template, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil { // JSON is YAML
		return Template{}, fmt.Errorf("it is neither JSON nor YAML: %w", err)
	}
	t := Template{raw: map[string]any{}}
	if len(document.Content) > 0 {
		var err error
		if t.raw, err = plain(document.Content[0]); err != nil {
			return Template{}, err
		}
	}
	again, err := json.Marshal(t.raw)
	if err == nil {
		err = json.Unmarshal(again, &t)
	}
	if err != nil {
		return Template{}, fmt.Errorf("it is not a CloudFormation template: %w", err)
	}
	for id, r := range t.Resources {
		if r.Type == "" {
			return Template{}, fmt.Errorf("it is not a CloudFormation template: the resource %s has no Type", id)
		}
	}
	return t, nil
}

// plain is the value of a node, with functions in their long form. Dates and the like stay text, as
// CloudFormation has no other types than those of JSON.
func plain(node *yaml.Node) (value any, err error) {
	switch node.Kind {
	case yaml.AliasNode:
		return plain(node.Alias)
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if m[node.Content[i].Value], err = plain(node.Content[i+1]); err != nil {
				return nil, err
			}
		}
		value = m
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			if list[i], err = plain(item); err != nil {
				return nil, err
			}
		}
		value = list
	default:
		value = node.Value
		if tag := node.Tag; tag == "!!bool" || tag == "!!int" || tag == "!!float" || tag == "!!null" {
			if err := node.Decode(&value); err != nil {
				return nil, fmt.Errorf("line %d: %w", node.Line, err)
			}
		}
	}
	function, short := strings.CutPrefix(node.Tag, "!")
	switch {
	case !short || strings.HasPrefix(function, "!"):
		return value, nil
	case function == "Ref" || function == "Condition":
		return map[string]any{function: value}, nil
	case function == "GetAtt":
		if text, ok := value.(string); ok {
			resource, attribute, _ := strings.Cut(text, ".")
			value = []any{resource, attribute}
		}
	}
	return map[string]any{"Fn::" + function: value}, nil
}

// text is a property that is a text in the template itself; empty if a function makes it.
func (r Resource) text(property string) string {
	s, _ := r.Properties[property].(string)
	return s
}

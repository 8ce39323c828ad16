package attach

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Owner is a tool that deploys the pool, as its tags say. Its next deployment writes what it
// has, and takes the triggers away.
type Owner struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"` // what to put there, so that it has the triggers too
}

// Owners are the tools that the tags of a pool speak of.
func Owners(pool Object, d Deployment) (all []Owner) {
	tags, _ := pool["UserPoolTags"].(Object)
	has := func(is func(tag, value string) bool) bool {
		for tag, value := range tags {
			if is(strings.ToLower(tag), strings.ToLower(fmt.Sprint(value))) {
				return true
			}
		}
		return false
	}
	amplify := has(func(tag, value string) bool {
		return strings.HasPrefix(tag, "amplify:") || tag == "created-by" && value == "amplify" || tag == "user:application"
	})
	switch {
	case amplify: // which deploys with CloudFormation
		all = append(all, Owner{"Amplify", amplifyLines(d)})
	case has(func(tag, _ string) bool { return strings.HasPrefix(tag, "aws:cloudformation:") }):
		all = append(all, Owner{"CloudFormation", properties(d)})
	}
	if has(func(tag, value string) bool { return strings.Contains(tag+value, "terraform") }) {
		all = append(all, Owner{"Terraform", terraformLines(d)})
	}
	return all
}

// each writes what a deployment has for the pool: open begins an object, member is one text of it.
func each(d Deployment, open func(depth int, name string), member func(depth int, name, value string), end func(depth int)) {
	var walk func(depth int, name string, o Object)
	walk = func(depth int, name string, o Object) {
		open(depth, name)
		for _, key := range slices.Sorted(maps.Keys(o)) {
			if inner, ok := o[key].(Object); ok {
				walk(depth+1, key, inner)
			} else {
				member(depth+1, key, fmt.Sprint(o[key]))
			}
		}
		end(depth)
	}
	walk(0, "LambdaConfig", d.LambdaConfig)
	if d.EmailConfiguration != nil {
		walk(0, email, d.EmailConfiguration)
	}
}

func indent(depth int) string { return strings.Repeat("  ", depth) }

// properties are those of AWS::Cognito::UserPool, in YAML.
func properties(d Deployment) (lines []string) {
	each(d,
		func(depth int, name string) { lines = append(lines, indent(depth)+name+":") },
		func(depth int, name, value string) {
			lines = append(lines, fmt.Sprintf("%s%s: '%s'", indent(depth), name, strings.ReplaceAll(value, "'", "''")))
		},
		func(int) {})
	return lines
}

// amplifyLines are for amplify/backend.ts of the second generation.
func amplifyLines(d Deployment) []string {
	lines := []string{"const pool = backend.auth.resources.cfnResources.cfnUserPool"}
	for _, c := range Differences(Object{}, Object{"LambdaConfig": d.LambdaConfig, email: d.EmailConfiguration}) {
		if c.To != nil {
			lines = append(lines, fmt.Sprintf("pool.addPropertyOverride(%q, %q)", c.Field, c.To))
		}
	}
	return lines
}

// terraformNames are what aws_cognito_user_pool calls it, where that is not the name in snake case.
var terraformNames = map[string]string{
	"KMSKeyID": "kms_key_id", "From": "from_email_address",
}

// terraformLines are blocks of aws_cognito_user_pool.
func terraformLines(d Deployment) (lines []string) {
	snake := func(name string) string {
		if other, ok := terraformNames[name]; ok {
			return other
		}
		var b strings.Builder
		for i, r := range name {
			if i > 0 && 'A' <= r && r <= 'Z' {
				b.WriteByte('_')
			}
			b.WriteString(strings.ToLower(string(r)))
		}
		return b.String()
	}
	each(d,
		func(depth int, name string) { lines = append(lines, indent(depth)+snake(name)+" {") },
		func(depth int, name, value string) {
			lines = append(lines, fmt.Sprintf("%s%s = %q", indent(depth), snake(name), value))
		},
		func(depth int) { lines = append(lines, indent(depth)+"}") })
	return lines
}

package infra

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
)

// Every statement of every role has a row in docs/deploy.md, and no row is out of date.
func TestTheDocumentationListsEveryPermission(t *testing.T) {
	text, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Permissions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| .*`.* \\|$").FindAllString(section, -1)
	var want []string
	// Rules that call AWS, groups, and several clients of a pool for which Cognito sends.
	calling := strings.Replace(bare, "clients: [", "clients: [{name: other, url: https://other.example.com/}, ", 1) +
		"groups: [members]\nsignUp: {email: {refuseSuppressed: true}, externalProviders: {policy: link, trusted: [Google], linkReplacesPassword: true}}\n"
	for _, tp := range []*template{synthesise(t, parse(t, calling), "dev"), synthesise(t, parse(t, full), "prod")} {
		want = append(want, permissionsOf(tp)...)
	}
	for _, row := range permissionsOf(synthesise(t, parse(t, existing), "prod")) {
		want = append(want, strings.ReplaceAll(row, "userpool/eu-central-1_Sample001", "UserPool"))
	}
	// The other stages, and the stack of the identity, have no other roles and statements.
	for _, tp := range []*template{
		synthesise(t, settingstest.Sample(t), "dev"), synthesise(t, parse(t, full), "dev"),
		synthesiseIdentity(t, settingstest.Sample(t)), synthesiseIdentity(t, parse(t, full)),
	} {
		for _, row := range permissionsOf(tp) {
			if !slices.Contains(want, row) {
				t.Errorf("another stage or stack has the row\n%s", row)
			}
		}
	}
	for _, cached := range synthesised {
		tp := *cached
		tp.t = t
		holders := map[string]bool{}
		for _, policy := range tp.all("AWS::IAM::Policy") {
			for _, role := range policy.Properties["Roles"].([]any) {
				holders[role.(map[string]any)["Ref"].(string)] = true
			}
		}
		for id, r := range tp.resources {
			switch {
			case r.Type == "AWS::IAM::Role": // statements nowhere else
				tp.want(r, map[string]string{"ManagedPolicyArns": "none", "Policies": "none"})
				if !holders[id] && !strings.HasPrefix(id, "IdentityPool") {
					t.Errorf("the role %s may do nothing", id)
				}
			case strings.HasPrefix(r.Type, "AWS::IAM::") && r.Type != "AWS::IAM::Policy":
				t.Errorf("%s is %s, whose statements no table lists", id, r.Type)
			}
		}
	}
	slices.Sort(rows)
	slices.Sort(want)
	want = slices.Compact(want)
	if !slices.Equal(rows, want) {
		t.Errorf("docs/deploy.md has\n%s\nthe roles may\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

// permissionsOf are the rows of a template's roles: who, actions, resources, keys of the
// conditions. Each function's own log is called so.
func permissionsOf(tp *template) []string {
	var rows []string
	for _, r := range tp.all("AWS::IAM::Policy") {
		for _, role := range r.Properties["Roles"].([]any) {
			who := ofAnyHook(tp.roleName(role.(map[string]any)["Ref"].(string)))
			for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				statement := s.(map[string]any)
				resources := ofAnyHook(texts(statement["Resource"], arnText))
				if resources == "`"+strings.ReplaceAll(title(who), "-", "")+"Log`" {
					resources = "its log"
				}
				holder := "`" + who + "`"
				if actions := texts(statement["Action"], literal); resources == "its log" || strings.HasPrefix(actions, "`xray:") {
					holder = "every function"
				}
				var conditions []any
				for _, keys := range mapOf(statement["Condition"]) {
					for key := range mapOf(keys) {
						conditions = append(conditions, key)
					}
				}
				rows = append(rows, strings.ReplaceAll(fmt.Sprintf("| %s | %s | %s | %s |",
					holder, texts(statement["Action"], literal), resources, texts(conditions, literal)), "|  |", "| |"))
			}
		}
	}
	return rows
}

func mapOf(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// roleName is the function of a role, or what the role is called.
func (tp *template) roleName(id string) string {
	for _, f := range tp.all("AWS::Lambda::Function") {
		if strings.Contains(f.get("Role"), `"`+id+`"`) {
			return nameOf(f)
		}
	}
	return idText(id)
}

// title is a function's name as its logical ID begins.
func title(name string) string {
	words := strings.Split(name, "-")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "-")
}

// texts are one or several values, in code, in the order of their letters.
func texts(value any, text func(any) string) string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	var all []string
	for _, v := range list {
		all = append(all, "`"+text(v)+"`")
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func literal(value any) string { return value.(string) }

// arnText is an ARN without what is the same in all of them, with logical IDs for attributes.
func arnText(value any) string {
	text := cloudFormationText(value)
	if parts := strings.SplitN(text, ":", 6); parts[0] == "arn" && len(parts) == 6 {
		return parts[5]
	}
	return text
}

// cloudFormationText puts logical IDs in the place of Ref and Fn::GetAtt.
func cloudFormationText(value any) string {
	m, ok := value.(map[string]any)
	if !ok {
		return value.(string)
	}
	if id, ok := m["Ref"].(string); ok {
		return idText(id)
	}
	if attribute, ok := m["Fn::GetAtt"].([]any); ok {
		return idText(attribute[0].(string))
	}
	var b strings.Builder
	for _, part := range m["Fn::Join"].([]any)[1].([]any) {
		b.WriteString(cloudFormationText(part))
	}
	return b.String()
}

// idText is a logical ID without the 8 characters that the CDK adds, or a pseudo parameter without
// AWS::, since colons part an ARN.
func idText(id string) string {
	return regexp.MustCompile(`^AWS::|[0-9A-F]{8}$`).ReplaceAllString(id, "")
}

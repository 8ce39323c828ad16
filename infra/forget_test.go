package infra

import (
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// Off, it is not there; a dry run may not delete.
func TestAccountsAreForgottenOnlyWhereTheSettingsSaySo(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*settings.SignUp)
		actions []string
	}{
		"off":       {func(*settings.SignUp) {}, nil},
		"a dry run": {func(s *settings.SignUp) { s.ForgetAfterDays = 30 }, []string{"cognito-idp:DescribeUserPool", "cognito-idp:ListUsers"}},
		"on": {func(s *settings.SignUp) { s.ForgetAfterDays, s.ForgetDryRun = 30, false },
			[]string{"cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser", "cognito-idp:DescribeUserPool", "cognito-idp:ListUsers"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settingstest.Sample(t)
			test.change(&s.SignUp)
			tp := synthesise(t, s, "dev")
			var actions []string
			for _, policy := range tp.all("AWS::IAM::Policy") {
				for _, statement := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
					for _, action := range asList(statement.(map[string]any)["Action"]) {
						if tp.roleName(policy.Properties["Roles"].([]any)[0].(map[string]any)["Ref"].(string)) == "forget-unconfirmed" &&
							strings.HasPrefix(action, "cognito-idp:") {
							actions = append(actions, action)
						}
					}
				}
			}
			slices.Sort(actions)
			if !slices.Equal(actions, test.actions) {
				t.Errorf("it may %q, want %q", actions, test.actions)
			}
			schedules := tp.all("AWS::Scheduler::Schedule")
			if test.actions == nil {
				if len(schedules) != 0 || slices.ContainsFunc(tp.all("AWS::Lambda::Function"), func(f resource) bool { return nameOf(f) == "forget-unconfirmed" }) {
					t.Error("there is something of it")
				}
				return
			}
			if len(schedules) != 1 || !strings.Contains(schedules[0].get("Target"), `"ForgetUnconfirmed`) || len(schedules[0].DependsOn) == 0 {
				t.Errorf("the schedules are %+v", schedules)
			}
		})
	}
}

// asList is one or several values.
func asList(value any) (list []string) {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	for _, v := range value.([]any) {
		list = append(list, v.(string))
	}
	return list
}

package infra

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// Resources that hold users, their ids, keys, waiting mail or files. CloudFormation
// replaces a resource whose logical id changes, and what it held is gone. So these ids
// are written here by hand: no -update writes this list, and whoever changes a line
// decides about other people's users.
func TestLogicalIDsOfWhatHoldsDataNeverChange(t *testing.T) {
	everything := map[string]string{
		"CodeKey6D723D80":                "AWS::KMS::Key",
		"DeadLettersBBF8BAAB":            "AWS::SQS::Queue",
		"EventQueueFD722DCD":             "AWS::SQS::Queue",
		"ExampleBucketDC717CF4":          "AWS::S3::Bucket",
		"FacebookFCE2A2F3":               "AWS::Cognito::UserPoolIdentityProvider",
		"FailedEventsA83487DA":           "AWS::SQS::Queue",
		"HookDeadLetterscrm3852C4AF":     "AWS::SQS::Queue",
		"HookDeadLettersflow7FF68D2E":    "AWS::SQS::Queue",
		"HookDeadLettersgreeter954D4EA4": "AWS::SQS::Queue",
		"HookDeadLettersledgerB02B5CE0":  "AWS::SQS::Queue",
		"HookDeadLettersnews14C6B9D8":    "AWS::SQS::Queue",
		"IdentityPoolEC8A1A0D":           "AWS::Cognito::IdentityPool",
		"MailQueue4F838B3A":              "AWS::SQS::Queue",
		"UserPool6BA7E5F2":               "AWS::Cognito::UserPool",
		"UserPoolClientkiosk418AFF62":    "AWS::Cognito::UserPoolClient",
		"UserPoolClientweb5B05F019":      "AWS::Cognito::UserPoolClient",
		"UserPoolDomainD0EA232A":         "AWS::Cognito::UserPoolDomain",
		"UserPoolGroupdrivers02E2B5C6":   "AWS::Cognito::UserPoolGroup",
		"UserPoolGroupeverybody5437BA1D": "AWS::Cognito::UserPoolGroup",
	}
	tests := []struct {
		name string
		tp   *template
		want map[string]string // type by logical id
	}{
		{"the shipped settings", synthesise(t, settingstest.Sample(t), "prod"), map[string]string{
			"DeadLettersBBF8BAAB":          "AWS::SQS::Queue",
			"FailedEventsA83487DA":         "AWS::SQS::Queue",
			"IdentityPoolEC8A1A0D":         "AWS::Cognito::IdentityPool",
			"MailQueue4F838B3A":            "AWS::SQS::Queue",
			"UserPool6BA7E5F2":             "AWS::Cognito::UserPool",
			"UserPoolClientweb5B05F019":    "AWS::Cognito::UserPoolClient",
			"UserPoolGroupmembers552FCCD4": "AWS::Cognito::UserPoolGroup",
		}},
		{"every optional part", synthesise(t, parse(t, full), "prod"), everything},
		{"every name changed, with the old one as id", synthesise(t, renamed(t), "prod"), everything},
	}
	if got, want := renamed(t).StackName("prod"), parse(t, full).StackName("prod"); got != want {
		t.Errorf("with another name, the stack is %s, want %s", got, want)
	}
	held := []string{
		"AWS::Cognito::IdentityPool", "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain",
		"AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolIdentityProvider", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue",
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]string{}
			for id, r := range test.tp.resources {
				if slices.Contains(held, r.Type) {
					got[id] = r.Type
				}
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("the logical ids are\n%v\nwant\n%v", got, test.want)
			}
		})
	}
}

// renamed is full under other names. Nothing that has an id depends on its name.
func renamed(t *testing.T) *settings.Settings {
	t.Helper()
	return parse(t, strings.NewReplacer(
		"name: Drivers", "name: Chauffeurs", "name: rides,", "name: lifts, id: rides,",
		"name: web,", "name: site, id: web,", "groups: [drivers,", "groups: [{name: chauffeurs, id: drivers},",
	).Replace(strings.Replace(full, "  name: Drivers\n", "  name: Drivers\n  id: Drivers\n", 1)))
}

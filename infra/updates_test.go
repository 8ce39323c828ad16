package infra

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/guard"
	"poolpost/internal/settings"
)

// A keyChange is a change of one key of test/deploy/full.yaml.
type keyChange struct {
	name string
	// before and after are pairs of texts of the file and what is in their place in the first and the
	// second deployment. Those of before are in both.
	before, after []string
	loses         []string // what the guard says, KIND=NAME
}

// In stage dev nothing is retained.
var updatesInDev = []string{"mail.delivery, cognito", "clients[].name", "groups, one less", "identityPool.exampleBucket"}

// What test/deploy deploys with the CDK's CLI, one after the other.
var updatesByCLI = []string{"clients[].name, with the old one as id", "mail.rate", "groups, one less"}

func with(pairs ...string) []string { return pairs }

const (
	secondClient = "  - {name: kiosk, url: https://kiosk.rides.example.com/, signInUrl: https://kiosk.rides.example.com/sign-in, refreshTokenDays: 1}\n"
	hosted       = "links:\n  host: links.rides.example.com\n  hostedZone: {id: Z0123456789EXAMPLE, name: example.com}\n"
	byHand       = "links:\n  host: links.rides.example.com\n  certificateArn: arn:aws:acm:us-east-1:123456789012:certificate/sample\n"
	facebook     = "signIn: {domainPrefix: rides-sample, facebookAppId: \"1234567890\", facebookSecret: rides/facebook}\n"
	plate        = "    - {name: plate, maxLength: 12}\n"
	audit        = "    - {name: audit, types: [user.confirmed, mail.bounced], queue: audit}\n"
	hooks        = "hooks:\n  events:\n    - {name: crm, types: [user.confirmed], url: https://crm.rides.example.com/hooks, secret: rides/facebook}\n" + audit
)

// updates has a row for each key whose change does more than the code of a function.
var updates = []keyChange{
	{"pool.name, with the old one as id", nil, with("name: Drivers", "name: Chauffeurs\n  id: Drivers"), nil},
	{"pool.tags", nil, with("Team: drivers", "Team: riders"), nil},
	{"pool.attributes, one more", nil, with(plate, plate+"    - {name: badge}\n"), nil},
	{"pool.attributes, another length", nil, with("maxLength: 12", "maxLength: 20"), with("ATTRIBUTE=plate")},
	{"pool.attributes, one less", nil, with(plate, ""), with("ATTRIBUTE=plate")},
	{"pool.attributes, another name", nil, with("name: plate", "name: badge"), with("ATTRIBUTE=plate")},
	{"pool.passwordPolicy", nil, with("minimumLength: 12", "minimumLength: 14"), nil},
	{"pool.selfSignUp", nil, with("selfSignUp: false", "selfSignUp: true"), nil},
	{"pool.devices", nil, with("devices: on-prompt", "devices: off"), nil},
	{"pool.mfa, required", nil, with("mfa: optional", "mfa: required"), with("MFA=required")},
	{"pool.mfa, optional", with("mfa: optional", "mfa: required"), with("mfa: required", "mfa: optional"), nil},
	{"mail.from.address", nil, with("no-reply@", "hello@"), nil},
	{"mail.from.address, another domain", nil, with("no-reply@rides", "no-reply@lifts", "identity: rides.", "identity: lifts.", "mailFrom: bounce.rides.", "mailFrom: bounce.lifts."), nil},
	{"mail.delivery, ses", with("delivery: ses", "delivery: cognito"), with("delivery: cognito", "delivery: ses"), nil},
	{"mail.delivery, cognito", nil, with("delivery: ses", "delivery: cognito"), with("KEY=CodeKey6D723D80")},
	{"mail.rate", nil, with("rate: 200", "rate: 20"), nil},
	{"links.host, another one", nil, with("host: links.", "host: new."), with("HOST=links.rides.example.com")},
	{"links.host, another one beside the old one", nil, with("host: links.rides.example.com\n", "host: new.rides.example.com\n  formerHosts: [links.rides.example.com]\n"), nil},
	{"links.host, the old one not served any more", with("host: links.rides.example.com\n", "host: new.rides.example.com\n  formerHosts: [links.rides.example.com]\n"),
		with("  formerHosts: [links.rides.example.com]\n", ""), with("HOST=links.rides.example.com")},
	{"links.host", with(hosted, ""), with("brands:", hosted+"brands:"), nil},
	{"links.host, without Route 53", with(hosted, ""), with("brands:", byHand+"brands:"), with("HOST=links.rides.example.com")},
	{"links.host, without Route 53, first deployment", with(hosted, ""), with("brands:", byHand+"  hostInEmails: false\nbrands:"), nil},
	{"links.host, without Route 53, second deployment", with(hosted, byHand+"  hostInEmails: false\n"), with("  hostInEmails: false\n", ""), nil},
	{"links.host, none", nil, with(hosted, ""), with("HOST=links.rides.example.com")},
	{"links.hostedZone to links.certificateArn", nil, with(hosted, byHand), with("RECORD=links.rides.example.com")},
	{"links.keepDefaultAddress", nil, with("host: links.rides.example.com\n", "host: links.rides.example.com\n  keepDefaultAddress: false\n"), with("HOST=execute-api")},
	{"brands[].name, with the old one as id", nil, with("[{name: rides,", "[{name: lifts, id: rides,"), nil},
	{"clients[].name", nil, with("name: web,", "name: site,"), with("CLIENT=web")},
	{"clients[].name, with the old one as id", nil, with("name: web,", "name: site, id: web,"), nil},
	{"clients[].name, of one that has an id", with("name: web,", "name: site, id: web,"), with("name: site, id: web,", "name: shop,"), with("CLIENT=site")},
	{"clients, one more", nil, with(secondClient, "  - {name: app, url: https://app.rides.example.com/}\n"+secondClient), nil},
	{"clients, another order", nil, with(secondClient, "", "clients:\n", "clients:\n"+secondClient), nil},
	{"clients, one less", nil, with(secondClient, ""), with("CLIENT=kiosk")},
	{"clients[].url and refreshTokenDays", nil, with("url: https://rides.example.com/,", "url: https://lifts.example.com/,", "Days: 7", "Days: 5"), nil},
	{"clients[].rotateRefreshTokens", nil, with("refreshTokenDays: 1}", "refreshTokenDays: 1, rotateRefreshTokens: true}"), nil},
	{"pool.passwordPolicy.historySize", nil, with("historySize: 5", "historySize: 9"), nil},
	{"groups, another name", nil, with("[drivers,", "[chauffeurs,"), with("GROUP=drivers")},
	{"groups, another name with the old one as id", nil, with("[drivers,", "[{name: chauffeurs, id: drivers},"), with("GROUP=drivers")},
	{"groups, one less", nil, with("[drivers,", "["), with("GROUP=drivers")},
	{"groups, one more", nil, with("[drivers,", "[drivers, staff,"), nil},
	{"signIn", with(facebook, ""), with("identityPool:", facebook+"identityPool:"), nil},
	{"signIn, none", nil, with(facebook, ""), with("DOMAIN=rides-sample", "PROVIDER=Facebook")},
	{"signIn.domainPrefix", nil, with("rides-sample", "lifts-sample"), with("DOMAIN=rides-sample")},
	{"signIn.facebookSecretVersion", nil, with("rides/facebook", "rides/facebook, facebookSecretVersion: 01234567-89ab-cdef-0123-456789abcdef"), nil},
	{"identityPool.guests", nil, with("guests: false", "guests: true"), nil},
	{"identityPool.enabled", nil, with("exampleBucket: true", "enabled: false"), with("BUCKET=ExampleBucketDC717CF4", "IDENTITY-POOL=Drivers")},
	{"identityPool.exampleBucket", nil, with("exampleBucket: true", "exampleBucket: false"), with("BUCKET=ExampleBucketDC717CF4")},
	{"invitations.followUp", nil, with("alarms:", "invitations: {followUp: true}\nalarms:"), nil},
	{"hooks", nil, with("alarms:", hooks+"alarms:"), nil},
	{"hooks.events, one less", with("alarms:", hooks+"alarms:"), with(audit, ""), with("QUEUE=HookDeadLettersaudit19FA3A9B")},
	{"alarms.email", nil, with("ops@", "on-call@"), with("ALARMS=ops@rides.example.com")},
	{"alarms.email, none", nil, with("alarms: {email: ops@rides.example.com}\n", ""), with("ALARMS=ops@rides.example.com")},
}

var updatesFolder = flag.String("updates", "", "write the templates of the updates to this folder, for test/deploy")

// The guard says what each change of a key loses. The templates and what it says are for
// test/deploy, which updates a stack with them and asks what is there.
func TestUpdates(t *testing.T) {
	if *updatesFolder == "" {
		t.Skip("make test-deploy runs it")
	}
	base, err := os.ReadFile("../test/deploy/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	synthesised := map[string]map[string]any{}
	synth := func(text, stage string) map[string]any {
		if synthesised[stage+text] == nil {
			synthesised[stage+text] = *assertions.Template_FromStack(plainStack(t, nil, parse(t, text), stage), nil).ToJSON()
		}
		return synthesised[stage+text]
	}
	type written struct {
		Name, Stage   string
		Loses         []string
		Before, After map[string]any
	}
	var all []written
	var pairs []guard.Pair
	for _, u := range updates {
		before := edited(t, string(base), u.before)
		after := edited(t, before, u.after)
		stages := []string{"prod"}
		if slices.Contains(updatesInDev, u.name) {
			stages = append(stages, "dev")
		}
		for _, stage := range stages {
			w := written{u.name, stage, u.loses, synth(before, stage), synth(after, stage)}
			all = append(all, w)
			pairs = append(pairs, guard.Pair{Deployed: guarded(t, w.Before), Next: guarded(t, w.After)})
		}
		if n := slices.Index(updatesByCLI, u.name); n >= 0 {
			folder := filepath.Join(*updatesFolder, fmt.Sprintf("cli%d", n))
			plainStack(t, &folder, parse(t, after), "prod").Node().Root().(awscdk.App).Synth(nil)
		}
	}
	changes, err := guard.Diff(t.Context(), ".", pairs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range all {
		var got []string
		for _, loss := range guard.Losses(pairs[i], changes[i], true) {
			got = append(got, loss.Key())
		}
		if !slices.Equal(got, w.Loses) {
			t.Errorf("%s, stage %s: the guard says that it loses %q, want %q", w.Name, w.Stage, got, w.Loses)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*updatesFolder, "updates.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// edited is a text with each pair's first part, which it has once, in the place of the second.
func edited(t *testing.T, text string, pairs []string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(text, pairs[i]); n != 1 {
			t.Fatalf("%q is %d times in the settings", pairs[i], n)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// plainStack is the pool's stack, without cdk-nag, in an app that writes to a folder.
func plainStack(t *testing.T, folder *string, set *settings.Settings, stage string) awscdk.Stack {
	t.Helper()
	stack := awscdk.NewStack(awscdk.NewApp(&awscdk.AppProps{Outdir: folder}), jsii.String("Pool"), &awscdk.StackProps{
		StackName: jsii.String(set.StackName(stage)), Env: &awscdk.Environment{Region: jsii.String(set.Pool.Region)},
		TerminationProtection: jsii.Bool(stage != "dev"), // as poolpost-cdk
	})
	newPool(stack, "Default", set, stage, functionsFolder(t)).Outputs(stack)
	return stack
}

func guarded(t *testing.T, template map[string]any) guard.Template {
	t.Helper()
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := guard.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

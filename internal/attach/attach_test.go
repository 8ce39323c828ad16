package attach

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/attach/attachtest"
)

// Every member of both, at any depth, has its place in the tables: one that AWS adds fails here
// when the SDK is updated, and an update would have reset it.
func TestTheTablesKnowEveryMember(t *testing.T) {
	pool, update := members("", reflect.TypeFor[types.UserPoolType]()), members("", reflect.TypeFor[cognitoidentityprovider.UpdateUserPoolInput]())
	takes := map[string]bool{}
	for path, names := range update {
		for _, name := range names {
			takes[strings.TrimPrefix(path+"."+name, ".")] = true
		}
	}
	for path, names := range pool {
		if under(path, answered) || slices.Contains(free, path) {
			continue
		}
		for _, name := range names {
			full := strings.TrimPrefix(path+"."+name, ".")
			sent := slices.Contains(kept[path], name)
			switch {
			case path == "" && (slices.Contains(answered, name) || renamed[name] != ""):
				if sent || takes[full] {
					t.Errorf("%s is taken by UpdateUserPool, or is in two tables", full)
				}
			case !sent:
				t.Errorf("%s is in no table", full)
			case !takes[full]:
				t.Errorf("%s is sent, and UpdateUserPool does not take it", full)
			}
			delete(takes, full)
		}
	}
	for _, other := range renamed {
		if !takes[other] {
			t.Errorf("UpdateUserPool does not take %s", other)
		}
		delete(takes, other)
	}
	for path := range takes {
		t.Errorf("UpdateUserPool takes %s, which no answer has and no update sends", path)
	}
	for path, names := range kept {
		for _, name := range names {
			if !slices.Contains(pool[path], name) {
				t.Errorf("%s.%s does not exist", path, name)
			}
		}
	}
	for _, name := range answered {
		if !slices.Contains(pool[""], name) {
			t.Errorf("%s does not exist", name)
		}
	}
}

// under reports whether a path is one of these, or below it.
func under(path string, names []string) bool {
	top, _, _ := strings.Cut(path, ".")
	return slices.Contains(names, top)
}

// members are the names of the members of a structure and of those in it, by paths. Those of lists
// are those of their entries.
func members(path string, t reflect.Type) map[string][]string {
	all := map[string][]string{}
	for field := range t.Fields() {
		if !field.IsExported() {
			continue
		}
		all[path] = append(all[path], field.Name)
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == reflect.TypeFor[types.UserPoolType]().PkgPath() {
			for below, names := range members(strings.TrimPrefix(path+"."+field.Name, "."), inner) {
				all[below] = names
			}
		}
	}
	return all
}

const arn = "arn:aws:lambda:eu-central-1:123456789012:function:"

// ours is a stack for which Cognito sends.
func ours() Deployment {
	return Deployment{
		LambdaConfig:       Object{"PreSignUp": arn + "pre-sign-up", "PostConfirmation": arn + "post-confirmation", "CustomMessage": arn + "custom-message"},
		EmailConfiguration: Object{"EmailSendingAccount": "DEVELOPER", "From": "new@riders.example.com", "SourceArn": "arn:sample", "ConfigurationSet": "set"},
		Attributes:         []string{"custom:plate"},
		StackOf:            func(string) string { return "" },
	}
}

// oursWithSES is a stack that sends itself.
func oursWithSES() Deployment {
	d := ours()
	d.EmailConfiguration = nil
	d.LambdaConfig = Object{
		"PreSignUp": arn + "pre-sign-up", "PostConfirmation": arn + "post-confirmation", "KMSKeyID": "arn:key",
		"CustomEmailSender": Object{"LambdaArn": arn + "custom-email-sender", "LambdaVersion": "V1_0"},
	}
	return d
}

func plan(t *testing.T, pool *attachtest.Pool, d Deployment, saved *Saved) *Plan {
	t.Helper()
	p, err := Attach(pool.Describe(), d, saved)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// update makes the update of a plan, and holds that nothing else changes.
func update(t *testing.T, pool *attachtest.Pool, p *Plan) {
	t.Helper()
	if len(p.Refused) > 0 {
		t.Fatalf("refused: %q", p.Refused)
	}
	if err := pool.Update(p.Request); err != nil {
		t.Fatal(err)
	}
	if other, err := p.Unwritten(pool.Describe()); err != nil || len(other) > 0 {
		t.Fatalf("the update changed also %v, %v", other, err)
	}
}

func detach(t *testing.T, pool *attachtest.Pool, saved Saved) *Plan {
	t.Helper()
	p, err := Detach(pool.Describe(), saved)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func withoutDate(pool Object) Object {
	delete(pool, "LastModifiedDate")
	return pool
}

// checkRestored compares a pool after detach with what it was before.
func checkRestored(t *testing.T, pool *attachtest.Pool, before Object) {
	t.Helper()
	if left := Differences(before, withoutDate(pool.Describe())); len(left) > 0 {
		t.Errorf("after detach: %v", left)
	}
}

// fields are the members that a plan changes.
func fields(p *Plan) (all []string) {
	for _, c := range p.Changes {
		all = append(all, c.Field)
	}
	return all
}

func TestAttachChangesNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		pool   func(*attachtest.Pool)
		stack  Deployment
		fields []string
	}{
		"Cognito sends": {func(*attachtest.Pool) {}, ours(), []string{
			"EmailConfiguration.ConfigurationSet", "EmailConfiguration.From", "EmailConfiguration.SourceArn",
			"LambdaConfig.CustomMessage", "LambdaConfig.PostConfirmation", "LambdaConfig.PreSignUp",
		}},
		"send-mail sends": {func(*attachtest.Pool) {}, oursWithSES(), []string{
			"LambdaConfig.CustomEmailSender.LambdaArn", "LambdaConfig.CustomEmailSender.LambdaVersion", "LambdaConfig.KMSKeyID",
			"LambdaConfig.PostConfirmation", "LambdaConfig.PreSignUp",
		}},
		"a pool without triggers": {func(p *attachtest.Pool) { delete(p.Settings, "LambdaConfig") }, oursWithSES(), []string{
			"LambdaConfig.CustomEmailSender.LambdaArn", "LambdaConfig.CustomEmailSender.LambdaVersion", "LambdaConfig.KMSKeyID",
			"LambdaConfig.PostConfirmation", "LambdaConfig.PreSignUp",
		}},
		"the older password validity": {func(p *attachtest.Pool) {
			delete(p.Settings["Policies"].(Object)["PasswordPolicy"].(Object), "TemporaryPasswordValidityDays")
			p.Settings["AdminCreateUserConfig"].(Object)["UnusedAccountValidityDays"] = 30.0
		}, oursWithSES(), nil},
		"older texts": {func(p *attachtest.Pool) {
			p.Settings["VerificationMessageTemplate"] = Object{"DefaultEmailOption": "CONFIRM_WITH_CODE"}
			p.Settings["EmailVerificationMessage"], p.Settings["EmailVerificationSubject"] = "{####}", "Code"
		}, oursWithSES(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			pool := attachtest.New()
			test.pool(pool)
			before := withoutDate(pool.Describe())
			p := plan(t, pool, test.stack, nil)
			if test.fields != nil && !slices.Equal(fields(p), test.fields) {
				t.Errorf("the changes are %q", fields(p))
			}
			update(t, pool, p)

			again := plan(t, pool, test.stack, &p.Saved)
			if again.Request != nil || len(again.Refused) > 0 || !reflect.DeepEqual(again.Saved, p.Saved) {
				t.Errorf("a second attach changes %v: %q", again.Changes, again.Refused)
			}

			off := detach(t, pool, p.Saved)
			if len(off.Warnings) > 0 {
				t.Errorf("detach says %q", off.Warnings)
			}
			update(t, pool, off)
			if before["LambdaConfig"] == nil {
				before["LambdaConfig"] = Object{}
			}
			checkRestored(t, pool, before)
			if off := detach(t, pool, p.Saved); off.Request != nil {
				t.Errorf("a second detach changes %v", off.Changes)
			}
		})
	}
}

func TestAttachRefusesByName(t *testing.T) {
	change := func(member string, value any) func(*attachtest.Pool, *Deployment) {
		return func(p *attachtest.Pool, _ *Deployment) {
			if slices.Contains(answered, member) {
				p.ReadOnly[member] = value
			} else {
				set(p.Settings, member, value)
			}
		}
	}
	for name, test := range map[string]struct {
		change func(*attachtest.Pool, *Deployment)
		want   string
	}{
		"a phone-only pool":                  {change("UsernameAttributes", []any{"phone_number"}), "people sign up with a phone number"},
		"a pool that verifies no addresses":  {change("AutoVerifiedAttributes", nil), "the pool verifies no email addresses"},
		"a pool that verifies phones only":   {change("AutoVerifiedAttributes", []any{"phone_number"}), "the pool verifies no email addresses"},
		"chosen user names, unsaid":          {change("UsernameAttributes", nil), "set pool.existing.userNames to chosen"},
		"generated user names, and not said": {func(_ *attachtest.Pool, d *Deployment) { d.ChosenUserNames = true }, "remove pool.existing.userNames"},
		"links of Cognito's own":             {change("VerificationMessageTemplate.DefaultEmailOption", byLink), "choose codes as the verification type"},
		"Cognito's own mailer":               {change("EmailConfiguration", Object{"EmailSendingAccount": "COGNITO_DEFAULT"}), "add --replace-default-sender"},
		"no word of a mailer":                {change("EmailConfiguration", nil), "add --replace-default-sender"},
		"an attribute that it lacks":         {func(_ *attachtest.Pool, d *Deployment) { d.Attributes = []string{"custom:agentName"} }, "pool.attributes has custom:agentName"},
		"a trigger that is taken":            {change("LambdaConfig.PreSignUp", arn+"other"), "LambdaConfig.PreSignUp is taken by " + arn + "other"},
		"a sender beside custom-message": {
			change("LambdaConfig.CustomEmailSender", Object{"LambdaArn": arn + "sender", "LambdaVersion": "V1_0"}),
			"LambdaConfig.CustomEmailSender is taken by " + arn + "sender, and Cognito must not have it beside",
		},
		"the key of another sender": {func(p *attachtest.Pool, d *Deployment) {
			*d = oursWithSES()
			set(p.Settings, "LambdaConfig.KMSKeyID", "arn:other")
		}, "LambdaConfig.KMSKeyID is arn:other, and a pool has one key"},
		"a trigger of another stack": {func(p *attachtest.Pool, d *Deployment) {
			set(p.Settings, "LambdaConfig.PostConfirmation", arn+"theirs")
			d.StackOf = func(function string) string {
				if function == arn+"theirs" {
					return "Poolpost-Other-dev"
				}
				return ""
			}
		}, "is the function of the Poolpost stack Poolpost-Other-dev: run poolpost detach"},
	} {
		t.Run(name, func(t *testing.T) {
			pool, d := attachtest.New(), ours()
			test.change(pool, &d)
			if p := plan(t, pool, d, nil); len(p.Refused) != 1 || !strings.Contains(p.Refused[0], test.want) {
				t.Errorf("refused: %q", p.Refused)
			}
		})
	}
}

func TestAttachServes(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*attachtest.Pool, *Deployment)
		warning string // the beginning of the only one
	}{
		"email as the user name": {func(*attachtest.Pool, *Deployment) {}, ""},
		"a user name with email as its alias": {func(p *attachtest.Pool, d *Deployment) {
			delete(p.ReadOnly, "UsernameAttributes")
			p.ReadOnly["AliasAttributes"], d.ChosenUserNames = []any{"email", "preferred_username"}, true
		}, ""},
		"a user name without an alias": {func(p *attachtest.Pool, d *Deployment) {
			delete(p.ReadOnly, "UsernameAttributes")
			d.ChosenUserNames = true
		}, "email is no alias in this pool"},
		"email or a phone number": {func(p *attachtest.Pool, d *Deployment) {
			p.ReadOnly["UsernameAttributes"] = []any{"phone_number", "email"}
		}, "the pool also verifies phone numbers"},
		"Cognito's own mailer, and consent": {func(p *attachtest.Pool, d *Deployment) {
			p.Settings["EmailConfiguration"], d.ReplaceDefaultSender = Object{"EmailSendingAccount": "COGNITO_DEFAULT"}, true
		}, ""},
		"Cognito's own mailer, which send-mail does not use": {func(p *attachtest.Pool, d *Deployment) {
			*d = oursWithSES()
			p.Settings["EmailConfiguration"] = Object{"EmailSendingAccount": "COGNITO_DEFAULT"}
		}, ""},
		"the key of another sender, which Cognito's mails do not need": {func(p *attachtest.Pool, d *Deployment) {
			set(p.Settings, "LambdaConfig.CustomSMSSender", Object{"LambdaArn": arn + "sms", "LambdaVersion": "V1_0"})
			set(p.Settings, "LambdaConfig.KMSKeyID", "arn:other")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pool, d := attachtest.New(), ours()
			test.change(pool, &d)
			before := withoutDate(pool.Describe())
			p := plan(t, pool, d, nil)
			if len(p.Warnings) > 1 || strings.Join(p.Warnings, "") != "" && test.warning == "" || !strings.HasPrefix(strings.Join(p.Warnings, ""), test.warning) {
				t.Errorf("it warns %q", p.Warnings)
			}
			update(t, pool, p)
			update(t, pool, detach(t, pool, p.Saved))
			checkRestored(t, pool, before)
		})
	}
}

// A deployment that replaced a function, or changed mail.delivery, is attached again, and detach
// still restores what was there before the first time.
func TestAttachAgainAfterADeployment(t *testing.T) {
	pool := attachtest.New()
	before := withoutDate(pool.Describe())
	first := plan(t, pool, ours(), nil)
	update(t, pool, first)

	replaced := ours()
	replaced.LambdaConfig["PreSignUp"] = arn + "pre-sign-up-2"
	second := plan(t, pool, replaced, &first.Saved)
	if got := fields(second); !slices.Equal(got, []string{"LambdaConfig.PreSignUp"}) {
		t.Errorf("the second attach changes %q", got)
	}
	update(t, pool, second)

	third := plan(t, pool, oursWithSES(), &second.Saved)
	update(t, pool, third)
	if got := get(pool.Describe(), "LambdaConfig.CustomMessage"); got != nil {
		t.Errorf("custom-message is still there beside custom-email-sender: %v", got)
	}

	update(t, pool, detach(t, pool, third.Saved))
	checkRestored(t, pool, before)
}

// The state is saved before the pool changes. If the update then never comes, the next attach goes
// on.
func TestAttachGoesOnAfterAnInterruption(t *testing.T) {
	pool := attachtest.New()
	before := withoutDate(pool.Describe())
	first := plan(t, pool, ours(), nil)
	second := plan(t, pool, ours(), &first.Saved)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("got %+v, want %+v", second, first)
	}
	if p := detach(t, pool, first.Saved); p.Request != nil || len(p.Warnings) > 0 {
		t.Errorf("detach changes %v, and says %q", p.Changes, p.Warnings)
	}
	update(t, pool, second)
	update(t, pool, detach(t, pool, second.Saved))
	checkRestored(t, pool, before)
}

func TestDetachLeavesWhatSomebodyChanged(t *testing.T) {
	pool := attachtest.New()
	p := plan(t, pool, oursWithSES(), nil)
	update(t, pool, p)
	set(pool.Settings, "LambdaConfig.PreSignUp", arn+"theirs")
	set(pool.Settings, "LambdaConfig.CustomSMSSender", Object{"LambdaArn": arn + "sms", "LambdaVersion": "V1_0"})
	off := detach(t, pool, p.Saved)
	update(t, pool, off)
	want := []string{
		"LambdaConfig.PreSignUp is " + arn + "theirs, which attach did not write: it stays",
		"LambdaConfig.KMSKeyID stays: CustomSMSSender, which the pool has since, needs it",
	}
	if !slices.Equal(off.Warnings, want) {
		t.Errorf("detach says %q", off.Warnings)
	}
	triggers := get(pool.Describe(), "LambdaConfig").(Object)
	if triggers["PreSignUp"] != arn+"theirs" || triggers["KMSKeyID"] != "arn:key" || triggers["PostConfirmation"] != nil || triggers["CustomEmailSender"] != nil {
		t.Errorf("the pool has %v", triggers)
	}
}

func TestAnotherPoolIsRefused(t *testing.T) {
	pool := attachtest.New()
	_, err := Attach(pool.Describe(), ours(), &Saved{UserPoolID: "eu-central-1_Other"})
	if err == nil || !strings.Contains(err.Error(), "attached to the user pool eu-central-1_Other") {
		t.Error(err)
	}
}

// What AWS has added since cannot be written back, so nothing is written.
func TestAMemberThatNobodyKnowsIsRefused(t *testing.T) {
	for _, path := range []string{"Novelty", "LambdaConfig.PreSignIn", "Policies.PasswordPolicy.RequireEmoji", "SmsConfiguration.EumsSms.Novelty"} {
		pool := attachtest.New()
		set(pool.Settings, path, "new")
		_, err := Attach(pool.Describe(), ours(), nil)
		if err == nil || !strings.Contains(err.Error(), "the user pool has "+path+", which") {
			t.Errorf("%s: %v", path, err)
		}
	}
	pool := attachtest.New()
	pool.Settings["AccountRecoverySetting"] = Object{"RecoveryMechanisms": []any{Object{"Name": "verified_email", "Novelty": 1.0}}}
	if _, err := Attach(pool.Describe(), ours(), nil); err == nil || !strings.Contains(err.Error(), "AccountRecoverySetting.RecoveryMechanisms.Novelty") {
		t.Error(err)
	}
}

func TestOwnersAreToldWhatToDeploy(t *testing.T) {
	ses := oursWithSES()
	for name, test := range map[string]struct {
		tags   Object
		stack  Deployment
		owners []string
		lines  []string
	}{
		"nobody":         {Object{"Team": "riders"}, ours(), nil, nil},
		"CloudFormation": {Object{"aws:cloudformation:stack-id": "x"}, ours(), []string{"CloudFormation"}, []string{"LambdaConfig:", "  PreSignUp: '" + arn + "pre-sign-up'", "EmailConfiguration:", "  From: 'new@riders.example.com'"}},
		"Amplify":        {Object{"amplify:app-id": "x", "aws:cloudformation:stack-id": "x"}, ours(), []string{"Amplify"}, []string{`pool.addPropertyOverride("LambdaConfig.PreSignUp", "` + arn + `pre-sign-up")`}},
		"Terraform":      {Object{"ManagedBy": "Terraform"}, ses, []string{"Terraform"}, []string{"lambda_config {", `  pre_sign_up = "` + arn + `pre-sign-up"`, "  custom_email_sender {", `    lambda_version = "V1_0"`, "  }", `  kms_key_id = "arn:key"`, "}"}},
		"the first":      {Object{"user:Application": "x"}, ses, []string{"Amplify"}, []string{`pool.addPropertyOverride("LambdaConfig.CustomEmailSender.LambdaVersion", "V1_0")`}},
	} {
		t.Run(name, func(t *testing.T) {
			var names, lines []string
			for _, o := range Owners(Object{"UserPoolTags": test.tags}, test.stack) {
				names, lines = append(names, o.Name), append(lines, o.Lines...)
			}
			if !slices.Equal(names, test.owners) {
				t.Errorf("the owners are %q", names)
			}
			for _, line := range test.lines {
				if !slices.Contains(lines, line) {
					t.Errorf("there is no line %q in\n%s", line, strings.Join(lines, "\n"))
				}
			}
		})
	}
}

package settings

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// deployable is a file with every name that a stage changes.
const deployable = `pool: {name: Drivers, region: eu-central-1}
mail: {from: {address: no-reply@rides.org}}
links:
  host: links.rides.org
  hostedZone: {id: Z0123456789EXAMPLE, name: rides.org}
signIn: {domainPrefix: rides, facebookAppId: "1234567890", facebookSecret: rides/facebook}
brands: [{name: rides}]
clients: [{name: web, url: https://rides.org/}]
alarms: {email: ops@rides.org}
`

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "poolpost.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWhatAWSWouldRefuseIsRefusedBeforeTheDeployment(t *testing.T) {
	const zone = "  hostedZone: {id: Z0123456789EXAMPLE, name: rides.org}\n"
	long := strings.Repeat("a", 125)
	for name, test := range map[string]struct{ stage, region, replace, by, want string }{
		"a region without SES in CloudFormation": {"dev", "", "eu-central-1", "eu-south-2",
			":1: pool.region: CloudFormation cannot create user pools and SES identities in eu-south-2; take one of af-south-1, "},
		"a region of China":       {"dev", "", "eu-central-1", "cn-north-1", ":1: pool.region: CloudFormation cannot create"},
		"an isolated region":      {"dev", "", "eu-central-1", "us-iso-east-1", ":1: pool.region: CloudFormation cannot create"},
		"a region that is none":   {"dev", "", "eu-central-1", "eu-nowhere-9", ":1: pool.region: CloudFormation cannot create"},
		"a stack somewhere else":  {"dev", "eu-west-1", "", "", ":1: pool.region: is eu-central-1, and the stack is in eu-west-1; write the same region in both"},
		"a host without a record": {"prod", "", zone, "", ":4: links.host: needs links.hostedZone, or links.certificateArn of a certificate that has been issued"},
		"a name with no room for the stage": {"dev", "", "Drivers", long,
			":1: pool.name: is too long for stage dev: the user pool's name " + long + "-dev would have 129 characters, and Cognito takes 128;"},
		"a stack's name that is too long": {"prod", "", "Drivers", long,
			":1: pool.name: is too long for stage prod: the stack's name Poolpost-" + long + "-prod would have 139 characters, and CloudFormation takes 128;"},
		"a prefix with no room for the stage": {"dev", "", "domainPrefix: rides", "domainPrefix: " + strings.Repeat("r", 60),
			":6: signIn.domainPrefix: must be 1 to 63 lower-case letters, digits or hyphens, not"},
		"a prefix that a stage makes Cognito's": {"aws-test", "", "", "", `:6: signIn.domainPrefix: must not contain aws, which Cognito reserves: "rides-aws-test"`},
		"a host that no certificate can have": {"dev", "", "links.rides.org", strings.Repeat("l", 52) + ".rides.org",
			":4: links.host: is too long for stage dev: the host dev." + strings.Repeat("l", 52) + ".rides.org would have 66 characters, and a certificate takes 64;"},
	} {
		t.Run(name, func(t *testing.T) {
			text := deployable
			if test.replace != "" {
				text = edit(t, deployable, test.replace, test.by)
			}
			file := write(t, text)
			if _, err := ReadForDeployment(file, test.stage, test.region); err == nil || !strings.HasPrefix(err.Error(), file+test.want) {
				t.Errorf("got\n%v\nwant\n%s%s", err, file, test.want)
			}
			if _, err := Read(file); err != nil {
				t.Errorf("the local run refuses it: %v", err)
			}
		})
	}
}

func TestStages(t *testing.T) {
	file := write(t, edit(t, deployable, "url: https:", "url: ftp:"))
	for stage, ok := range map[string]bool{
		"dev": true, "prod": true, "feature-7": true, "7": true, strings.Repeat("a", 63): true,
		"": false, "Prod": false, "my stage": false, "-a": false, "a-": false, "a.b": false, "ä": false, strings.Repeat("a", 64): false,
	} {
		if got := checkStage(stage) == nil; got != ok {
			t.Errorf("the stage %q is accepted: %t", stage, got)
		}
		if ok {
			continue
		}
		// Mistakes of the file are reported as well.
		if _, err := ReadForDeployment(file, stage, ""); err == nil || !strings.HasPrefix(err.Error(), "stage: must be 1 to 63") || !strings.Contains(err.Error(), "clients[0].url") {
			t.Errorf("%q: got %v", stage, err)
		}
	}
}

// Two stages of one file live beside each other.
func TestNamesOfTwoStagesDiffer(t *testing.T) {
	s := parse(t, deployable)
	seen := map[string]string{}
	for _, stage := range []string{"prod", "dev", "test", "feature-7"} {
		for what, name := range map[string]string{
			"host": s.Links.HostIn(stage), "prefix": s.SignIn.DomainPrefixIn(stage), "pool": Staged(s.Pool.Name, stage), "stack": s.StackName(stage),
		} {
			if other := seen[what+name]; other != "" {
				t.Errorf("the %s of %s and %s is %s", what, other, stage, name)
			}
			seen[what+name] = stage
		}
		if host := s.Links.HostIn(stage); !strings.HasSuffix("."+host, ".links.rides.org") {
			t.Errorf("stage %s has the host %s, which may be somebody else's", stage, host)
		}
	}
	if got := []string{s.Links.HostIn("prod"), s.SignIn.DomainPrefixIn("prod"), s.Links.HostIn("dev"), s.SignIn.DomainPrefixIn("dev"), (Links{}).HostIn("dev")}; !slices.Equal(got,
		[]string{"links.rides.org", "rides", "dev.links.rides.org", "rides-dev", ""}) {
		t.Errorf("got %q", got)
	}
}

// A second pool whose stack had the same name would take the first one's place.
func TestStackNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	add := func(what, name string) {
		if other := seen[name]; other != "" {
			t.Errorf("%s and %s have the stack %s", what, other, name)
		}
		if notInStackNames.MatchString(strings.ReplaceAll(name, "-", "")) || !strings.HasPrefix(name, "Poolpost-") {
			t.Errorf("%s has the stack %s", what, name)
		}
		seen[name] = what
	}
	for _, pool := range []string{"App_Users", "App-Users", "App Users", "App.Users", "App", "App_Users_x", "Identity", "Identity_example", "Identity-example", "Users", "A__B", "A_B"} {
		for _, stage := range []string{"dev", "prod", "users-dev", "x", "x-dev", "com", "example-com"} {
			add(pool+" in "+stage, (&Settings{Pool: Pool{Name: pool}}).StackName(stage))
		}
	}
	for _, identity := range []string{"example.com", "a-b.com", "a.b.com", "no-reply@example.com", "no.reply@example.com", "no.reply.example.com"} {
		add(identity, (&Settings{Mail: Mail{Identity: identity}}).IdentityStackName())
	}
	for want, got := range map[string]string{
		"Poolpost-App-Users-dev":        (&Settings{Pool: Pool{Name: "App_Users"}}).StackName("dev"),
		"Poolpost-Identity-example-com": (&Settings{Mail: Mail{Identity: "example.com"}}).IdentityStackName(),
	} {
		if got != want {
			t.Errorf("a stack of a plain name is %s, want %s", got, want)
		}
	}
}

func TestReview(t *testing.T) {
	const zone = "  hostedZone: {id: Z0123456789EXAMPLE, name: rides.org}\n"
	for name, test := range map[string]struct {
		stage, replace, by string
		samples, warnings  []string // after the file
	}{
		"nothing": {"prod", "", "", nil, nil},
		"a sample sender": {"dev", "no-reply@rides.org", "no-reply@Example.com", []string{
			":2: mail.from.address: is at example.com, which is reserved for examples (RFC 2606); write your own",
		}, nil},
		"a sample in every place": {"dev", "brands: [{name: rides}]\nclients: [{name: web, url: https://rides.org/}]\nalarms: {email: ops@rides.org}\n",
			"brands: [{name: test, support: help@rides.test, logo: {url: https://logo.example/x.png}, wording: {en: {welcome: {heading: See example.com}}}}]\n" +
				"clients: [{name: web, url: https://app.example.org:8443/x, returnUrls: [https://example.net]}]\n" +
				"signUp: {email: {deniedDomains: [example.net]}}\nalarms: {email: ops@x.example.com}\n",
			[]string{
				":7: brands[0].logo.url: is at example, which is", ":7: brands[0].support: is at test, which is",
				":8: clients[0].returnUrls[0]: is at example.net, which is", ":8: clients[0].url: is at example.org, which is",
				":10: alarms.email: is at example.com, which is",
			}, nil},
		"a domain that looks like one": {"prod", "no-reply@rides.org", "no-reply@myexample.com", nil, nil},
		"a fast sender":                {"prod", "address: no-reply@rides.org}", "address: no-reply@rides.org}, rate: 40", nil, []string{":2: mail.rate: lets send-mail run 10 times at once; a new account has 10"}},
		"the address of API Gateway": {"prod", "  host: links.rides.org\n" + zone, "  certificateArn: \"\"\n", nil,
			[]string{":3: links.host: is missing: links of stage prod lead to an address of API Gateway"}},
		"a greeting without a rule": {"prod", "alarms: {email: ops@rides.org}\n", "alarms: {email: ops@rides.org}\nsignUp: {attributes: [{name: family_name, maxLength: 40}]}\n",
			nil, []string{":2: mail.nameAttributes: greets people by given_name first, which has no rule in signUp.attributes"}},
		"a greeting with a rule":   {"prod", "alarms: {email: ops@rides.org}\n", "alarms: {email: ops@rides.org}\nsignUp: {attributes: [{name: given_name, maxLength: 40}]}\n", nil, nil},
		"alarms for nobody":        {"prod", "alarms: {email: ops@rides.org}\n", "", nil, []string{": alarms.email: is missing: alarms of stage prod notify a topic"}},
		"alarms for nobody in dev": {"dev", "alarms: {email: ops@rides.org}\n", "", nil, nil},
		"the same in dev":          {"dev", "  host: links.rides.org\n" + zone, "  certificateArn: \"\"\n", nil, nil},
		"a certificate of one host": {"dev", zone, "  certificateArn: arn:aws:acm:eu-central-1:123456789012:certificate/sample\n", nil,
			[]string{":5: links.certificateArn: must cover dev.links.rides.org too"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := deployable
			if test.replace != "" {
				text = edit(t, deployable, test.replace, test.by)
			}
			file := write(t, text)
			if _, err := ReadForDeployment(file, test.stage, ""); err != nil {
				t.Fatal(err)
			}
			samples, warnings, err := Review(file, test.stage)
			if err != nil {
				t.Fatal(err)
			}
			for what, lists := range map[string]struct{ got, want []string }{
				"samples": {strings.Split(samples.Error(), "\n"), test.samples}, "warnings": {strings.Split(warnings.Error(), "\n"), test.warnings},
			} {
				lists.got = slices.DeleteFunc(lists.got, func(line string) bool { return line == "" })
				same := slices.EqualFunc(lists.got, lists.want, func(got, want string) bool { return strings.HasPrefix(got, file+want) })
				if !same {
					t.Errorf("the %s are\n%q\nwant\n%q", what, lists.got, lists.want)
				}
			}
		})
	}
	if _, _, err := Review("nowhere.yaml", "dev"); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v", err)
	}
}

// What everybody starts from must not reach AWS: every key of it that is at an example domain.
func TestShippedSettingsAreASample(t *testing.T) {
	samples, _, err := Review(sample, "dev")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, p := range samples {
		found[p.Key] = true
	}
	for _, key := range []string{"mail.from.address", "mail.replyTo", "brands[0].support", "clients[0].url", "clients[0].returnUrls[0]"} {
		if !found[key] {
			t.Errorf("%s is not among %q", key, slices.Sorted(maps.Keys(found)))
		}
	}
}

// What is built of two files must not be mixed up.
func TestNamesOfSettingsFilesDiffer(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, file := range []string{"drivers.yaml", "./drivers.yaml", "x/../drivers.yaml", filepath.Join(dir, "drivers.yaml")} {
		if got := Name(file); got != "drivers" {
			t.Errorf("%s is called %s", file, got)
		}
	}
	names := map[string]string{}
	for _, file := range []string{"drivers.yaml", "a/drivers.yaml", "b/drivers.yaml", "../drivers.yaml", "drivers.yml", "drivers", "/drivers.yaml", "drivers.prod.yaml"} {
		name := Name(file)
		if !strings.HasPrefix(name, "drivers") || strings.ContainsAny(name, `/\`) || names[name] != "" {
			t.Errorf("%s is called %s, like %q", file, name, names[name])
		}
		names[name] = file
	}
	if Name("a/drivers.yaml") != Name(filepath.Join(dir, "a", "drivers.yaml")) {
		t.Error("one file has two names")
	}
}

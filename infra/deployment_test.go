package infra

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"poolpost/internal/settings/settingstest"
)

// People report that a pool whose Schema has an entry without a data type refuses every later
// update. So only custom attributes are in it, complete.
func TestTheSchemaHasOnlyCompleteCustomAttributes(t *testing.T) {
	for name, tp := range map[string]*template{
		"shipped": synthesise(t, settingstest.Sample(t), "dev"), "full": synthesise(t, parse(t, full), "prod"), "bare": synthesise(t, parse(t, bare), "dev"),
	} {
		pool := tp.one("AWS::Cognito::UserPool")
		entries, _ := pool.Properties["Schema"].([]any)
		if name == "bare" && entries != nil {
			t.Errorf("%s: there is a Schema without custom attributes: %v", name, entries)
		}
		var names []string
		for _, entry := range entries {
			e := entry.(map[string]any)
			names = append(names, e["Name"].(string))
			if e["AttributeDataType"] != "String" || e["StringAttributeConstraints"] == nil || e["Required"] != nil {
				t.Errorf("%s: the entry %v", name, e)
			}
		}
		if slices.Contains(names, "email") || name != "bare" && !slices.Contains(names, "agentName") {
			t.Errorf("%s: the Schema has %q", name, names)
		}
		// The address is what people sign in with, and verified, all the same.
		tp.want(pool, map[string]string{"UsernameAttributes": `["email"]`, "AutoVerifiedAttributes": `["email"]`})
	}
}

// Two stages of one settings file exist side by side, and so do stacks of one name in two
// regions. These are the names that an account, a region or the world has once.
func TestStagesShareNoName(t *testing.T) {
	seen := map[string]string{}
	for _, stage := range []string{"prod", "dev", "test"} {
		tp := synthesise(t, parse(t, full), stage)
		domain := tp.one("AWS::ApiGatewayV2::DomainName")
		for kind, name := range map[string]string{
			"host":        domain.get("DomainName"),
			"certificate": tp.one("AWS::CertificateManager::Certificate").get("DomainName"),
			"record":      tp.one("AWS::Route53::RecordSet").get("Name"),
			"prefix":      tp.one("AWS::Cognito::UserPoolDomain").get("Domain"),
			"dashboard":   tp.one("AWS::CloudWatch::Dashboard").get("DashboardName"),
			"access log":  accessLogOf(tp).get("LogGroupName"),
		} {
			if other := seen[kind+name]; other != "" {
				t.Errorf("the %s of %s and of %s is %s", kind, stage, other, name)
			}
			seen[kind+name] = stage
		}
		links := strings.Trim(domain.get("DomainName"), `"`)
		tp.want(tp.function("send-mail"), map[string]string{"Environment.Variables.LINKS_URL": `"https://` + links + `"`})
	}
	if name := synthesise(t, parse(t, full), "prod").one("AWS::CloudWatch::Dashboard").get("DashboardName"); name != `"Poolpost-Drivers-prod-us-east-1"` {
		t.Errorf("dashboards are global, and one is called %s", name)
	}
}

func accessLogOf(tp *template) resource {
	tp.t.Helper()
	for id, r := range tp.resources {
		if strings.HasPrefix(id, "LinkAPILog") {
			return r
		}
	}
	tp.t.Fatal("there is no access log")
	return resource{}
}

// A log group elsewhere adds to the one resource policy of the account, which is full some day.
// The ID of the API makes the name unique.
func TestTheAccessLogIsAVendedLog(t *testing.T) {
	tp := synthesise(t, settingstest.Sample(t), "dev")
	tp.want(accessLogOf(tp), map[string]string{
		"LogGroupName": `{"Fn::Join":["",["/aws/vendedlogs/poolpost/Poolpost-App-Users-dev/",{"Ref":"LinkAPIC168A5E8"}]]}`,
	})
}

// What must survive the stack does not survive its failed creation: each attempt would leave an
// empty pool and a key that is billed.
func TestAFailedFirstDeploymentLeavesNothing(t *testing.T) {
	kept := map[string]bool{}
	for id, r := range synthesise(t, parse(t, full), "prod").resources {
		switch r.DeletionPolicy {
		case "", "Delete":
		case "RetainExceptOnCreate":
			kept[r.Type] = true
			if r.UpdateReplacePolicy != "Retain" {
				t.Errorf("%s: when it is replaced, the old one is treated by %q", id, r.UpdateReplacePolicy)
			}
		default:
			t.Errorf("%s has the policy %s", id, r.DeletionPolicy)
		}
	}
	for _, kind := range []string{
		"AWS::Cognito::UserPool", "AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolGroup", "AWS::Cognito::IdentityPool",
		"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue",
	} {
		if !kept[kind] {
			t.Errorf("%s is deleted with the stack; kept are %v", kind, slices.Sorted(maps.Keys(kept)))
		}
	}
}

// CloudFormation reads a secret again only when the reference changes.
func TestFacebookSecretHasTheVersionOfTheSettings(t *testing.T) {
	const version = "01234567-89ab-cdef-0123-456789abcdef"
	for text, want := range map[string]string{
		full: `"{{resolve:secretsmanager:rides/facebook:SecretString:::}}"`,
		strings.Replace(full, "facebookSecret: rides/facebook", "facebookSecret: rides/facebook, facebookSecretVersion: "+version, 1): `"{{resolve:secretsmanager:rides/facebook:SecretString:::` + version + `}}"`,
	} {
		tp := synthesise(t, parse(t, text), "prod")
		tp.want(tp.one("AWS::Cognito::UserPoolIdentityProvider"), map[string]string{"ProviderDetails.client_secret": want})
	}
}

// SPF is aligned with the sender's domain, and DMARC has a policy, by records in the zone or in the
// outputs.
func TestTheSendersDomainHasItsRecords(t *testing.T) {
	const mx, spf, policy = `10 feedback-smtp.us-east-1.amazonses.com`, `"v=spf1 include:amazonses.com ~all"`, "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
	inZone := strings.Replace(full, "  identity: rides.example.com\n", "  identity: rides.example.com\n  mailFrom: bounce.rides.example.com\n  dmarc: "+policy+"\n", 1)
	tp := synthesiseIdentity(t, parse(t, inZone))
	tp.want(tp.one("AWS::SES::EmailIdentity"), map[string]string{
		"MailFromAttributes": `{"BehaviorOnMxFailure":"USE_DEFAULT_VALUE","MailFromDomain":"bounce.rides.example.com"}`,
	})
	found := map[string]string{}
	for _, r := range tp.all("AWS::Route53::RecordSet") {
		if name := r.get("Name"); r.get("Type") != `"CNAME"` {
			found[name+r.get("Type")] = r.Properties["ResourceRecords"].([]any)[0].(string)
		}
	}
	want := map[string]string{
		`"bounce.rides.example.com""MX"`: mx, `"bounce.rides.example.com""TXT"`: spf, `"_dmarc.rides.example.com""TXT"`: `"` + policy + `"`,
	}
	if !maps.Equal(found, want) {
		t.Errorf("the zone gets %v, want %v", found, want)
	}
	outside := strings.Replace(inZone, "  hostedZone: {id: Z0123456789EXAMPLE, name: example.com}\n  delivery", "  delivery", 1)
	tp = synthesiseIdentity(t, parse(t, outside))
	for name, want := range map[string]string{"MailFromMx": mx, "MailFromTxt": spf, "DmarcTxt": `"` + policy + `"`} {
		if output, _ := tp.outputs[name].(map[string]any); output["Value"] != want {
			t.Errorf("the output %s is %v, want %s", name, output["Value"], want)
		}
	}
	if records := tp.all("AWS::Route53::RecordSet"); len(records) != 0 {
		t.Errorf("there are %d records outside Route 53", len(records))
	}
}

// Without a hosted zone, somebody has to make the record.
func TestTheTargetOfAHostOutsideRoute53IsAnOutput(t *testing.T) {
	const arn = "arn:aws:acm:us-east-1:123456789012:certificate/sample"
	outside := strings.Replace(full, "links:\n  host: links.rides.example.com\n  hostedZone: {id: Z0123456789EXAMPLE, name: example.com}\n",
		"links: {host: links.rides.example.com, certificateArn: '"+arn+"'}\n", 1)
	tp := synthesise(t, parse(t, outside), "prod")
	if _, ok := tp.outputs["LinksTarget"]; !ok {
		t.Errorf("the outputs are %q", slices.Sorted(maps.Keys(tp.outputs)))
	}
	tp.want(tp.one("AWS::ApiGatewayV2::DomainName"), map[string]string{"DomainNameConfigurations.0.CertificateArn": `"` + arn + `"`})
	for _, tp := range []*template{synthesise(t, parse(t, full), "prod"), synthesise(t, settingstest.Sample(t), "dev")} {
		if _, ok := tp.outputs["LinksTarget"]; ok {
			t.Error("there is an output for a record that nobody has to make")
		}
	}
}

// A host that is replaced is still served, and a new one comes into emails only when it is: each
// function that writes links waits for it.
func TestFormerHostsAreServed(t *testing.T) {
	const host = "  host: links.rides.example.com\n"
	served := func(text string) (tp *template, hosts map[string]string) {
		tp, hosts = synthesise(t, parse(t, strings.Replace(full, host, text, 1)), "prod"), map[string]string{}
		for id, r := range tp.resources {
			if r.Type == "AWS::ApiGatewayV2::DomainName" {
				hosts[strings.Trim(r.get("DomainName"), `"`)] = id
			}
		}
		return tp, hosts
	}
	_, before := served(host)
	tp, after := served("  host: new.rides.example.com\n  formerHosts: [links.rides.example.com]\n")
	const old = "links.rides.example.com"
	if len(after) != 2 || after[old] == "" || after[old] != before[old] {
		t.Errorf("the hosts are %v, and were %v", after, before)
	}
	if mappings := tp.all("AWS::ApiGatewayV2::ApiMapping"); len(mappings) != 2 {
		t.Errorf("there are %d mappings", len(mappings))
	}
	send := tp.function("send-mail")
	tp.want(send, map[string]string{"Environment.Variables.LINKS_URL": `"https://new.rides.example.com"`})
	for _, kind := range []string{"AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping", "AWS::Route53::RecordSet"} {
		if !slices.ContainsFunc(send.DependsOn, func(id string) bool {
			return tp.resources[id].Type == kind && strings.Contains(id, "newrides")
		}) {
			t.Errorf("send-mail does not wait for the %s of the new host, but for %q", kind, send.DependsOn)
		}
	}

	tp, after = served("  host: new.rides.example.com\n  hostInEmails: false\n  formerHosts: [links.rides.example.com]\n")
	tp.want(tp.function("send-mail"), map[string]string{"Environment.Variables.LINKS_URL": `"https://links.rides.example.com"`})
	if len(after) != 2 {
		t.Errorf("the hosts are %v", after)
	}
	tp, _ = served(host + "  hostInEmails: false\n")
	if url := tp.function("send-mail").get("Environment.Variables.LINKS_URL"); !strings.Contains(url, "ApiEndpoint") {
		t.Errorf("without the host, emails link to %s", url)
	}
	tp.want(tp.one("AWS::ApiGatewayV2::Api"), map[string]string{"DisableExecuteApiEndpoint": "false"})
	tp, _ = served(host + "  keepDefaultAddress: false\n")
	tp.want(tp.one("AWS::ApiGatewayV2::Api"), map[string]string{"DisableExecuteApiEndpoint": "true"})
}

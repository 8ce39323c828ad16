package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/bundle"
	"poolpost/internal/settings"
	"poolpost/internal/settings/settingstest"
)

// everyPart are settings that give each check something to do.
func everyPart(t *testing.T) string {
	t.Helper()
	return settingstest.FileWith(t, "poolpost.yaml",
		"  replyTo: support@example.com\n", "  replyTo: support@example.com\n  mailFrom: bounce.example.com\n  delivery: ses\n  rate: 14\n"+
			"  hostedZone: {id: Z0123456789EXAMPLE, name: example.com}\n",
		"locales: [en,", "links: {host: links.example.com, certificateArn: \"arn:aws:acm:eu-central-1:123456789012:certificate/sample\"}\n"+
			"signIn: {domainPrefix: rides-sample, facebookAppId: \"1234567890\", facebookSecret: rides/facebook, facebookSecretVersion: sample-version-of-the-app-secret-1}\n"+
			"invitations: {followUp: true}\nlocales: [en,",
		"    allowedDomains: []", "    refuseSuppressed: true\n    allowedDomains: []")
}

// A clinic is an account in which all is well with the deployed stack of everyPart.
type clinic struct {
	*fakeAWS
	*patient
	settings *settings.Settings
	dnsAnswers
	programs map[string]string
}

// dnsAnswers are by name.
type dnsAnswers map[string][]string

func (d dnsAnswers) lookup(name string) ([]string, error) {
	if found := d[name]; len(found) > 0 {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (d dnsAnswers) LookupTXT(_ context.Context, name string) ([]string, error) {
	return d.lookup("TXT " + name)
}

func (d dnsAnswers) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	var list []*net.MX
	found, err := d.lookup("MX " + name)
	for _, host := range found {
		list = append(list, &net.MX{Host: host, Pref: 10})
	}
	return list, err
}

func (d dnsAnswers) LookupNS(_ context.Context, name string) ([]*net.NS, error) {
	var list []*net.NS
	found, err := d.lookup("NS " + name)
	for _, host := range found {
		list = append(list, &net.NS{Host: host})
	}
	return list, err
}

const (
	region  = "eu-central-1"
	poolID  = "eu-central-1_Sample001"
	poolARN = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/" + poolID
)

func arnOf(name string) string {
	return "arn:aws:lambda:eu-central-1:123456789012:function:" + name
}

func resourceXML(kind, id string) string {
	return fmt.Sprintf("<member><LogicalResourceId>A</LogicalResourceId><ResourceType>%s</ResourceType><PhysicalResourceId>%s</PhysicalResourceId>"+
		"<ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-23T12:00:00Z</LastUpdatedTimestamp></member>", kind, id)
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	file := everyPart(t)
	set, err := settings.ReadForDeployment(file, "dev", "")
	if err != nil {
		t.Fatal(err)
	}
	c := &clinic{fakeAWS: newFakeAWS(t), settings: set, programs: map[string]string{"node --version": "v22.1.0\n"}}
	page := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Robots-Tag", "noindex")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
	}))
	t.Cleanup(page.Close)
	client := page.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, page.Listener.Addr().String())
	}
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com" // that of its certificate

	c.stackIs("UPDATE_COMPLETE", map[string]string{
		"UserPoolId": poolID, "ClientIds": `{"web":"client1"}`, "LinksUrl": "https://dev.links.example.com",
		"MailQueueUrl": c.URL + "/123456789012/mail.fifo", "DeadLetterQueueUrl": c.URL + "/123456789012/dead.fifo", "FailedEventsQueueUrl": c.URL + "/123456789012/failed",
	})
	resources := resourceXML("AWS::KMS::Key", "key1") + resourceXML("AWS::SES::ConfigurationSet", "set1") + resourceXML("AWS::Events::Rule", "rule1") +
		resourceXML("AWS::CloudWatch::Alarm", "alarm1") + resourceXML("AWS::SNS::Topic", "arn:aws:sns:eu-central-1:123456789012:topic1") +
		resourceXML("AWS::ApiGatewayV2::DomainName", "dev.links.example.com") + resourceXML("AWS::Cognito::UserPool", poolID) +
		resourceXML("AWS::Lambda::Function", "somebody-elses")
	c.answers["GET /2015-03-31/functions/somebody-elses"] = ok(`{"Configuration":{"Description":"Something else"}}`)
	for _, f := range bundle.FunctionsOf(set) {
		resources += resourceXML("AWS::Lambda::Function", f.Name)
		c.answers["GET /2015-03-31/functions/"+f.Name] = ok(fmt.Sprintf(`{"Configuration":{"Description":"Poolpost: %[1]s","FunctionName":"%[1]s","FunctionArn":%[2]q,
			"State":"Active","LastUpdateStatus":"Successful","Architectures":["arm64"],"LoggingConfig":{"LogGroup":"log-%[1]s"},
			"Environment":{"Variables":{"USER_POOL_CLIENTS":"{\"web\":\"client1\"}"}}}}`, f.Name, arnOf(f.Name)))
		c.answers["GET /2015-03-31/functions/"+arnOf(f.Name)+"/policy"] = ok(fmt.Sprintf(`{"Policy":%q}`,
			`{"Statement":[{"Principal":{"Service":"cognito-idp.amazonaws.com"},"Condition":{"ArnLike":{"AWS:SourceArn":"`+poolARN+`"}}}]}`))
	}
	access := set.Access(set.Clients[0])
	list := func(names []string) string { return `["` + strings.Join(names, `","`) + `"]` }
	for key, value := range map[string]string{
		"ListStackResources " + sampleStack: "<StackResourceSummaries>" + resources + "</StackResourceSummaries>",
		"DescribeStacks CDKToolkit":         "<Stacks>" + stackXML("CDKToolkit", "UPDATE_COMPLETE", map[string]string{"BootstrapVersion": "21"}) + "</Stacks>",
		"DescribeStackResource CDKToolkit":  "<StackResourceDetail>" + strings.NewReplacer("<member>", "", "</member>", "").Replace(resourceXML("AWS::IAM::Role", "cdk-exec")) + "</StackResourceDetail>",
		"DescribeType":                      "<TypeName>AWS::SES::EmailIdentity</TypeName>",
		"SimulatePrincipalPolicy":           "<EvaluationResults><member><EvalActionName>kms:CreateGrant</EvalActionName><EvalDecision>allowed</EvalDecision></member></EvaluationResults>",
		"GET /v2/email/identities/example.com": `{"VerifiedForSendingStatus":true,"DkimAttributes":{"Status":"SUCCESS","Tokens":["one","two"]},
			"MailFromAttributes":{"MailFromDomain":"bounce.example.com","MailFromDomainStatus":"SUCCESS"}}`,
		"GET /v2/email/account": `{"SendingEnabled":true,"ProductionAccessEnabled":true,"EnforcementStatus":"HEALTHY","SendQuota":{"MaxSendRate":14},
			"SuppressionAttributes":{"SuppressedReasons":["BOUNCE"]}}`,
		"DescribeCertificate":              `{"Certificate":{"Status":"ISSUED","DomainName":"links.example.com","SubjectAlternativeNames":["*.links.example.com"]}}`,
		"GetResource Z0123456789EXAMPLE":   `{"ResourceDescription":{"Properties":"{\"Name\":\"example.com.\",\"NameServers\":[\"ns.example.net\"]}"}}`,
		"GetResource " + ruleARN:           `{"ResourceDescription":{"Properties":"{\"State\":\"ENABLED\",\"Targets\":[{\"Arn\":\"sample\"}]}"}}`,
		"DescribeUserPoolDomain":           `{"DomainDescription":{"UserPoolId":"` + poolID + `"}}`,
		"DescribeSecret":                   `{"VersionIdsToStages":{"sample-version-of-the-app-secret-1":["AWSCURRENT"]}}`,
		"GET /2016-08-19/account-settings": `{"AccountLimit":{"ConcurrentExecutions":1000}}`,
		"DescribeResourcePolicies":         `{"resourcePolicies":[{"policyName":"sample","policyDocument":"{}"}]}`,
		"GetServiceQuota":                  `{"Quota":{"Value":50}}`,
		"GetResources":                     `{"ResourceTagMappingList":[{"ResourceARN":"` + poolARN + `"},{"ResourceARN":"arn:aws:kms:eu-central-1:123456789012:key/key1"}]}`,

		"DescribeUserPool": `{"UserPool":{"LambdaConfig":{"PreSignUp":"` + arnOf("pre-sign-up") + `","PostConfirmation":"` + arnOf("post-confirmation") + `",
			"PreTokenGeneration":"` + arnOf("post-confirmation") + `","CustomEmailSender":{"LambdaArn":"` + arnOf("custom-email-sender") + `","LambdaVersion":"V1_0"},"KMSKeyID":"arn:aws:kms:eu-central-1:123456789012:key/key1"},
			"EmailConfiguration":{"EmailSendingAccount":"DEVELOPER","From":"MyApp <no-reply@example.com>","SourceArn":"arn:aws:ses:eu-central-1:123456789012:identity/example.com","ConfigurationSet":"set1"},
			"UserPoolTier":"ESSENTIALS","MfaConfiguration":"OFF","DeviceConfiguration":{"DeviceOnlyRememberedOnUserPrompt":false},"DeletionProtection":"INACTIVE",
			"AdminCreateUserConfig":{"AllowAdminCreateUserOnly":false},"Policies":{"PasswordPolicy":{"MinimumLength":8,"RequireNumbers":true}}}}`,
		"GET /2015-03-31/event-source-mappings": `{"EventSourceMappings":[{"EventSourceArn":"arn:aws:sqs:eu-central-1:123456789012:mail.fifo","State":"Enabled","UUID":"mapping1",
			"ScalingConfig":{"MaximumConcurrency":` + fmt.Sprint(set.Mail.MaxConcurrency()) + `},"FunctionResponseTypes":["ReportBatchItemFailures"]}]}`,
		"DescribeLogGroups":                     `{"logGroups":[{"logGroupName":"sample"}]}`,
		"DescribeKey":                           `{"KeyMetadata":{"KeyId":"key1","Enabled":true,"KeyState":"Enabled"}}`,
		"ListGrants":                            `{"Grants":[{"GranteePrincipal":"cognito-idp.amazonaws.com"}]}`,
		"GET /v2/email/configuration-sets/set1": `{"SendingOptions":{"SendingEnabled":true}}`,
		"GET /v2/email/configuration-sets/set1/event-destinations": `{"EventDestinations":[{"Enabled":true,"EventBridgeDestination":{"EventBusArn":"sample"}}]}`,
		"GetQueueAttributes":       `{"Attributes":{"ApproximateNumberOfMessages":"0"}}`,
		"DescribeAlarms":           `{"MetricAlarms":[{"AlarmName":"alarm1","StateValue":"OK","ActionsEnabled":true}]}`,
		"ListSubscriptionsByTopic": `<Subscriptions><member><SubscriptionArn>arn:aws:sns:eu-central-1:123456789012:topic1:1</SubscriptionArn></member></Subscriptions>`,
		"ListUserPoolClients":      `{"UserPoolClients":[{"ClientId":"client1","ClientName":"web"}]}`,
		"DescribeUserPoolClient":   `{"UserPoolClient":{"ExplicitAuthFlows":` + list(access.AuthFlows) + `,"ReadAttributes":` + list(access.Reads) + `,"WriteAttributes":` + list(access.Writes) + `}}`,
	} {
		c.answers[key] = ok(value)
	}
	c.dnsAnswers = dnsAnswers{
		"TXT one._domainkey.example.com": {"p=sample"}, "TXT two._domainkey.example.com": {"p=sample"}, "TXT _dmarc.example.com": {"v=DMARC1; p=none"},
		"TXT bounce.example.com": {"v=spf1 include:amazonses.com ~all"}, "MX bounce.example.com": {"feedback-smtp.eu-central-1.amazonses.com."},
		"NS example.com": {"ns.example.net."},
	}
	a, err := connect(t.Context(), &cli.Flags{Settings: file, Stage: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	c.patient = &patient{account: a, dns: c.dnsAnswers, http: client, run: func(_ context.Context, program string, args ...string) (string, error) {
		if out, ok := c.programs[program+" "+strings.Join(args, " ")]; ok {
			return out, nil
		}
		return "", errors.New("not found")
	}}
	return c
}

const ruleARN = "arn:aws:events:eu-central-1:123456789012:rule/rule1"

// examined are the lines that are not ok, and the error.
func (c *clinic) examined(t *testing.T) ([]string, error) {
	t.Helper()
	var out strings.Builder
	err := c.examine(t.Context(), false, &out)
	if strings.Contains(out.String(), "secret@") {
		t.Errorf("the output has something personal: %s", &out)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "ok ") }), err
}

// healthy are the lines of a deployment with which all is well.
var healthy = []string{
	"note     D13  Facebook's secret: whether the value is bare text, as it must be, and not JSON is not looked at",
	"note     D16  Cognito quota: 50 requests of UserCreation a second, so 50/2 sign-ups with their confirmations",
	"note     D18  upgrade guard: run poolpost plan to see what a deployment would replace or delete",
	"0 failures, 0 warnings, 0 could not be asked",
}

func TestDoctorFindsNothingWhenAllIsWell(t *testing.T) {
	c := newClinic(t)
	if got, err := c.examined(t); err != nil || !slices.Equal(got, healthy) {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
	// A look changes nothing.
	for _, call := range c.calls {
		if !regexp.MustCompile(`^(Describe|Get|List|Simulate|GET )`).MatchString(call) {
			t.Errorf("doctor called %s", call)
		}
	}
}

func TestDoctorFindsEachFault(t *testing.T) {
	// Both of a pair are what is replaced in an answer.
	change := func(key string, pairs ...string) func(*clinic) {
		return func(c *clinic) {
			a, known := c.answers[key]
			for i := 0; i < len(pairs); i += 2 {
				if !known || !strings.Contains(a.body, pairs[i]) {
					panic(key + " has no " + pairs[i])
				}
				a.body = strings.ReplaceAll(a.body, pairs[i], pairs[i+1])
			}
			c.answers[key] = a
		}
	}
	answers := func(key string, a answer) func(*clinic) { return func(c *clinic) { c.answers[key] = a } }
	noRecord := func(name string) func(*clinic) { return func(c *clinic) { delete(c.dnsAnswers, name) } }
	set := func(f func(*settings.Settings)) func(*clinic) { return func(c *clinic) { f(c.Settings) } }
	const (
		identity = "GET /v2/email/identities/example.com"
		account  = "GET /v2/email/account"
		pool     = "DescribeUserPool"
		stack    = "DescribeStacks " + sampleStack
		mapping  = "GET /2015-03-31/event-source-mappings"
		zone     = "GetResource Z0123456789EXAMPLE"
		sesSet   = "GET /v2/email/configuration-sets/set1"
		function = "GET /2015-03-31/functions/verify-link"
	)
	// formerHost keeps dev.old.example.com served, and emails link to the new host.
	formerHost := func(c *clinic) {
		c.Settings.Links.FormerHosts = []settings.LinkHost{{Host: "old.example.com"}}
		c.Settings.Links.CertificateARN = ""
		c.answers["GetResource dev.old.example.com"] = refused("ResourceNotFoundException", "no")
	}
	// waitingHost has no DNS record yet, and emails link to API Gateway's address.
	waitingHost := func(c *clinic) {
		c.Settings.Links.HostInEmails = false
		change(stack, "https://dev.links.example.com", "https://sample.execute-api.example.com")(c)
	}
	noStack := refused("ValidationError", "Stack with id "+sampleStack+" does not exist")
	covered := map[string]bool{}
	for _, test := range []struct {
		id     string
		change func(*clinic)
		want   string // the beginning of the line behind the title, or a part of it
	}{
		{"D1", func(c *clinic) {
			c.Partition = "aws-us-gov"
			c.answers["GetResource "+strings.Replace(ruleARN, ":aws:", ":aws-us-gov:", 1)] = c.answers["GetResource "+ruleARN]
		}, "the credentials are of partition aws-us-gov, and eu-central-1 is in aws. Take credentials"},
		{"D2", answers("DescribeType", refused("TypeNotFoundException", "no")), "CloudFormation has no AWS::SES::EmailIdentity in eu-central-1. Set another pool.region"},
		{"D4", answers("DescribeStacks CDKToolkit", refused("ValidationError", "Stack with id CDKToolkit does not exist")), "there is no stack CDKToolkit in eu-central-1. Run make bootstrap"},
		{"D4", change("DescribeStacks CDKToolkit", ">21<", ">5<"), `its version is "5", and must be 6 or newer. Run make bootstrap`},
		{"D4", change("DescribeStacks CDKToolkit", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"), "the stack CDKToolkit is in UPDATE_ROLLBACK_FAILED"},
		{"D5", change("SimulatePrincipalPolicy", "allowed", "implicitDeny"), "the role cdk-exec may not call kms:CreateGrant. Add them"},
		{"D5", answers("DescribeStackResource CDKToolkit", refused("ValidationError", "no")), "there is no bootstrap stack with a role yet"},
		{"D6", answers(identity, notThere("NotFoundException", "no")), "SES in eu-central-1 has no identity example.com. Run make deploy SETTINGS="},
		{"D6", change(identity, `"VerifiedForSendingStatus":true`, `"VerifiedForSendingStatus":false`, "SUCCESS", "PENDING"), "example.com is not verified (DKIM is PENDING). Add the DNS records"},
		{"D6", change(identity, `"MailFromDomain":"bounce`, `"MailFromDomain":"other`), "its MAIL FROM domain is not bounce.example.com"},
		{"D6", change(identity, `"MailFromDomainStatus":"SUCCESS"`, `"MailFromDomainStatus":"FAILED"`), "the MAIL FROM domain bounce.example.com is FAILED"},
		{"D7", noRecord("TXT two._domainkey.example.com"), "DNS has no DKIM key at two._domainkey.example.com. Add the record two._domainkey.example.com CNAME two.dkim.amazonses.com"},
		{"D7", noRecord("TXT bounce.example.com"), `bounce.example.com has no SPF record for SES. Add the record bounce.example.com TXT "v=spf1`},
		{"D7", noRecord("MX bounce.example.com"), "bounce.example.com has no MX record for SES. Add the record bounce.example.com MX 10 feedback-smtp.eu-central-1.amazonses.com"},
		{"D7", noRecord("TXT _dmarc.example.com"), `example.com has no DMARC policy, which Gmail and Yahoo expect of who sends in bulk. Add the record _dmarc.example.com TXT "v=DMARC1`},
		{"D8", change(account, `"SendingEnabled":true`, `"SendingEnabled":false`), "SES has paused sending in eu-central-1. Read what AWS has sent"},
		{"D8", change(account, "HEALTHY", "PROBATION"), "SES has the account under review (PROBATION)"},
		{"D8", change(account, `"ProductionAccessEnabled":true`, `"ProductionAccessEnabled":false`), "SES is in its sandbox: only verified addresses get email. Request production access"},
		{"D8", change(account, `"MaxSendRate":14`, `"MaxSendRate":1`), "SES takes 1 emails a second, and mail.rate is 14. Set mail.rate to 1, or"},
		{"D9", change(account, `"BOUNCE"`, ""), "signUp.email.refuseSuppressed asks the account's suppression list, and SES adds nothing to it. Run aws sesv2 put-account-suppression-attributes"},
		{"D10", func(c *clinic) {
			c.Settings.Mail.Delivery = settings.DeliveryCognito
			c.answers["GetRole"] = notThere("NoSuchEntity", "no")
		}, "AWSServiceRoleForAmazonCognitoIdpEmailService does not exist yet"},
		{"D11", func(c *clinic) {
			change("ListStackResources "+sampleStack, "dev.links.example.com", "other.example.com")(c)
			c.answers["GetResource dev.links.example.com"] = ok(`{"ResourceDescription":{"Properties":"{}"}}`)
		}, "dev.links.example.com belongs to another API of this account. Set another host, or"},
		{"D11", answers("DescribeCertificate", refused("ResourceNotFoundException", "no")), "the certificate of dev.links.example.com does not exist in eu-central-1. Request one in AWS Certificate Manager"},
		{"D11", change("DescribeCertificate", "ISSUED", "PENDING_VALIDATION"), "the certificate of dev.links.example.com is PENDING_VALIDATION"},
		{"D11", change("DescribeCertificate", "*.links.example.com", "www.example.com"), "the certificate of dev.links.example.com does not cover it"},
		{"D11", answers(zone, refused("ResourceNotFoundException", "no")), "mail.hostedZone: this account has no hosted zone Z0123456789EXAMPLE"},
		{"D11", change(zone, "example.com.", "example.org."), "mail.hostedZone: the zone Z0123456789EXAMPLE is that of example.org, not of example.com"},
		{"D11", change(zone, `{\"Name`, `{\"VPCs\":[{}],\"Name`), "mail.hostedZone: the zone Z0123456789EXAMPLE is private"},
		{"D11", noRecord("NS example.com"), "mail.hostedZone: DNS does not ask the zone Z0123456789EXAMPLE for example.com. Set the domain's name servers to ns.example.net"},
		{"D11", func(c *clinic) {
			formerHost(c)
			c.answers["GetResource dev.old.example.com"] = ok(`{"ResourceDescription":{"Properties":"{}"}}`)
		}, "dev.old.example.com belongs to another API of this account"},
		{"D12", change("DescribeUserPoolDomain", poolID, "eu-central-1_Other0001"), "rides-sample-dev belongs to the pool eu-central-1_Other0001. Set another signIn.domainPrefix"},
		{"D13", answers("DescribeSecret", refused("ResourceNotFoundException", "no")), "there is no secret rides/facebook in eu-central-1. Store"},
		{"D13", change("DescribeSecret", "{", `{"DeletedDate":1700000000,`, `:{"DeletedDate":1700000000,`, ":{"), "the secret rides/facebook is scheduled for deletion. Restore it"},
		{"D13", change("DescribeSecret", `"sample-version-of-the-app-secret-1":["AWSCURRENT"]`, ""), "the secret rides/facebook has no value"},
		{"D13", change("DescribeSecret", "secret-1", "secret-2"), "the secret has no version of signIn.facebookSecretVersion"},
		{"D14", change("GET /2016-08-19/account-settings", "1000", "8"), "8 functions can run at once, and send-mail may take 4 of them"},
		{"D15", change("DescribeResourcePolicies", `"{}"`, `"`+strings.Repeat("x", 4900)+`"`), "the policy sample has 4900 of 5120 characters"},
		{"D15", change("DescribeResourcePolicies", `{"policyName":"sample","policyDocument":"{}"}`, strings.TrimSuffix(strings.Repeat(`{"policyDocument":"{}"},`, 10), ",")), "the region has 10 resource policies of logs"},
		{"D17", change(stack, "UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"), "the stack " + sampleStack + " is in UPDATE_ROLLBACK_FAILED. Fix what"},
		{"D17", change(stack, "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"), "the stack is in UPDATE_IN_PROGRESS"},
		{"D17", func(c *clinic) {
			c.answers[stack] = noStack
			c.answers["DescribeUserPoolDomain"] = ok(`{"DomainDescription":{}}`)
			c.answers["GetResource dev.links.example.com"] = refused("ResourceNotFoundException", "no")
			c.answers["GetResources"] = ok("{}")
			c.answers["DescribeStacks"] = ok("<Stacks>" + strings.Replace(stackXML("Poolpost-Drivers-dev", "CREATE_COMPLETE", nil), "<Outputs>",
				"<Tags><member><Key>AppName</Key><Value>MyApp</Value></member><member><Key>Stage</Key><Value>dev</Value></member></Tags><Outputs>", 1) +
				stackXML("Poolpost-Others-dev", "CREATE_COMPLETE", nil) + "</Stacks>")
		}, "there is no stack " + sampleStack + ", but Poolpost-Drivers-dev with the same tags. If you have renamed"},
		{"D19", change("GetResources", poolID, "eu-central-1_Earlier01"), "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_Earlier01 was left behind by an earlier stack of this name"},
		{"D20", func(c *clinic) { c.programs = nil }, "the CDK needs node, which cannot be run. Install Node.js 22"},
		{"D20", func(c *clinic) { c.programs["node --version"] = "v20.9.0\n" }, "node is v20.9.0. Install Node.js 22"},

		{"A1", answers(pool, refused("ResourceNotFoundException", "no")), "the pool " + poolID + " does not exist"},
		{"A1", change(pool, arnOf("pre-sign-up"), "arn:other"), "the trigger pre-sign-up is arn:other, and should be " + arnOf("pre-sign-up") + ". Undo it in the console"},
		{"A1", change(pool, `"PostConfirmation"`, `"PostAuthentication"`), "the trigger post-confirmation is missing, and should be "},
		{"A1", change(pool, `"PreTokenGeneration"`, `"PreAuthentication"`), "the trigger PreTokenGeneration is missing, and should be " + arnOf("post-confirmation")},
		{"A1", change(pool, `"CustomEmailSender"`, `"CustomSMSSender"`), "the trigger custom-email-sender is missing"},
		{"A1", change(pool, `{"LambdaConfig":{`, `{"LambdaConfig":{"CustomMessage":"arn:other",`), "the trigger custom-message is arn:other, and should be missing"},
		{"A1", change(pool, "key/key1", "key/key2"), "the key of the codes is key2, and should be key1"},
		{"A1", change(pool, "DEVELOPER", "COGNITO_DEFAULT"), "EmailSendingAccount is COGNITO_DEFAULT, and should be DEVELOPER"},
		{"A1", change(pool, "no-reply@example.com", "other@example.com"), "the sender is another address, and should be mail.from.address"},
		{"A1", change(pool, "identity/example.com", "identity/example.org"), "the SES identity is arn:aws:ses:eu-central-1:123456789012:identity/example.org"},
		{"A1", change(pool, `"set1"`, `"set2"`), "the configuration set is set2, and should be set1"},
		{"A1", change(pool, "ESSENTIALS", "LITE"), "the feature plan is LITE"},
		{"A1", change(pool, `"MfaConfiguration":"OFF"`, `"MfaConfiguration":"ON"`), "MFA is ON, and should be OFF"},
		{"A1", change(pool, `"DeviceConfiguration":{"DeviceOnlyRememberedOnUserPrompt":false},`, ""), "remembering devices is false, and should be true"},
		{"A1", change(pool, `Prompt":false`, `Prompt":true`), "asking to remember a device is true"},
		{"A1", change(pool, `UserOnly":false`, `UserOnly":true`), "self sign-up is false, and should be true"},
		{"A1", change(pool, "INACTIVE", "ACTIVE"), "deletion protection is ACTIVE, and should be INACTIVE"},
		{"A1", change(pool, `"MinimumLength":8`, `"MinimumLength":6`), "the least length of a password is 6, and should be 8"},
		{"A1", change(pool, `"RequireNumbers":true`, `"RequireSymbols":true`), "requiring digits, lower case, upper case, symbols is [false false false true]"},
		{"A1", change(pool, `"UserPoolTier"`, `"EmailConfigurationFailure":"ACCESS_DENIED","UserPoolTier"`), "Cognito reports that it cannot send (ACCESS_DENIED)"},
		{"A2", answers("GET /2015-03-31/functions/"+arnOf("pre-sign-up")+"/policy", notThere("ResourceNotFoundException", "no")), "the pool may not invoke pre-sign-up"},
		{"A2", change("GET /2015-03-31/functions/"+arnOf("post-confirmation")+"/policy", poolID, "eu-central-1_Other0001"), "the pool may not invoke post-confirmation"},
		{"A3", answers(function, notThere("ResourceNotFoundException", "no")), "verify-link is not deployed"},
		{"A3", change(function, `"State":"Active"`, `"State":"Failed","StateReason":"why"`), "verify-link is Failed: why"},
		{"A3", change(function, `"Successful"`, `"Failed","LastUpdateStatusReason":"why"`), "the last update of verify-link failed: why"},
		{"A3", change(function, "arm64", "x86_64"), "verify-link is not for arm64"},
		{"A3", change(function, `{"Configuration"`, `{"Concurrency":{"ReservedConcurrentExecutions":0},"Configuration"`), "verify-link is switched off by a reserved concurrency of 0. Run aws lambda delete-function-concurrency"},
		{"A3", answers("DescribeLogGroups", ok("{}")), "the log group log-verify-link of verify-link is gone"},
		{"A4", answers(mapping, ok("{}")), "send-mail does not read the mail queue: emails wait"},
		{"A4", change(mapping, "Enabled", "Disabled"), "the mapping of the mail queue is Disabled: emails wait. Enable it: aws lambda update-event-source-mapping --enabled --uuid mapping1"},
		{"A4", change(mapping, `"MaximumConcurrency":4`, `"MaximumConcurrency":50`), "the maximum of senders is 50, and should be 4"},
		{"A4", change(mapping, `"ReportBatchItemFailures"`, ""), "the type of answers is missing"},
		{"A5", change("DescribeKey", `"Enabled":true,"KeyState":"Enabled"`, `"Enabled":false,"KeyState":"PendingDeletion"`), "the key is PendingDeletion: Cognito cannot encrypt codes"},
		{"A5", answers("ListGrants", ok("{}")), "Cognito has no grant on the key"},
		{"A6", change("ListStackResources "+sampleStack, "AWS::SES::ConfigurationSet", "AWS::Other"), "the stack has no configuration set"},
		{"A6", answers(sesSet, notThere("NotFoundException", "no")), "the configuration set set1 is gone"},
		{"A6", change(sesSet, "true", "false"), "sending with the configuration set set1 is paused. Run aws sesv2 put-configuration-set-sending-options"},
		{"A6", change(sesSet+"/event-destinations", "true", "false"), "SES sends no events of set1 to EventBridge"},
		{"A6", change("GetResource "+ruleARN, "ENABLED", "DISABLED"), "the rule rule1 does not pass on events"},
		{"A6", answers("GetResource "+ruleARN, refused("ResourceNotFoundException", "no")), "the rule rule1 does not pass on events"},
		{"A7", func(c *clinic) {
			c.answers["GetQueueAttributes "+c.URL+"/123456789012/dead.fifo"] = ok(`{"Attributes":{"ApproximateNumberOfMessages":"3"}}`)
		}, "3 emails could not be sent. Run poolpost dead-letters"},
		{"A7", func(c *clinic) {
			c.answers["GetQueueAttributes "+c.URL+"/123456789012/failed"] = ok(`{"Attributes":{"ApproximateNumberOfMessages":"2"}}`)
		}, "2 events could not be processed"},
		{"A8", answers("DescribeAlarms", ok(`{"MetricAlarms":[]}`)), "1 alarms are gone"},
		{"A8", change("DescribeAlarms", `"OK"`, `"ALARM"`), "the alarm alarm1 is on"},
		{"A8", change("DescribeAlarms", "true", "false"), "the alarm alarm1 notifies nobody"},
		{"A8", answers("ListSubscriptionsByTopic", ok("")), "nobody is notified of alarms. Set alarms.email"},
		{"A8", change("ListSubscriptionsByTopic", "arn:aws:sns:eu-central-1:123456789012:topic1:1", "PendingConfirmation"), "1 of 1 subscriptions to alarms wait to be confirmed"},
		{"A9", change(stack, "https://dev.links.example.com", "https://sample.execute-api.example.com"), "the address of links is https://sample.execute-api.example.com, and should be https://dev.links.example.com"},
		{"A9", func(c *clinic) { c.http = http.DefaultClient }, "https://dev.links.example.com/health cannot be reached"},
		{"A9", func(c *clinic) { c.http = answering(http.StatusServiceUnavailable, "noindex") }, "https://dev.links.example.com/health answers 503"},
		{"A9", func(c *clinic) { c.http = answering(http.StatusOK, "") }, "https://dev.links.example.com/health is not answered by verify-link"},
		{"A9", func(c *clinic) {
			formerHost(c)
			c.http = oneAnswers("dev.old.example.com", http.StatusServiceUnavailable)
		}, "https://dev.old.example.com/health answers 503"},
		{"A9", func(c *clinic) {
			waitingHost(c)
			c.http = oneAnswers("dev.links.example.com", http.StatusServiceUnavailable)
		}, "https://dev.links.example.com is not ready: https://dev.links.example.com/health answers 503 Service Unavailable. Add its DNS record (output LinksTarget), then"},
		{"A9", func(c *clinic) {
			waitingHost(c)
			c.http = answering(http.StatusOK, "noindex")
		}, "https://dev.links.example.com answers, so links.hostInEmails can be true"},
		{"A10", set(func(s *settings.Settings) { s.Clients = append(s.Clients, settings.Client{Name: "kiosk"}) }), "the client kiosk is not deployed"},
		{"A10", change("ListUserPoolClients", "client1", "client2"), "the client web (client1) is gone"},
		{"A10", change("ListUserPoolClients", `{"ClientId"`, `{"ClientId":"client9","ClientName":"old"},{"ClientId"`), "the client old (client9) is in no settings. Run poolpost delete-client old, or"},
		{"A10", change("DescribeUserPoolClient", `{"ExplicitAuthFlows"`, `{"ClientSecret":"secret@sample","ExplicitAuthFlows"`), "the client web has a secret"},
		{"A10", change("DescribeUserPoolClient", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"), "the list of flows of web is [ALLOW_REFRESH_TOKEN_AUTH ALLOW_USER_PASSWORD_AUTH], and should be "},
		{"A10", change("DescribeUserPoolClient", `"email_verified",`, ""), "what web may read is "},
		{"A10", change("DescribeUserPoolClient", `"nickname"`, `"phone_number"`), "what web may write is "},
		{"A10", change(function, "client1", "client2"), "verify-link does not know the client web"},
	} {
		covered[test.id] = true
		t.Run(test.id, func(t *testing.T) {
			c := newClinic(t)
			test.change(c)
			lines, err := c.examined(t)
			i := slices.IndexFunc(lines, func(line string) bool {
				return strings.Contains(line, " "+test.id+" ") && strings.Contains(line, ": "+test.want)
			})
			if i < 0 {
				t.Fatalf("%q: got %v\n%s", test.want, err, strings.Join(lines, "\n"))
			}
			if failed := strings.HasPrefix(lines[i], "failure"); failed && err != error(cli.Exit(cli.Failed)) {
				t.Errorf("%s: the error is %v", lines[i], err)
			}
		})
	}
	for _, c := range slices.Concat(beforeDeployment, afterDeployment) {
		if !covered[c.id] && !slices.Contains([]string{"D3", "D16", "D18"}, c.id) { // D3 cannot fail after connect; the others only tell
			t.Errorf("%s has no case", c.id)
		}
	}
}

// answering is a page with a status.
func answering(status int, robots string) *http.Client {
	return hosts(func(string) (int, string) { return status, robots })
}

// oneAnswers answers at one host in another way than at all others, which are well.
func oneAnswers(host string, status int) *http.Client {
	return hosts(func(asked string) (int, string) {
		if asked == host {
			return status, "noindex"
		}
		return http.StatusOK, "noindex"
	})
}

// hosts is an HTTP client of pages whose status and X-Robots-Tag are those of their host.
func hosts(answer func(host string) (status int, robots string)) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
		status, robots := answer(r.URL.Host)
		recorder := httptest.NewRecorder()
		recorder.Header().Set("X-Robots-Tag", robots)
		recorder.Header().Set("Content-Security-Policy", "default-src 'none'")
		recorder.WriteHeader(status)
		return recorder.Result()
	})}
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// What may not be asked is no failure, and the permission is named.
func TestDoctorNamesMissingPermissions(t *testing.T) {
	c := newClinic(t)
	c.answers["DescribeKey"] = accessDenied()
	c.answers["GetServiceQuota"] = refused("Strange", "x\ny")
	got, err := c.examined(t)
	for _, want := range []string{
		"unknown  A5   key of the codes: these credentials may not call KMS DescribeKey: allow it to their role or user, or take others (AWS_PROFILE). It needs kms:DescribeKey, kms:ListGrants",
		"unknown  D16  Cognito quota: Service Quotas GetServiceQuota: Strange: x y",
		"0 failures, 0 warnings, 2 could not be asked",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestDoctorInJSON(t *testing.T) {
	c := newClinic(t)
	c.answers["GetQueueAttributes"] = ok(`{"Attributes":{"ApproximateNumberOfMessages":"1"}}`)
	var out strings.Builder
	if err := c.examine(t.Context(), true, &out); err != nil {
		t.Fatal(err)
	}
	var got diagnosis
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	want := result{"A7", "queues", finding{statusWarning, "1 emails could not be sent", "run poolpost dead-letters"}}
	if got.Stack != sampleStack || got.Region != region || got.Account != "123456789012" || !got.Deployed || !slices.Contains(got.Checks, want) {
		t.Errorf("got %s", &out)
	}
}

// A table of docs/deploy.md has every check, with what it needs.
func TestDocumentationHasEveryCheck(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(settingstest.Root, "docs/deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([DA][0-9]+)` \\| ([^|]+) \\| [^|]+ \\| ([^|]*)\\|$").FindAllStringSubmatch(string(page), -1) {
		got = append(got, match[1]+" "+match[2]+" "+strings.NewReplacer("`", "", ",", "").Replace(strings.TrimSpace(match[3])))
	}
	for _, c := range slices.Concat(beforeDeployment, afterDeployment) {
		want = append(want, c.id+" "+c.title+" "+c.needs)
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/deploy.md has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Every service of the template is asked for.
func TestEveryServiceOfTheTemplateIsLookedFor(t *testing.T) {
	template, err := os.ReadFile(filepath.Join(settingstest.Root, "infra/testdata/template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`Type: (AWS::\w+::)`).FindAllStringSubmatch(string(template), -1) {
		if !slices.ContainsFunc(templateTypes, func(name string) bool { return strings.HasPrefix(name, match[1]) }) {
			t.Errorf("no type of %s is in templateTypes", match[1])
		}
	}
}

// make deploy and make bootstrap look at the credentials first.
func TestDoctorOfCredentialsOnly(t *testing.T) {
	f := newFakeAWS(t)
	if code, out, errOut := execute(t, "doctor", "--credentials"); code != cli.Done || out != "" || errOut != "" || !slices.Equal(f.calls, []string{"GetCallerIdentity"}) {
		t.Errorf("exit code %d, %q, %q, %v", code, out, errOut, f.calls)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	if code, _, errOut := execute(t, "doctor", "--credentials"); code != cli.Failed || !strings.HasPrefix(errOut, "there are no AWS credentials: ") {
		t.Errorf("exit code %d, %q", code, errOut)
	}
}

// What needs an account asks for credentials before it installs or builds anything.
func TestMakefileLooksAtTheCredentialsFirst(t *testing.T) {
	for _, args := range []string{"bootstrap", "deploy", "deploy STACK=Identity"} {
		command := exec.Command("make", append([]string{"-n", "-C", settingstest.Root, "SETTINGS=drivers.yaml", "STAGE=prod"}, strings.Fields(args)...)...)
		out, err := command.CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip("make is not installed")
		}
		if err != nil {
			t.Fatalf("make %s: %v\n%s", args, err, out)
		}
		before, _, found := strings.Cut(string(out), "go run ./cmd/poolpost doctor --credentials --settings drivers.yaml --stage prod\n")
		if !found || strings.Contains(before, "npm") || strings.Contains(before, "cdk") || strings.Contains(before, "go run") {
			t.Errorf("make %s:\n%s", args, out)
		}
	}
}

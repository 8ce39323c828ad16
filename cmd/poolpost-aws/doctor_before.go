package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"poolpost/internal/settings"
)

// beforeDeployment are the checks of what a deployment needs.
var beforeDeployment = []check{
	{"D1", "credentials", "sts:GetCallerIdentity", credentialsFit},
	{"D2", "resource types in the region", "cloudformation:DescribeType", typesExist},
	{"D3", "region is enabled", "sts:GetCallerIdentity", regionEnabled},
	{"D4", "CDK bootstrap", "cloudformation:DescribeStacks", bootstrapped},
	{"D5", "role of CloudFormation", "cloudformation:DescribeStackResource iam:SimulatePrincipalPolicy", roleSuffices},
	{"D6", "SES identity", "ses:GetEmailIdentity", identityVerified},
	{"D7", "DNS of the sender", "ses:GetEmailIdentity", senderInDNS},
	{"D8", "SES account", "ses:GetAccount", sesAccount},
	{"D9", "suppression list", "ses:GetAccount", suppressionList},
	{"D10", "service-linked role of Cognito", "iam:GetRole", serviceLinkedRole},
	{"D11", "host of the links", "cloudformation:GetResource apigateway:GET acm:DescribeCertificate route53:GetHostedZone route53:ListQueryLoggingConfigs route53:ListTagsForResource", linkHost},
	{"D12", "domain of hosted sign-in", "cognito-idp:DescribeUserPoolDomain", domainPrefix},
	{"D13", "Facebook's secret", "secretsmanager:DescribeSecret", facebookSecret},
	{"D14", "Lambda concurrency", "lambda:GetAccountSettings", concurrency},
	{"D15", "policies of access logs", "logs:DescribeResourcePolicies", logPolicies},
	{"D16", "Cognito quota", "servicequotas:GetServiceQuota", signUpQuota},
	{"D17", "state of the stack", "cloudformation:DescribeStacks", stackState},
	{"D18", "upgrade guard", "cloudformation:GetTemplate", upgradeGuard},
	{"D19", "leftovers of earlier stacks", "tag:GetResources", leftovers},
	{"D20", "Node.js", "", nodeVersion},
}

// connect has asked STS already.
func credentialsFit(_ context.Context, p *patient) ([]finding, error) {
	want := "aws"
	switch {
	case strings.HasPrefix(p.Region, "us-gov-"):
		want = "aws-us-gov"
	case strings.HasPrefix(p.Region, "cn-"):
		want = "aws-cn"
	}
	if p.Partition != want {
		return []finding{fail("take credentials of the other partition (AWS_PROFILE), or set another pool.region",
			"the credentials are of partition %s, and %s is in %s", p.Partition, p.Region, want)}, nil
	}
	return nil, nil
}

// connect has asked STS in this region, which answers only if the region is enabled.
func regionEnabled(context.Context, *patient) ([]finding, error) { return nil, nil }

// templateTypes are one type of each service that the templates use.
var templateTypes = []string{
	"AWS::ApiGatewayV2::Api", "AWS::CertificateManager::Certificate", "AWS::CloudWatch::Alarm", "AWS::Cognito::UserPool",
	"AWS::Events::Rule", "AWS::IAM::Role", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Logs::LogGroup",
	"AWS::Route53::RecordSet", "AWS::S3::Bucket", "AWS::SES::EmailIdentity", "AWS::SNS::Topic", "AWS::SQS::Queue",
}

func typesExist(ctx context.Context, p *patient) (found []finding, err error) {
	client := cloudformation.NewFromConfig(p.Config)
	for _, name := range templateTypes {
		_, err := client.DescribeType(ctx, &cloudformation.DescribeTypeInput{Type: cfntypes.RegistryTypeResource, TypeName: &name})
		switch {
		case hasCode(err, "TypeNotFoundException"):
			found = append(found, fail("set another pool.region", "CloudFormation has no %s in %s", name, p.Region))
		case err != nil:
			return found, err
		}
	}
	return found, nil
}

const (
	toolkitStack     = "CDKToolkit"
	bootstrapVersion = 6 // CDK's DefaultStackSynthesizer needs it
)

func bootstrapped(ctx context.Context, p *patient) ([]finding, error) {
	const remedy = "run make bootstrap"
	d, err := p.find(ctx, toolkitStack)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return []finding{fail(remedy, "there is no stack %s in %s", toolkitStack, p.Region)}, nil
	}
	if err := d.usable(); err != nil {
		return []finding{fail(remedy+" after that", "%s", err)}, nil
	}
	if version, err := strconv.Atoi(d.Outputs["BootstrapVersion"]); err != nil || version < bootstrapVersion {
		return []finding{fail(remedy, "its version is %q, and must be %d or newer", d.Outputs["BootstrapVersion"], bootstrapVersion)}, nil
	}
	return nil, nil
}

// roleActions are what restricted roles tend to lack.
var roleActions = []string{
	"apigateway:POST", "cloudwatch:PutMetricAlarm", "cognito-identity:CreateIdentityPool", "cognito-idp:CreateUserPool",
	"cognito-idp:UpdateUserPool", "events:PutRule", "iam:CreateRole", "iam:CreateServiceLinkedRole", "iam:PassRole",
	"kms:CreateGrant", "kms:CreateKey", "lambda:CreateFunction", "lambda:CreateEventSourceMapping", "logs:CreateLogDelivery",
	"logs:CreateLogGroup", "logs:PutResourcePolicy", "ses:CreateConfigurationSet", "ses:CreateEmailIdentity", "sns:CreateTopic", "sqs:CreateQueue",
}

func roleSuffices(ctx context.Context, p *patient) ([]finding, error) {
	role, err := cloudformation.NewFromConfig(p.Config).DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{
		StackName: aws.String(toolkitStack), LogicalResourceId: aws.String("CloudFormationExecutionRole"),
	})
	if hasCode(err, "ValidationError") {
		return []finding{note("there is no bootstrap stack with a role yet")}, nil
	}
	if err != nil {
		return nil, err
	}
	name := aws.ToString(role.StackResourceDetail.PhysicalResourceId)
	reply, err := iam.NewFromConfig(p.Config).SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(fmt.Sprintf("arn:%s:iam::%s:role/%s", p.Partition, p.ID, name)), ActionNames: roleActions,
	})
	if err != nil {
		return nil, err
	}
	var denied []string
	for _, r := range reply.EvaluationResults {
		if r.EvalDecision != iamtypes.PolicyEvaluationDecisionTypeAllowed {
			denied = append(denied, aws.ToString(r.EvalActionName))
		}
	}
	if len(denied) == 0 {
		return nil, nil
	}
	return []finding{fail("add them to its policies (cdk bootstrap --cloudformation-execution-policies)",
		"the role %s may not call %s", name, strings.Join(denied, ", "))}, nil
}

func (p *patient) identity(ctx context.Context) (*sesv2.GetEmailIdentityOutput, error) {
	reply, err := sesv2.NewFromConfig(p.Config).GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &p.Settings.Mail.Identity})
	if hasCode(err, "NotFoundException") {
		return nil, nil
	}
	return reply, err
}

func identityVerified(ctx context.Context, p *patient) ([]finding, error) {
	mail := p.Settings.Mail
	identity, err := p.identity(ctx)
	if err != nil {
		return nil, err
	}
	if identity == nil {
		return []finding{fail(p.deploy()+" STACK=Identity", "SES in %s has no identity %s", p.Region, mail.Identity)}, nil
	}
	var found []finding
	if !identity.VerifiedForSendingStatus {
		remedy := "add the DNS records that D7 names, and wait until SES sees them"
		if strings.Contains(mail.Identity, "@") {
			remedy = "open the link in the email that SES has sent to it"
		}
		state := string(identity.VerificationStatus)
		if identity.DkimAttributes != nil {
			state = "DKIM is " + string(identity.DkimAttributes.Status)
		}
		found = append(found, fail(remedy, "%s is not verified (%s)", mail.Identity, state))
	}
	if from := identity.MailFromAttributes; mail.MailFrom != "" {
		if from == nil || aws.ToString(from.MailFromDomain) != mail.MailFrom {
			found = append(found, warning(p.deploy()+" STACK=Identity", "its MAIL FROM domain is not %s", mail.MailFrom))
		} else if from.MailFromDomainStatus != sestypes.MailFromDomainStatusSuccess {
			found = append(found, warning("add the records that D7 names", "the MAIL FROM domain %s is %s", mail.MailFrom, from.MailFromDomainStatus))
		}
	}
	return found, nil
}

// senderInDNS looks for the records as receivers of emails do: the CNAME records of DKIM lead to
// TXT records.
func senderInDNS(ctx context.Context, p *patient) (found []finding, err error) {
	mail := p.Settings.Mail
	identity, err := p.identity(ctx)
	if err != nil {
		return nil, err
	}
	if identity != nil && identity.DkimAttributes != nil && !strings.Contains(mail.Identity, "@") {
		host := cmp.Or(aws.ToString(identity.DkimAttributes.SigningHostedZone), "dkim.amazonses.com")
		for _, token := range identity.DkimAttributes.Tokens {
			name := token + "._domainkey." + mail.Identity
			if ok, err := p.hasTXT(ctx, name, "p="); err != nil {
				return found, err
			} else if !ok {
				found = append(found, fail(fmt.Sprintf("add the record %s CNAME %s.%s", name, token, host), "DNS has no DKIM key at %s", name))
			}
		}
	}
	if mail.MailFrom != "" {
		if ok, err := p.hasTXT(ctx, mail.MailFrom, "include:amazonses.com"); err != nil {
			return found, err
		} else if !ok {
			found = append(found, warning(fmt.Sprintf(`add the record %s TXT "v=spf1 include:amazonses.com ~all"`, mail.MailFrom), "%s has no SPF record for SES", mail.MailFrom))
		}
		want := "feedback-smtp." + p.Region + ".amazonses.com"
		mx, err := p.dns.LookupMX(ctx, mail.MailFrom)
		if err = known(err); err != nil {
			return found, err
		}
		if !slices.ContainsFunc(mx, func(r *net.MX) bool { return strings.TrimSuffix(r.Host, ".") == want }) {
			found = append(found, warning(fmt.Sprintf("add the record %s MX 10 %s", mail.MailFrom, want), "%s has no MX record for SES", mail.MailFrom))
		}
	}
	_, domain, _ := strings.Cut(mail.From.Address, "@")
	domain = strings.ToLower(domain)
	// A parent's policy covers the domains below it (RFC 7489).
	for parent := domain; strings.Contains(parent, "."); _, parent, _ = strings.Cut(parent, ".") {
		ok, err := p.hasTXT(ctx, "_dmarc."+parent, "v=DMARC1")
		if ok || err != nil {
			return found, err
		}
	}
	return append(found, warning(fmt.Sprintf(`add the record _dmarc.%s TXT "%s"`, domain, cmp.Or(mail.DMARC, "v=DMARC1; p=none")), "%s has no DMARC policy, which Gmail and Yahoo expect of who sends in bulk", domain)), nil
}

// hasTXT reports whether a name has a TXT record with a text in it.
func (p *patient) hasTXT(ctx context.Context, name, part string) (bool, error) {
	records, err := p.dns.LookupTXT(ctx, name)
	return slices.ContainsFunc(records, func(r string) bool { return strings.Contains(r, part) }), known(err)
}

// known is an error of DNS, unless it says that there is no such record.
func known(err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return nil
	}
	return err
}

func sesAccount(ctx context.Context, p *patient) (found []finding, err error) {
	a, err := sesv2.NewFromConfig(p.Config).GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return nil, err
	}
	if !a.SendingEnabled {
		found = append(found, fail("read what AWS has sent to the owner of the account", "SES has paused sending in %s", p.Region))
	}
	if s := aws.ToString(a.EnforcementStatus); s != "" && s != "HEALTHY" {
		found = append(found, warning("read what AWS has sent to the owner of the account, and answer it", "SES has the account under review (%s)", s))
	}
	if !a.ProductionAccessEnabled {
		found = append(found, warning("request production access in the SES console", "SES is in its sandbox: only verified addresses get email"))
	}
	if q := a.SendQuota; q != nil && q.MaxSendRate < float64(p.Settings.Mail.Rate) {
		found = append(found, warning(fmt.Sprintf("set mail.rate to %g, or request a higher quota", q.MaxSendRate),
			"SES takes %g emails a second, and mail.rate is %d", q.MaxSendRate, p.Settings.Mail.Rate))
	}
	return found, nil
}

func suppressionList(ctx context.Context, p *patient) ([]finding, error) {
	a, err := sesv2.NewFromConfig(p.Config).GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return nil, err
	}
	if on := a.SuppressionAttributes != nil && len(a.SuppressionAttributes.SuppressedReasons) > 0; on || !p.Settings.SignUp.Email.RefuseSuppressed {
		return nil, nil
	}
	return []finding{warning("run aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT --region "+p.Region,
		"signUp.email.refuseSuppressed asks the account's suppression list, and SES adds nothing to it")}, nil
}

func serviceLinkedRole(ctx context.Context, p *patient) ([]finding, error) {
	const role = "AWSServiceRoleForAmazonCognitoIdpEmailService"
	if p.Settings.Mail.UsesCustomSender() {
		return nil, nil
	}
	_, err := iam.NewFromConfig(p.Config).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(role)})
	if hasCode(err, "NoSuchEntity", "NoSuchEntityException") {
		return []finding{note("%s does not exist yet; Cognito creates it with the first pool that sends through SES", role)}, nil
	}
	return nil, err
}

// resource is what Cloud Control tells about a resource, or nil if there is none. One API has the
// properties of what would take a client each.
func (p *patient) resource(ctx context.Context, kind, id string, into any) (bool, error) {
	reply, err := cloudcontrol.NewFromConfig(p.Config).GetResource(ctx, &cloudcontrol.GetResourceInput{TypeName: &kind, Identifier: &id})
	if hasCode(err, "ResourceNotFoundException") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal([]byte(aws.ToString(reply.ResourceDescription.Properties)), into)
}

// linkHost looks at every host of the link page, links.host and the former ones.
func linkHost(ctx context.Context, p *patient) (found []finding, err error) {
	links := p.Settings.Links
	if links.Host == "" && p.Flags.Stage != "dev" {
		found = append(found, warning("set links.host", "links lead to an address of API Gateway, not to your domain"))
	}
	ours, zones := p.deployed.ids("AWS::ApiGatewayV2::DomainName"), map[string]settings.HostedZone{"mail.hostedZone": p.Settings.Mail.HostedZone}
	for _, h := range links.HostsIn(p.Flags.Stage) {
		if !slices.Contains(ours, h.Host) {
			taken, err := p.resource(ctx, "AWS::ApiGatewayV2::DomainName", h.Host, &struct{}{})
			if err != nil {
				return found, err
			}
			if taken {
				found = append(found, fail("set another host, or delete that domain name in API Gateway",
					"%s belongs to another API of this account", h.Host))
			}
		}
		if h.CertificateARN != "" {
			f, err := p.certificate(ctx, h.CertificateARN, h.Host)
			found = append(found, f...)
			if err != nil {
				return found, err
			}
		}
		zones["the hosted zone of "+h.Host] = h.HostedZone
	}
	for _, key := range slices.Sorted(maps.Keys(zones)) {
		f, err := p.zone(ctx, key, zones[key])
		found = append(found, f...)
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

func (p *patient) certificate(ctx context.Context, arn, host string) (found []finding, err error) {
	reply, err := acm.NewFromConfig(p.Config).DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	if hasCode(err, "ResourceNotFoundException") {
		return []finding{fail("request one in AWS Certificate Manager", "the certificate of %s does not exist in %s", host, p.Region)}, nil
	}
	if err != nil {
		return nil, err
	}
	c := reply.Certificate
	if c.Status != acmtypes.CertificateStatusIssued {
		found = append(found, fail("add the DNS record that AWS Certificate Manager shows, and wait", "the certificate of %s is %s", host, c.Status))
	}
	names := append([]string{aws.ToString(c.DomainName)}, c.SubjectAlternativeNames...)
	_, parent, _ := strings.Cut(host, ".")
	if !slices.Contains(names, host) && !slices.Contains(names, "*."+parent) {
		found = append(found, fail("request one that covers it", "the certificate of %s does not cover it", host))
	}
	return found, nil
}

// zone checks that the world asks a hosted zone.
func (p *patient) zone(ctx context.Context, key string, z settings.HostedZone) ([]finding, error) {
	if z.ID == "" {
		return nil, nil
	}
	var zone struct {
		Name        string
		NameServers []string
		VPCs        []any
	}
	exists, err := p.resource(ctx, "AWS::Route53::HostedZone", z.ID, &zone)
	if err != nil {
		return nil, err
	}
	remedy := "set " + key + " to the public zone of the domain"
	switch {
	case !exists:
		return []finding{fail(remedy, "%s: this account has no hosted zone %s", key, z.ID)}, nil
	case strings.TrimSuffix(zone.Name, ".") != z.Name:
		return []finding{fail(remedy, "%s: the zone %s is that of %s, not of %s", key, z.ID, strings.TrimSuffix(zone.Name, "."), z.Name)}, nil
	case len(zone.VPCs) > 0:
		return []finding{fail(remedy, "%s: the zone %s is private", key, z.ID)}, nil
	}
	servers, err := p.dns.LookupNS(ctx, z.Name)
	if err = known(err); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(servers, func(s *net.NS) bool { return slices.Contains(zone.NameServers, strings.TrimSuffix(s.Host, ".")) }) {
		return []finding{fail("set the domain's name servers to "+strings.Join(zone.NameServers, ", "), "%s: DNS does not ask the zone %s for %s", key, z.ID, z.Name)}, nil
	}
	return nil, nil
}

func domainPrefix(ctx context.Context, p *patient) ([]finding, error) {
	if p.Settings.SignIn.FacebookAppID == "" {
		return nil, nil
	}
	prefix := p.Settings.SignIn.DomainPrefixIn(p.Flags.Stage)
	reply, err := cognitoidentityprovider.NewFromConfig(p.Config).DescribeUserPoolDomain(ctx, &cognitoidentityprovider.DescribeUserPoolDomainInput{Domain: &prefix})
	if err != nil {
		return nil, err
	}
	pool := ""
	if reply.DomainDescription != nil {
		pool = aws.ToString(reply.DomainDescription.UserPoolId)
	}
	if pool == "" || p.deployed != nil && pool == p.deployed.Outputs["UserPoolId"] {
		return nil, nil // whether another account has it, nobody can ask
	}
	return []finding{fail("set another signIn.domainPrefix", "%s belongs to the pool %s", prefix, pool)}, nil
}

// facebookSecret looks at the secret's description. Its value stays where it is.
func facebookSecret(ctx context.Context, p *patient) ([]finding, error) {
	s := p.Settings.SignIn
	if s.FacebookAppID == "" {
		return nil, nil
	}
	reply, err := secretsmanager.NewFromConfig(p.Config).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &s.FacebookSecret})
	const remedy = "store the app's secret, as bare text, in Secrets Manager"
	switch {
	case hasCode(err, "ResourceNotFoundException"):
		return []finding{fail(remedy, "there is no secret %s in %s", s.FacebookSecret, p.Region)}, nil
	case err != nil:
		return nil, err
	case reply.DeletedDate != nil:
		return []finding{fail("restore it", "the secret %s is scheduled for deletion", s.FacebookSecret)}, nil
	case len(reply.VersionIdsToStages) == 0:
		return []finding{fail(remedy, "the secret %s has no value", s.FacebookSecret)}, nil
	}
	if _, ok := reply.VersionIdsToStages[s.FacebookSecretVersion]; s.FacebookSecretVersion != "" && !ok {
		return []finding{fail("set the VersionId that aws secretsmanager list-secret-version-ids lists", "the secret has no version of signIn.facebookSecretVersion")}, nil
	}
	return []finding{note("whether the value is bare text, as it must be, and not JSON is not looked at")}, nil
}

// reserve is how many functions must be able to run beside send-mail: the triggers of a few people
// at once.
const reserve = 5

func concurrency(ctx context.Context, p *patient) ([]finding, error) {
	reply, err := lambda.NewFromConfig(p.Config).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil || reply.AccountLimit == nil {
		return nil, err
	}
	limit, senders := int(reply.AccountLimit.ConcurrentExecutions), p.Settings.Mail.MaxConcurrency()
	if senders+reserve <= limit {
		return nil, nil
	}
	return []finding{warning("set a lower mail.rate, or request a higher quota for concurrent executions",
		"%d functions can run at once, and send-mail may take %d of them", limit, senders)}, nil
}

// Limits of CloudWatch Logs (user guide, "Enabling logging from AWS services").
const (
	maxLogPolicies  = 10
	maxLogPolicy    = 5120 // characters
	roomOfLogPolicy = 300  // that an access log may need
)

func logPolicies(ctx context.Context, p *patient) (found []finding, err error) {
	client := cloudwatchlogs.NewFromConfig(p.Config)
	policies := 0
	for in := (&cloudwatchlogs.DescribeResourcePoliciesInput{}); ; {
		reply, err := client.DescribeResourcePolicies(ctx, in)
		if err != nil {
			return found, err
		}
		policies += len(reply.ResourcePolicies)
		for _, r := range reply.ResourcePolicies {
			if n := len(aws.ToString(r.PolicyDocument)); n > maxLogPolicy-roomOfLogPolicy {
				found = append(found, warning("remove entries of log groups that are gone (aws logs put-resource-policy)",
					"the policy %s has %d of %d characters; access logs outside /aws/vendedlogs/ may not be created", aws.ToString(r.PolicyName), n, maxLogPolicy))
			}
		}
		if in.NextToken = reply.NextToken; in.NextToken == nil {
			break
		}
	}
	if policies >= maxLogPolicies {
		found = append(found, warning("delete one that nobody needs (aws logs delete-resource-policy)", "the region has %d resource policies of logs, the most there can be", policies))
	}
	return found, nil
}

func signUpQuota(ctx context.Context, p *patient) ([]finding, error) {
	reply, err := servicequotas.NewFromConfig(p.Config).GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{
		ServiceCode: aws.String("cognito-idp"), QuotaCode: aws.String("L-5987B8A0"), // Rate of UserCreation requests
	})
	if err != nil {
		return nil, err
	}
	// SignUp and ConfirmSignUp are both of the category UserCreation.
	return []finding{note("%g requests of UserCreation a second, so %[1]g/2 sign-ups with their confirmations", aws.ToFloat64(reply.Quota.Value))}, nil
}

// stackState also finds the stack of a pool that was renamed.
func stackState(ctx context.Context, p *patient) ([]finding, error) {
	d, err := p.find(ctx, p.StackName)
	if err != nil {
		return nil, err
	}
	if d != nil {
		if err := d.usable(); err != nil {
			cause, remedy, _ := strings.Cut(err.Error(), ": ")
			return []finding{fail(remedy, "%s", cause)}, nil
		}
		if status := string(d.Stack.StackStatus); strings.HasSuffix(status, "_IN_PROGRESS") {
			return []finding{warning("wait until it is complete", "the stack is in %s", status)}, nil
		}
		return nil, nil
	}
	var others []string
	pages := cloudformation.NewDescribeStacksPaginator(cloudformation.NewFromConfig(p.Config), &cloudformation.DescribeStacksInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Stacks {
			if strings.HasPrefix(aws.ToString(s.StackName), "Poolpost-") && p.sameTags(s.Tags) {
				others = append(others, aws.ToString(s.StackName))
			}
		}
	}
	if len(others) == 0 {
		return []finding{note("there is no stack %s yet", p.StackName)}, nil
	}
	return []finding{warning("if you have renamed the pool or the stage, change the name back, or you get a second, empty pool",
		"there is no stack %s, but %s with the same tags", p.StackName, strings.Join(others, ", "))}, nil
}

// sameTags reports whether a stack has the tags of the settings and the stage.
func (p *patient) sameTags(tags []cfntypes.Tag) bool {
	has := func(key, value string) bool {
		return slices.ContainsFunc(tags, func(t cfntypes.Tag) bool { return aws.ToString(t.Key) == key && aws.ToString(t.Value) == value })
	}
	for key, value := range p.Settings.Pool.Tags {
		if !has(key, value) {
			return false
		}
	}
	return has("Stage", p.Flags.Stage)
}

func upgradeGuard(context.Context, *patient) ([]finding, error) {
	return []finding{note("run poolpost plan to see what a deployment would replace or delete")}, nil
}

// leftovers are what stacks of this name have left behind: CloudFormation tags what it creates.
func leftovers(ctx context.Context, p *patient) ([]finding, error) {
	now := p.deployed.ids("")
	var found []finding
	pages := resourcegroupstaggingapi.NewGetResourcesPaginator(resourcegroupstaggingapi.NewFromConfig(p.Config), &resourcegroupstaggingapi.GetResourcesInput{
		ResourceTypeFilters: []string{"cognito-idp:userpool", "kms:key", "s3"},
		TagFilters:          []taggingtypes.TagFilter{{Key: aws.String("aws:cloudformation:stack-name"), Values: []string{p.StackName}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return found, err
		}
		for _, r := range page.ResourceTagMappingList {
			arn := aws.ToString(r.ResourceARN)
			if id := arn[strings.LastIndexAny(arn, "/:")+1:]; !slices.Contains(now, id) {
				found = append(found, warning("delete it when nobody needs what is in it", "%s was left behind by an earlier stack of this name", arn))
			}
		}
	}
	return found, nil
}

const minNode = 22

func nodeVersion(ctx context.Context, p *patient) ([]finding, error) {
	const remedy = "install Node.js 22 or newer from https://nodejs.org/"
	out, err := p.run(ctx, "node", "--version")
	if err != nil {
		return []finding{fail(remedy, "the CDK needs node, which cannot be run")}, nil
	}
	version := strings.TrimSpace(out)
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < minNode {
		return []finding{fail(remedy, "node is %s", version)}, nil
	}
	return nil, nil
}

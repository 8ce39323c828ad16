package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"poolpost/internal/attach"
	"poolpost/internal/bundle"
	"poolpost/internal/settings"
)

// afterDeployment are the checks of what is deployed. CloudFormation does not notice what somebody
// changed in a console.
var afterDeployment = []check{
	{"A1", "pool as in the settings", "cognito-idp:DescribeUserPool", poolAsInSettings},
	{"A2", "permission of the triggers", "lambda:GetPolicy", triggersAllowed},
	{"A3", "functions", "lambda:GetFunction logs:DescribeLogGroups", functionsActive},
	{"A4", "mail queue to send-mail", "lambda:ListEventSourceMappings", queueConnected},
	{"A5", "key of the codes", "kms:DescribeKey kms:ListGrants", keyUsable},
	{"A6", "feedback of SES", "ses:GetConfigurationSet ses:GetConfigurationSetEventDestinations cloudformation:GetResource events:DescribeRule events:ListTargetsByRule events:ListTagsForResource", feedbackConnected},
	{"A7", "queues", "sqs:GetQueueAttributes", queuesEmpty},
	{"A8", "alarms", "cloudwatch:DescribeAlarms sns:ListSubscriptionsByTopic", alarmsNotify},
	{"A9", "page behind links", "", pageAnswers},
	{"A10", "app clients", "cognito-idp:ListUserPoolClients cognito-idp:DescribeUserPoolClient", clientsAsInSettings},
}

// undo is the remedy for a difference that CloudFormation does not see.
const undo = "undo it in the console: a deployment changes nothing that is the same in the template"

// differences collects what is not as it should be.
type differences []finding

func (d *differences) compare(what string, got, want any) {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		*d = append(*d, fail(undo, "%s is %s, and should be %s", what, orNone(g), orNone(w)))
	}
}

func orNone(s string) string {
	if s == "" || s == "[]" {
		return "missing"
	}
	return s
}

func poolAsInSettings(ctx context.Context, p *patient) ([]finding, error) {
	id := p.deployed.Outputs["UserPoolId"]
	reply, err := cognitoidentityprovider.NewFromConfig(p.Config).DescribeUserPool(ctx, &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: &id})
	if hasCode(err, "ResourceNotFoundException") {
		return []finding{fail("delete the stack and deploy again; its users are gone", "the pool %s does not exist", id)}, nil
	}
	if err != nil {
		return nil, err
	}
	pool, set := reply.UserPool, p.Settings
	if set.Pool.Exists() {
		return existingPoolAsInSettings(ctx, p, pool)
	}
	var d differences

	triggers := pool.LambdaConfig
	if triggers == nil {
		triggers = &cognitotypes.LambdaConfigType{}
	}
	sender, key := triggers.CustomEmailSender, ""
	if sender == nil {
		sender = &cognitotypes.CustomEmailLambdaVersionConfigType{}
	}
	if keys := p.deployed.ids("AWS::KMS::Key"); len(keys) > 0 && set.Mail.UsesCustomSender() {
		key = keys[0]
	}
	for name, got := range map[string]*string{
		"pre-sign-up": triggers.PreSignUp, "post-confirmation": triggers.PostConfirmation,
		"custom-message": triggers.CustomMessage, "custom-email-sender": sender.LambdaArn,
	} {
		d.compare("the trigger "+name, aws.ToString(got), p.deployed.functionARN(name))
	}
	if set.Invitations.FollowUp {
		d.compare("the trigger PreTokenGeneration", aws.ToString(triggers.PreTokenGeneration), p.deployed.functionARN("post-confirmation"))
	}
	usedKey := aws.ToString(triggers.KMSKeyID)
	d.compare("the key of the codes", usedKey[strings.LastIndex(usedKey, "/")+1:], key)

	email := pool.EmailConfiguration
	if email == nil {
		email = &cognitotypes.EmailConfigurationType{}
	}
	d.compare("EmailSendingAccount", email.EmailSendingAccount, cognitotypes.EmailSendingAccountTypeDeveloper)
	if from := aws.ToString(email.From); !strings.HasSuffix(strings.TrimSuffix(from, ">"), set.Mail.From.Address) {
		d.compare("the sender", "another address", "mail.from.address")
	}
	d.compare("the SES identity", aws.ToString(email.SourceArn), p.arn("ses", "identity/"+set.Mail.SourceIdentity()))
	d.compare("the configuration set", aws.ToString(email.ConfigurationSet), strings.Join(p.deployed.ids("AWS::SES::ConfigurationSet"), ", "))

	d.compare("the feature plan", pool.UserPoolTier, cognitotypes.UserPoolTierTypeEssentials)
	protection := cognitotypes.DeletionProtectionTypeInactive
	if p.Flags.Stage != "dev" {
		protection = cognitotypes.DeletionProtectionTypeActive
	}
	d.compare("deletion protection", pool.DeletionProtection, protection)
	d.described(pool, set)
	return d, nil
}

// described compares what the settings also say of a pool that exists.
func (d *differences) described(pool *cognitotypes.UserPoolType, set *settings.Settings) {
	d.compare("MFA", pool.MfaConfiguration, map[string]cognitotypes.UserPoolMfaType{"off": "OFF", "optional": "OPTIONAL", "required": "ON"}[set.Pool.MFA])
	if rules, device := set.Pool.DeviceRules(), pool.DeviceConfiguration; rules.Tracked != (device != nil) {
		d.compare("remembering devices", device != nil, rules.Tracked)
	} else if device != nil {
		d.compare("asking to remember a device", device.DeviceOnlyRememberedOnUserPrompt, rules.OnPrompt)
	}
	if admin := pool.AdminCreateUserConfig; admin != nil {
		d.compare("self sign-up", !admin.AllowAdminCreateUserOnly, set.Pool.SelfSignUp)
	}
	if pool.Policies != nil && pool.Policies.PasswordPolicy != nil {
		got, want := pool.Policies.PasswordPolicy, set.Pool.PasswordPolicy
		d.compare("the least length of a password", aws.ToInt32(got.MinimumLength), want.MinimumLength)
		d.compare("the size of the password history", aws.ToInt32(got.PasswordHistorySize), want.HistorySize)
		d.compare("requiring digits, lower case, upper case, symbols",
			[]bool{got.RequireNumbers, got.RequireLowercase, got.RequireUppercase, got.RequireSymbols},
			[]bool{want.RequireNumbers, want.RequireLowercase, want.RequireUppercase, want.RequireSymbols})
	}
	if failure := aws.ToString(pool.EmailConfigurationFailure); failure != "" {
		*d = append(*d, fail("see D6 and D8", "Cognito reports that it cannot send (%s)", failure))
	}
}

// existingPoolAsInSettings looks whether the stack is attached, and whether the settings describe the
// pool as it is.
func existingPoolAsInSettings(ctx context.Context, p *patient, pool *cognitotypes.UserPoolType) (found []finding, err error) {
	stack, err := p.deployed.forPool(ctx)
	if err != nil {
		return nil, err
	}
	stack.ReplaceDefaultSender = true // attach asks
	whole, err := p.describeUserPool(ctx, aws.ToString(pool.Id))
	if err != nil {
		return nil, err
	}
	plan, err := attach.Attach(whole, stack, nil)
	if err != nil {
		return nil, err
	}
	for _, text := range plan.Refused {
		found = append(found, fail("see docs/adopt.md", "%s", text))
	}
	for _, change := range plan.Changes {
		found = append(found, fail("run poolpost attach", "the stack is not attached, or something else deployed the pool since: %s", change))
	}
	var d differences
	d.described(pool, p.Settings)
	for _, f := range d {
		found = append(found, warning("write in the settings what the pool has, so that the local run has such a pool", "%s", f.Cause))
	}
	return found, nil
}

func (a *account) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", a.Partition, service, a.Region, a.ID, resource)
}

func triggersAllowed(ctx context.Context, p *patient) (found []finding, err error) {
	client := lambda.NewFromConfig(p.Config)
	pool := p.arn("cognito-idp", "userpool/"+p.deployed.Outputs["UserPoolId"])
	for _, name := range []string{"custom-email-sender", "custom-message", "post-confirmation", "pre-sign-up"} {
		arn := p.deployed.functionARN(name)
		if arn == "" {
			continue
		}
		reply, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &arn})
		if err != nil && !hasCode(err, "ResourceNotFoundException") {
			return found, err
		}
		if err != nil || !strings.Contains(aws.ToString(reply.Policy), `"cognito-idp.amazonaws.com"`) || !strings.Contains(aws.ToString(reply.Policy), `"`+pool+`"`) {
			found = append(found, fail("give it back with aws lambda add-permission, or delete and deploy the stack again",
				"the pool may not invoke %s, so what needs it fails", name))
		}
	}
	return found, nil
}

func functionsActive(ctx context.Context, p *patient) (found []finding, err error) {
	for _, f := range bundle.FunctionsOf(p.Settings) {
		deployed, ok := p.deployed.functions[f.Name]
		if !ok {
			found = append(found, fail(p.deploy(), "%s is not deployed", f.Name))
			continue
		}
		c := deployed.Configuration
		if c.State != lambdatypes.StateActive && c.State != lambdatypes.StateInactive { // Inactive: idle for weeks
			found = append(found, fail(p.deploy(), "%s is %s: %s", f.Name, c.State, aws.ToString(c.StateReason)))
		}
		if c.LastUpdateStatus == lambdatypes.LastUpdateStatusFailed {
			found = append(found, fail(p.deploy(), "the last update of %s failed: %s", f.Name, aws.ToString(c.LastUpdateStatusReason)))
		}
		if !slices.Contains(c.Architectures, lambdatypes.ArchitectureArm64) {
			found = append(found, fail(undo, "%s is not for arm64, and its binary is", f.Name))
		}
		if r := deployed.Concurrency; r != nil && aws.ToInt32(r.ReservedConcurrentExecutions) == 0 {
			found = append(found, fail("run aws lambda delete-function-concurrency --function-name "+aws.ToString(c.FunctionName), "%s is switched off by a reserved concurrency of 0", f.Name))
		}
		group := logGroup(c)
		reply, err := cloudwatchlogs.NewFromConfig(p.Config).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
		if err != nil {
			return found, err
		}
		if len(reply.LogGroups) == 0 {
			found = append(found, warning("create it: the function may not", "the log group %s of %s is gone, so its lines and metrics are lost", group, f.Name))
		}
	}
	return found, nil
}

func queueConnected(ctx context.Context, p *patient) (found []finding, err error) {
	arn := p.deployed.functionARN("send-mail")
	reply, err := lambda.NewFromConfig(p.Config).ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{FunctionName: &arn})
	if err != nil {
		return nil, err
	}
	queue := p.deployed.Outputs["MailQueueUrl"]
	queue = queue[strings.LastIndex(queue, "/")+1:]
	i := slices.IndexFunc(reply.EventSourceMappings, func(m lambdatypes.EventSourceMappingConfiguration) bool {
		return strings.HasSuffix(aws.ToString(m.EventSourceArn), ":"+queue)
	})
	if i < 0 {
		return []finding{fail("delete and deploy the stack again, or add the trigger in the Lambda console", "send-mail does not read the mail queue: emails wait")}, nil
	}
	m := reply.EventSourceMappings[i]
	var d differences
	if state := aws.ToString(m.State); state != "Enabled" {
		d = append(d, fail("enable it: aws lambda update-event-source-mapping --enabled --uuid "+aws.ToString(m.UUID), "the mapping of the mail queue is %s: emails wait", state))
	}
	senders := int32(0)
	if m.ScalingConfig != nil {
		senders = aws.ToInt32(m.ScalingConfig.MaximumConcurrency)
	}
	d.compare("the maximum of senders", senders, p.Settings.Mail.MaxConcurrency())
	d.compare("the type of answers", m.FunctionResponseTypes, []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures})
	return d, nil
}

func keyUsable(ctx context.Context, p *patient) ([]finding, error) {
	keys := p.deployed.ids("AWS::KMS::Key")
	if len(keys) == 0 || !p.Settings.Mail.UsesCustomSender() {
		return nil, nil
	}
	client := kms.NewFromConfig(p.Config)
	reply, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keys[0]})
	if err != nil {
		return nil, err
	}
	if m := reply.KeyMetadata; !m.Enabled {
		return []finding{fail("aws kms cancel-key-deletion and enable-key, with --key-id "+keys[0], "the key is %s: Cognito cannot encrypt codes, and sign-ups fail", m.KeyState)}, nil
	}
	pages := kms.NewListGrantsPaginator(client, &kms.ListGrantsInput{KeyId: &keys[0]})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.Grants {
			if strings.HasPrefix(aws.ToString(g.GranteePrincipal), "cognito-idp.") {
				return nil, nil
			}
		}
	}
	return []finding{warning("run poolpost smoke; if sign-ups fail, deploy the pool again with a role that has kms:CreateGrant",
		"Cognito has no grant on the key, or one under another name")}, nil
}

func feedbackConnected(ctx context.Context, p *patient) (found []finding, err error) {
	sets := p.deployed.ids("AWS::SES::ConfigurationSet")
	if len(sets) == 0 {
		return []finding{fail(p.deploy(), "the stack has no configuration set")}, nil
	}
	client := sesv2.NewFromConfig(p.Config)
	set, err := client.GetConfigurationSet(ctx, &sesv2.GetConfigurationSetInput{ConfigurationSetName: &sets[0]})
	if hasCode(err, "NotFoundException") {
		return []finding{fail("delete and deploy the stack again", "the configuration set %s is gone: no email can be sent", sets[0])}, nil
	}
	if err != nil {
		return nil, err
	}
	if set.SendingOptions != nil && !set.SendingOptions.SendingEnabled {
		found = append(found, fail("run aws sesv2 put-configuration-set-sending-options --sending-enabled --configuration-set-name "+sets[0], "sending with the configuration set %s is paused", sets[0]))
	}
	events, err := client.GetConfigurationSetEventDestinations(ctx, &sesv2.GetConfigurationSetEventDestinationsInput{ConfigurationSetName: &sets[0]})
	if err != nil {
		return found, err
	}
	connected := false
	for _, d := range events.EventDestinations {
		connected = connected || d.Enabled && d.EventBridgeDestination != nil
	}
	if !connected {
		found = append(found, fail(undo, "SES sends no events of %s to EventBridge: bounces are not counted", sets[0]))
	}
	for _, name := range p.deployed.ids("AWS::Events::Rule") {
		var rule struct {
			State   string
			Targets []struct{ Arn string }
		}
		exists, err := p.resource(ctx, "AWS::Events::Rule", p.arn("events", "rule/"+name), &rule)
		if err != nil {
			return found, err
		}
		if !exists || rule.State == "DISABLED" || len(rule.Targets) == 0 {
			found = append(found, fail("run aws events enable-rule --name "+name+", or deploy the stack again", "the rule %s does not pass on events: it is gone, disabled or without a target", name))
		}
	}
	return found, nil
}

func queuesEmpty(ctx context.Context, p *patient) (found []finding, err error) {
	client := sqs.NewFromConfig(p.Config)
	for _, queue := range []struct{ output, what string }{
		{"DeadLetterQueueUrl", "emails could not be sent"}, {"FailedEventsQueueUrl", "events could not be processed"},
	} {
		url := p.deployed.Outputs[queue.output]
		const messages = sqstypes.QueueAttributeNameApproximateNumberOfMessages
		reply, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{messages}})
		if err != nil {
			return found, err
		}
		if n, _ := strconv.Atoi(reply.Attributes[string(messages)]); n > 0 {
			found = append(found, warning("run poolpost dead-letters", "%d %s", n, queue.what))
		}
	}
	return found, nil
}

func alarmsNotify(ctx context.Context, p *patient) (found []finding, err error) {
	names := p.deployed.ids("AWS::CloudWatch::Alarm")
	client := cloudwatch.NewFromConfig(p.Config)
	for batch := range slices.Chunk(names, 100) { // the most that an answer has
		reply, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: batch, MaxRecords: aws.Int32(100)})
		if err != nil {
			return found, err
		}
		if missing := len(batch) - len(reply.MetricAlarms); missing > 0 {
			found = append(found, fail("delete and deploy the stack again", "%d alarms are gone", missing))
		}
		for _, a := range reply.MetricAlarms {
			name := aws.ToString(a.AlarmName)
			if a.StateValue == cwtypes.StateValueAlarm {
				found = append(found, warning("read its description", "the alarm %s is on", name))
			}
			if !aws.ToBool(a.ActionsEnabled) {
				found = append(found, warning("run aws cloudwatch enable-alarm-actions --alarm-names "+name, "the alarm %s notifies nobody", name))
			}
		}
	}
	for _, topic := range p.deployed.ids("AWS::SNS::Topic") {
		reply, err := sns.NewFromConfig(p.Config).ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
		if err != nil {
			return found, err
		}
		confirmed := 0
		for _, s := range reply.Subscriptions {
			if strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:") {
				confirmed++
			}
		}
		switch {
		case len(reply.Subscriptions) == 0:
			found = append(found, warning("set alarms.email, or subscribe somebody to "+topic, "nobody is notified of alarms"))
		case confirmed < len(reply.Subscriptions):
			found = append(found, warning("open the link in the email of SNS", "%d of %d subscriptions to alarms wait to be confirmed", len(reply.Subscriptions)-confirmed, len(reply.Subscriptions)))
		}
	}
	return found, nil
}

// pageAnswers asks the page as a monitor would, at every host.
func pageAnswers(ctx context.Context, p *patient) ([]finding, error) {
	base, links := p.deployed.Outputs["LinksUrl"], p.Settings.Links
	var d differences
	if host := links.EmailHostIn(p.Flags.Stage); host != "" {
		d.compare("the address of links", base, "https://"+host)
	}
	addresses := []string{base}
	for _, h := range links.HostsIn(p.Flags.Stage) {
		if address := "https://" + h.Host; address != base {
			addresses = append(addresses, address)
		}
	}
	for _, address := range addresses {
		f, err := p.health(ctx, address)
		if err != nil {
			return d, err
		}
		if !links.HostInEmails && address == "https://"+links.HostIn(p.Flags.Stage) {
			if len(f) == 0 {
				f = []finding{note("%s answers, so links.hostInEmails can be true", address)}
			} else {
				f = []finding{warning("add its DNS record (output LinksTarget), then set links.hostInEmails to true", "%s is not ready: %s", address, f[0].Cause)}
			}
		}
		d = append(d, f...)
	}
	return d, nil
}

// health asks one address of the page.
func (p *patient) health(ctx context.Context, base string) ([]finding, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health", nil)
	if err != nil {
		return nil, err
	}
	reply, err := p.http.Do(request)
	if err != nil {
		var asked *url.Error
		if errors.As(err, &asked) {
			err = asked.Err
		}
		return []finding{fail("check the record of the host (output LinksTarget), its certificate and the network", "%s/health cannot be reached: %s", base, oneLine(err.Error()))}, nil
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(reply.Body, 1<<16))
	if reply.StatusCode != http.StatusOK {
		return []finding{fail("read the log: poolpost logs --function verify-link", "%s/health answers %s", base, reply.Status)}, nil
	}
	if reply.Header.Get("X-Robots-Tag") == "" || reply.Header.Get("Content-Security-Policy") == "" {
		return []finding{fail("check where the record of the host leads", "%s/health is not answered by verify-link: its headers are missing", base)}, nil
	}
	return nil, nil
}

func clientsAsInSettings(ctx context.Context, p *patient) ([]finding, error) {
	client := cognitoidentityprovider.NewFromConfig(p.Config)
	pool := p.deployed.Outputs["UserPoolId"]
	var ids map[string]string
	if err := json.Unmarshal([]byte(p.deployed.Outputs["ClientIds"]), &ids); err != nil {
		return nil, fmt.Errorf("read the output ClientIds: %w", err)
	}
	all, err := p.deployed.appClients(ctx, pool)
	if err != nil {
		return nil, err
	}
	exist := map[string]string{} // names by ID
	for _, c := range all {
		exist[aws.ToString(c.ClientId)] = aws.ToString(c.ClientName)
	}
	var d differences
	for _, c := range p.Settings.Clients {
		id := ids[c.Name]
		if id == "" {
			d = append(d, fail(p.deploy(), "the client %s is not deployed", c.Name))
			continue
		}
		if _, ok := exist[id]; !ok {
			d = append(d, fail(goneRemedy(p), "the client %s (%s) is gone", c.Name, id))
			continue
		}
		delete(exist, id)
		reply, err := client.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &id})
		if err != nil {
			return d, err
		}
		got, want := reply.UserPoolClient, p.Settings.Access(c)
		exists := p.Settings.Pool.Exists()
		switch hasSecret := got.ClientSecret != nil; {
		case exists && hasSecret != (c.Existing.Secret != ""):
			d = append(d, fail("run poolpost attach, which says what to do", "the client %s has a secret, or clients[].existing.secret names one: both or neither", c.Name))
		case !exists && hasSecret:
			d = append(d, fail("rename the client in the settings and deploy", "the client %s has a secret, which links and front ends do not send", c.Name))
		}
		if !exists {
			var flows []string
			for _, f := range got.ExplicitAuthFlows {
				flows = append(flows, string(f))
			}
			d.compare("the list of flows of "+c.Name, slices.Sorted(slices.Values(flows)), slices.Sorted(slices.Values(want.AuthFlows)))
			d.compare("what "+c.Name+" may read", slices.Sorted(slices.Values(got.ReadAttributes)), want.Reads)
			d.compare("what "+c.Name+" may write", slices.Sorted(slices.Values(got.WriteAttributes)), want.Writes)
		}
		for _, name := range []string{"send-mail", "verify-link"} {
			f := p.deployed.functions[name]
			if f == nil || f.Configuration.Environment == nil || !strings.Contains(f.Configuration.Environment.Variables["USER_POOL_CLIENTS"], `"`+id+`"`) {
				d = append(d, fail(p.deploy(), "%s does not know the client %s", name, c.Name))
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(exist)) {
		if p.Settings.Pool.Exists() {
			d = append(d, note("the client %s (%s) is in no settings, and served as the first client", exist[id], id))
			continue
		}
		d = append(d, warning("run poolpost delete-client "+exist[id]+", or add it to the settings: it is served as the first client", "the client %s (%s) is in no settings", exist[id], id))
	}
	return d, nil
}

func goneRemedy(p *patient) string {
	if p.Settings.Pool.Exists() {
		return "name another one of the pool as clients[].existing.id, and deploy"
	}
	return "rename it in the settings and deploy, which makes a new one"
}

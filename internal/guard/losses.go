package guard

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"poolpost/internal/settings"
)

// A Loss is something that an update would lose. A person can allow it by KIND=NAME.
type Loss struct {
	Kind string // such as CLIENT
	Name string // such as web; the logical ID if the template does not have a name
	ID   string // the logical ID of the resource
	Text string // what would be lost, and how to avoid it: one or more sentences
	// Impossible is a change that AWS refuses: the update would be rolled back, so it cannot be
	// allowed.
	Impossible bool
}

// Key is what allows the loss; KIND=ID does too.
func (l Loss) Key() string { return l.Kind + "=" + l.Name }

// String is one line.
func (l Loss) String() string {
	if l.Impossible {
		return l.Key() + ": " + l.Text
	}
	return l.Key() + ": " + l.Text + " To lose it, --allow " + l.Key() + "."
}

// A kind is a type of resource that holds what cannot be had back.
type kind struct {
	key, what string
	name      string // the property with its name; empty if CloudFormation makes one up
	loses     string // what goes with it
	remedy    string // for settings; empty: nothing but to leave it as it is
}

var kinds = map[string]kind{
	"AWS::Cognito::UserPool":       {"POOL", "user pool", "UserPoolName", "all users", ""},
	"AWS::Cognito::UserPoolClient": {"CLIENT", "app client", "ClientName", "its client ID, which front ends have, and its sessions", ""},
	"AWS::Cognito::UserPoolGroup":  {"GROUP", "group", "GroupName", "who is in it", ""},
	"AWS::Cognito::IdentityPool": {"IDENTITY-POOL", "identity pool", "IdentityPoolName",
		"all identity IDs, and the way to what is stored under them", "Keep identityPool.enabled."},
	"AWS::KMS::Key": {"KEY", "key", "", "what is encrypted with it, such as codes in emails that wait to be sent",
		"Before you change mail.delivery, wait until the mail queue and both queues of failures are empty."},
	"AWS::SQS::Queue":      {"QUEUE", "queue", "QueueName", "what waits in it", ""},
	"AWS::S3::Bucket":      {"BUCKET", "bucket", "BucketName", "the objects in it", "Keep identityPool.exampleBucket."},
	"AWS::DynamoDB::Table": {"TABLE", "table", "TableName", "the items in it", ""},
	"AWS::Cognito::UserPoolDomain": {"DOMAIN", "hosted sign-in", "Domain",
		"the address that apps and providers are set up with", ""},
	"AWS::Cognito::UserPoolIdentityProvider": {"PROVIDER", "identity provider", "ProviderName",
		"the sign-in of everybody who came through it", "Keep signIn."},
	"AWS::SES::EmailIdentity": {"IDENTITY", "SES identity", "EmailIdentity", "the right to send as it, in every stage", ""},
	"AWS::ApiGatewayV2::DomainName": {"HOST", "host", "DomainName", "the links to it in emails that are already sent",
		"Keep it in links.formerHosts until those links have expired."},
	"AWS::Route53::RecordSet": {"RECORD", "DNS record", "Name", "the way to whatever it leads to",
		"Keep the hosted zone, or create the record by hand right after the deployment."},
	"AWS::SNS::Subscription": {"ALARMS", "subscription", "Endpoint",
		"alarms, until a new address has confirmed the email that SNS sends it", ""},
}

// Losses returns what an update would lose, in the order of KIND=NAME. For templates of package
// infra from a settings file, remedies name its keys; for others, logical IDs.
func Losses(p Pair, changes []Change, fromSettings bool) []Loss {
	c := comparison{p, changes, fromSettings}
	var losses []Loss
	for _, change := range changes {
		if loss, ok := c.resource(change); ok {
			losses = append(losses, loss)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Deployed.Resources)) {
		was, is := p.Deployed.Resources[id], p.Next.Resources[id]
		switch {
		case was.Type != is.Type:
		case was.Type == "AWS::Cognito::UserPool":
			losses = append(losses, attributeLosses(was, is)...)
			losses = append(losses, mfaLoss(was, is)...)
		case was.Type == "AWS::ApiGatewayV2::Api":
			losses = append(losses, c.endpointLoss(was, is)...)
		}
	}
	losses = append(losses, c.unreachable()...)
	losses = append(losses, c.triggerLosses()...)
	slices.SortFunc(losses, func(a, b Loss) int { return cmp.Compare(a.Key(), b.Key()) })
	// Two logical IDs may have one name, and a host has its record.
	losses = slices.CompactFunc(losses, func(a, b Loss) bool { return a.Key() == b.Key() })
	return slices.DeleteFunc(losses, func(l Loss) bool {
		return l.Kind == "RECORD" && slices.ContainsFunc(losses, func(other Loss) bool {
			return other.Kind == "HOST" && other.Name == l.Name
		})
	})
}

type comparison struct {
	Pair
	changes      []Change
	fromSettings bool
}

// nameOf is the name of a resource, or its logical ID.
func nameOf(id string, r Resource) string {
	return strings.TrimSuffix(cmp.Or(r.text(kinds[r.Type].name), id), ".")
}

// resource is what the change of one resource would lose.
func (c comparison) resource(change Change) (Loss, bool) {
	was := c.Deployed.Resources[change.ID]
	k, holds := kinds[was.Type]
	if !holds || was.Type == "AWS::Route53::RecordSet" && !leadsToAHost(was) {
		return Loss{}, false
	}
	loss := Loss{Kind: k.key, Name: nameOf(change.ID, was), ID: change.ID}
	said := fmt.Sprintf("%s %s ", k.what, loss.Name)
	switch change.Impact {
	case willDestroy:
		said += "would be deleted"
	case willOrphan:
		said += "would leave the stack, and stay in the account without it"
	case willReplace:
		said += "would be replaced by a new one" + because(change)
	case mayReplace:
		said += "might be replaced by a new one" + because(change)
	default:
		return Loss{}, false
	}
	said += ", and with it would go " + k.loses + "."
	is := c.Next.Resources[change.ID]
	switch remedy := c.rename(change, was); {
	case isPrefix(was) && isPrefix(is) && was.text("Domain") != is.text("Domain"):
		loss.Impossible = true
		said = fmt.Sprintf("hosted sign-in cannot move from %s in one step, since Cognito gives a pool one prefix at a time: "+
			"deploy without it, which %q allows, and then with the new one.", loss.Name, "--allow DOMAIN="+loss.Name)
	case remedy != "":
		said += " " + remedy
	case c.fromSettings && k.remedy != "":
		said += " " + k.remedy
	case !c.fromSettings:
		said += " To keep it, keep its logical ID, " + change.ID + ", and its properties."
	}
	loss.Text = said
	return loss, true
}

func because(c Change) string {
	if len(c.Properties) == 0 {
		return ""
	}
	return " because of " + strings.Join(c.Properties, ", ")
}

// leadsToAHost reports whether people follow a record, unlike those that prove something to AWS.
func leadsToAHost(r Resource) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, r.text("Type")) && !strings.Contains(r.text("Name"), "_")
}

// isPrefix reports whether a resource is a hosted sign-in at an address of Cognito's.
func isPrefix(r Resource) bool {
	return r.Type == "AWS::Cognito::UserPoolDomain" && r.Properties["CustomDomainConfig"] == nil
}

// rename is what to do about a resource that disappears while others of its type appear: that is
// what a new name looks like.
func (c comparison) rename(change Change, was Resource) string {
	if change.Impact == willReplace {
		if was.Type == "AWS::Cognito::UserPoolGroup" && nameOf(change.ID, c.Next.Resources[change.ID]) != nameOf(change.ID, was) {
			return "Cognito cannot rename a group: give it back its name."
		}
		return ""
	}
	k, name := kinds[was.Type], nameOf(change.ID, was)
	var appear []string
	for _, other := range c.changes {
		if next := c.Next.Resources[other.ID]; other.Impact == willCreate && next.Type == was.Type {
			appear = append(appear, nameOf(other.ID, next))
		}
	}
	if len(appear) == 0 {
		return ""
	}
	slices.Sort(appear)
	said := fmt.Sprintf("%s %s disappears, %s %s appears", k.what, name, k.what, strings.Join(appear, " and "))
	switch {
	case was.Type == "AWS::Cognito::UserPoolGroup":
		return said + ": Cognito cannot rename a group, so keep the old one, and move its members."
	case !c.fromSettings:
		return said + ": if that is the same one, keep the logical ID " + change.ID + "."
	case was.Type == "AWS::Cognito::UserPoolClient":
		id := name
		if written, ok := was.Metadata["PoolpostId"].(string); ok {
			id = written
		}
		return fmt.Sprintf("%s: if that is its new name, add `id: %s` to it.", said, id)
	}
	return ""
}

// triggerLosses are functions that a pool outside the stack has for triggers. CloudFormation changes
// the triggers of a pool in the stack together with their functions.
func (c comparison) triggerLosses() []Loss {
	var losses []Loss
	for _, r := range c.Deployed.Resources {
		if r.Type == "AWS::Cognito::UserPool" {
			return nil
		}
		if r.Type != "AWS::Lambda::Permission" || r.text("Principal") != "cognito-idp.amazonaws.com" {
			continue
		}
		id := referred(r.Properties["FunctionName"])
		function, ok := c.Deployed.Resources[id]
		if _, stays := c.Next.Resources[id]; !ok || stays {
			continue
		}
		name := cmp.Or(strings.TrimPrefix(function.text("Description"), "Poolpost: "), id)
		text := "function " + name + " would be deleted, and where the user pool has it as a trigger, what calls it fails, such as sign-ups."
		if c.fromSettings {
			text += " Run poolpost detach before the deployment, and poolpost attach after it."
		}
		losses = append(losses, Loss{Kind: "TRIGGER", Name: name, ID: id, Text: text})
	}
	return losses
}

// referred is the logical ID that a value refers to with Ref or Fn::GetAtt, or empty.
func referred(value any) string {
	v, _ := value.(map[string]any)
	if id, ok := v["Ref"].(string); ok {
		return id
	}
	if path, ok := v["Fn::GetAtt"].([]any); ok && len(path) > 0 {
		id, _ := path[0].(string)
		return id
	}
	return ""
}

// attributeLosses are custom attributes that would be changed or removed, which Cognito refuses.
// Entries of standard attributes are left out: an update without them leaves the pool as it is.
func attributeLosses(was, is Resource) []Loss {
	next := schema(is)
	var losses []Loss
	for name, old := range schema(was) {
		if settings.IsStandardAttribute(name) {
			continue
		}
		how := "changed"
		if found, ok := next[name]; !ok {
			how = "removed"
		} else if found == old {
			continue
		}
		losses = append(losses, Loss{Kind: "ATTRIBUTE", Name: name, Impossible: true, Text: fmt.Sprintf(
			"custom attribute %s would be %s, which Cognito refuses for ever, and the deployment would be rolled back. "+
				"Write it as it was, in pool.attributes; signUp.attributes has rules that can change.", name, how)})
	}
	return losses
}

// schema has the entries of a pool's schema by name, as text that can be compared: CloudFormation
// takes 100 and "100" for the same.
func schema(pool Resource) map[string]string {
	entries, _ := pool.Properties["Schema"].([]any)
	found := map[string]string{}
	for _, entry := range entries {
		if e, ok := entry.(map[string]any); ok {
			name, _ := e["Name"].(string)
			found[strings.TrimPrefix(name, "custom:")] = canonical(e)
		}
	}
	return found
}

func canonical(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+":"+canonical(v[key]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case string:
		return v
	default:
		text, _ := json.Marshal(v)
		return string(text)
	}
}

func mfaLoss(was, is Resource) []Loss {
	const property, required = "MfaConfiguration", "ON"
	if is.text(property) != required || was.text(property) == required {
		return nil
	}
	return []Loss{{Kind: "MFA", Name: "required", Text: "MFA would be required, and people who have not set up " +
		"an authenticator app could no longer sign in. Deploy with optional first, until they have."}}
}

// unreachable are hosts that emails would begin to link to without a DNS record. Who creates one by
// hand learns what it leads to from the deployment, so that takes two.
func (c comparison) unreachable() []Loss {
	var losses []Loss
	for _, host := range newHosts(c.Pair) {
		if host.record || !host.inEmails || len(c.Deployed.Resources) == 0 {
			continue
		}
		text := "links in emails would lead to " + host.name + ", which has no DNS record until you create it."
		if c.fromSettings {
			text += " Deploy with links.hostInEmails: false first, create the CNAME record to the output LinksTarget, and deploy without it then."
		}
		losses = append(losses, Loss{Kind: "HOST", Name: host.name, Text: text})
	}
	return losses
}

// endpointLoss is about API Gateway's own address of the link page.
func (c comparison) endpointLoss(was, is Resource) []Loss {
	const property = "DisableExecuteApiEndpoint"
	if canonical(is.Properties[property]) != "true" || canonical(was.Properties[property]) == "true" {
		return nil
	}
	text := "API Gateway's own address of " + cmp.Or(was.text("Name"), "the API") +
		" would be closed, and with it would go the links to it in emails that are already sent."
	if c.fromSettings {
		text += " Keep links.keepDefaultAddress until they have expired, a day after the host came into emails."
	}
	return []Loss{{Kind: "HOST", Name: "execute-api", Text: text}}
}

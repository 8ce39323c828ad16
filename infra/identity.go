package infra

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// An Identity is an SES identity: a domain or a single address.
type Identity struct {
	constructs.Construct

	EmailIdentity awsses.EmailIdentity

	records []record // that the adopter has to create
}

// A record is a DNS record of an identity.
type record struct {
	id, kind    string
	name, value *string
	outputs     []string // names of the outputs that have its value or, if there are two, its name and value
}

// NewIdentity declares the SES identity of the settings, with the records that verify it if the
// settings name the hosted zone.
//
// Put it into a stack of its own, for two reasons: people report that Cognito refuses a pool whose
// identity is not verified yet, and an account has each identity once, however many stages and
// pools use it. So nothing in it depends on a stage or a pool. If the account already has the
// identity, you need no such stack. Without the identity no stage can send emails: protect its
// stack from termination.
//
// The error is as for New; an empty settingsFile is poolpost.yaml.
func NewIdentity(scope constructs.Construct, id, settingsFile string) (*Identity, error) {
	file := cmp.Or(settingsFile, "poolpost.yaml")
	set, err := settings.ReadForDeployment(file, "prod", regionOf(scope)) // the same in every stage
	if err != nil {
		return nil, err
	}
	return newIdentity(scope, id, set), nil
}

func newIdentity(scope constructs.Construct, id string, set *settings.Settings) *Identity {
	mail := set.Mail
	i := &Identity{}
	constructs.NewConstruct_Override(i, scope, jsii.String(id)) // i itself is the construct
	identity := awsses.Identity_Domain(jsii.String(mail.Identity))
	isAddress := strings.Contains(mail.Identity, "@") // SES verifies it with a link in an email
	if isAddress {
		identity = awsses.Identity_Email(jsii.String(mail.Identity))
	}
	props := &awsses.EmailIdentityProps{Identity: identity}
	if mail.MailFrom != "" {
		props.MailFromDomain = jsii.String(mail.MailFrom)
		// Until the records are there, SES sends from its own domain.
		props.MailFromBehaviorOnMxFailure = awsses.MailFromBehaviorOnMxFailure_USE_DEFAULT_VALUE
	}
	i.EmailIdentity = awsses.NewEmailIdentity(i, jsii.String("Identity"), props)
	if isAddress {
		return i
	}
	records := recordsOf(set)
	for n, r := range *i.EmailIdentity.DkimRecords() {
		id := fmt.Sprintf("DKIM%d", n+1)
		records = append(records, record{id, "CNAME", r.Name, r.Value, []string{fmt.Sprintf("DkimName%d", n+1), fmt.Sprintf("DkimValue%d", n+1)}})
	}
	if mail.HostedZone.ID == "" {
		i.records = records
		return i
	}
	for _, r := range records {
		// The zone may be that of a parent domain, but Identity_PublicHostedZone of the CDK
		// would make the zone's domain the identity. A CfnRecordSet, since RecordSet would
		// append the zone's name to a name that is known only after the deployment.
		awsroute53.NewCfnRecordSet(i, jsii.String(r.id), &awsroute53.CfnRecordSetProps{
			HostedZoneId: jsii.String(mail.HostedZone.ID), Type: jsii.String(r.kind), Ttl: jsii.String("1800"),
			Name: r.name, ResourceRecords: &[]*string{r.value},
		})
	}
	return i
}

// recordsOf are the records of a domain that the settings decide about.
func recordsOf(set *settings.Settings) (records []record) {
	mail := set.Mail
	if mail.MailFrom != "" { // SES developer guide, "Using a custom MAIL FROM domain"
		name := jsii.String(mail.MailFrom)
		records = append(records,
			record{"MailFromMX", "MX", name, jsii.String("10 feedback-smtp." + set.Pool.Region + ".amazonses.com"), []string{"MailFromMx"}},
			record{"MailFromTXT", "TXT", name, jsii.String(`"v=spf1 include:amazonses.com ~all"`), []string{"MailFromTxt"}})
	}
	if mail.DMARC != "" {
		records = append(records, record{"DMARC", "TXT", jsii.String("_dmarc." + mail.Identity), jsii.String(`"` + mail.DMARC + `"`), []string{"DmarcTxt"}})
	}
	return records
}

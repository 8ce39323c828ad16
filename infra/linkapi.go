package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/settings"
)

// accessLog is the format of the access log. It has no query, since links carry codes.
const accessLog = `{"requestId":"$context.requestId","time":"$context.requestTime","method":"$context.httpMethod",` +
	`"route":"$context.routeKey","status":"$context.status","ms":"$context.responseLatency",` +
	`"error":"$context.integrationErrorMessage"}`

// newLinkAPI is the API with its stage and its URL, but without a route: the triggers need the
// URL, and verify-link comes after the pool.
func (p *Pool) newLinkAPI() {
	p.LinkAPI = awsapigatewayv2.NewHttpApi(p, jsii.String("LinkAPI"), &awsapigatewayv2.HttpApiProps{
		ApiName:                   p.name("poolpost-links"),
		Description:               jsii.String("Poolpost: the pages behind links in emails"),
		CreateDefaultStage:        jsii.Bool(false),
		DisableExecuteApiEndpoint: jsii.Bool(!p.settings.Links.KeepDefaultAddress),
	})
	log := awslogs.NewLogGroup(p, jsii.String("LinkAPILog"), &awslogs.LogGroupProps{
		LogGroupName: p.vendedLog(p.LinkAPI.ApiId()),
		Retention:    awslogs.RetentionDays_ONE_MONTH, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	stage := p.LinkAPI.AddStage(jsii.String("Stage"), &awsapigatewayv2.HttpStageOptions{
		AutoDeploy: jsii.Bool(true),
		// A person presses a button a few times; the burst is for many people at once.
		Throttle:               &awsapigatewayv2.ThrottleSettings{RateLimit: jsii.Number(50), BurstLimit: jsii.Number(200)},
		DetailedMetricsEnabled: jsii.Bool(true),
	})
	links := p.settings.Links
	if links.EmailHostIn(p.stage) == "" {
		p.LinksURL = p.LinkAPI.ApiEndpoint() // an error if the API has closed it
	}
	for _, host := range links.HostsIn(p.stage) {
		domain, record := p.newLinkDomain(host)
		awsapigatewayv2.NewApiMapping(domain, jsii.String("Mapping"), &awsapigatewayv2.ApiMappingProps{
			Api: p.LinkAPI, DomainName: domain, Stage: stage,
		})
		if host.Host == links.HostIn(p.stage) && record == nil {
			p.linksTarget = domain.RegionalDomainName()
		}
		if host.Host == links.EmailHostIn(p.stage) {
			p.LinksURL = jsii.String("https://" + host.Host)
			// CloudFormation waits until the certificate is issued: until then emails have the
			// address that they had.
			p.linksServed = []constructs.IDependable{domain} // and its mapping
			if record != nil {
				p.linksServed = append(p.linksServed, record)
			}
		}
	}
	stage.Node().DefaultChild().(awsapigatewayv2.CfnStage).SetAccessLogSettings(&awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
		DestinationArn: log.LogGroupArn(), Format: jsii.String(accessLog),
	})
	p.values.LinksURL = *p.LinksURL
}

// newLinkDomain is a host of the pages, with its certificate and, in a hosted zone, its record. Its
// logical IDs hang on its name: a host that becomes a former one stays as it is.
func (p *Pool) newLinkDomain(h settings.LinkHost) (awsapigatewayv2.DomainName, awsroute53.ARecord) {
	id := func(what string) *string { return jsii.String(what + "-" + h.Host) }
	var zone awsroute53.IHostedZone
	if h.HostedZone.ID != "" {
		zone = awsroute53.HostedZone_FromHostedZoneAttributes(p, id("LinkZone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String(h.HostedZone.ID), ZoneName: jsii.String(h.HostedZone.Name),
		})
	}
	var certificate awscertificatemanager.ICertificate
	if h.CertificateARN != "" {
		certificate = awscertificatemanager.Certificate_FromCertificateArn(p, id("LinkCertificate"), jsii.String(h.CertificateARN))
	} else {
		certificate = awscertificatemanager.NewCertificate(p, id("LinkCertificate"), &awscertificatemanager.CertificateProps{
			DomainName: jsii.String(h.Host), Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
		})
	}
	domain := awsapigatewayv2.NewDomainName(p, id("LinkDomain"), &awsapigatewayv2.DomainNameProps{
		DomainName: jsii.String(h.Host), Certificate: certificate, SecurityPolicy: awsapigatewayv2.SecurityPolicy_TLS_1_2,
	})
	if zone == nil {
		return domain, nil
	}
	alias := awsroute53targets.NewApiGatewayv2DomainProperties(domain.RegionalDomainName(), domain.RegionalHostedZoneId())
	return domain, awsroute53.NewARecord(p, id("LinkRecord"), &awsroute53.ARecordProps{
		Zone: zone, RecordName: jsii.String(h.Host + "."), Target: awsroute53.RecordTarget_FromAlias(alias),
	})
}

// routeLinks routes every request to verify-link.
func (p *Pool) routeLinks(page awslambda.Function) {
	p.LinkAPI.AddRoutes(&awsapigatewayv2.AddRoutesOptions{
		Path: jsii.String("/{page+}"),
		Methods: &[]awsapigatewayv2.HttpMethod{
			awsapigatewayv2.HttpMethod_GET, awsapigatewayv2.HttpMethod_HEAD, awsapigatewayv2.HttpMethod_POST,
		},
		Integration: awsapigatewayv2integrations.NewHttpLambdaIntegration(jsii.String("Page"), page, nil),
	})
	suppress(p.LinkAPI, "AwsSolutions-APIG4",
		"People come from an email and cannot sign in yet; the code in the link authorizes what they do.")
}

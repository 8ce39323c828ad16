package infra

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/jsii-runtime-go"
)

// accessLog is the format of the access log. It has no query, since links carry codes.
const accessLog = `{"requestId":"$context.requestId","time":"$context.requestTime","method":"$context.httpMethod",` +
	`"route":"$context.routeKey","status":"$context.status","ms":"$context.responseLatency",` +
	`"error":"$context.integrationErrorMessage"}`

// newLinkAPI is the API with its stage and its URL, but without a route: the triggers need the
// URL, and verify-link comes after the pool.
func (p *Pool) newLinkAPI() {
	host := p.settings.Links.HostIn(p.stage)
	p.LinkAPI = awsapigatewayv2.NewHttpApi(p, jsii.String("LinkAPI"), &awsapigatewayv2.HttpApiProps{
		ApiName:                   p.name("poolpost-links"),
		Description:               jsii.String("Poolpost: the pages behind links in emails"),
		CreateDefaultStage:        jsii.Bool(false),
		DisableExecuteApiEndpoint: jsii.Bool(host != ""),
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
	if host == "" {
		p.LinksURL = p.LinkAPI.ApiEndpoint()
	} else {
		p.LinksURL = jsii.String("https://" + host)
		domain := p.newLinkDomain(host)
		stage.Node().AddDependency(domain)
		// The id of the stage's own DomainMapping, and so its logical id, would have the
		// path of the construct in it.
		awsapigatewayv2.NewApiMapping(stage, jsii.String("Pool/LinkDomainundefined"), &awsapigatewayv2.ApiMappingProps{
			Api: p.LinkAPI, DomainName: domain, Stage: stage,
		})
	}
	settings := &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
		DestinationArn: log.LogGroupArn(), Format: jsii.String(accessLog),
	}
	stage.Node().DefaultChild().(awsapigatewayv2.CfnStage).SetAccessLogSettings(settings)
	p.values.LinksURL = *p.LinksURL
}

// newLinkDomain is the host of the pages, with its certificate and, in a hosted zone, its record.
func (p *Pool) newLinkDomain(name string) awsapigatewayv2.DomainName {
	links, host := p.settings.Links, jsii.String(name)
	var zone awsroute53.IHostedZone
	if links.HostedZone.ID != "" {
		zone = awsroute53.HostedZone_FromHostedZoneAttributes(p, jsii.String("LinkZone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String(links.HostedZone.ID), ZoneName: jsii.String(links.HostedZone.Name),
		})
	}
	var certificate awscertificatemanager.ICertificate
	id := jsii.String("LinkCertificate")
	if links.CertificateARN != "" {
		certificate = awscertificatemanager.Certificate_FromCertificateArn(p, id, jsii.String(links.CertificateARN))
	} else {
		certificate = awscertificatemanager.NewCertificate(p, id, &awscertificatemanager.CertificateProps{
			DomainName: host, Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
			CertificateName: jsii.String(strings.Replace(*p.Node().Path(), "/Default", "", 1) + "/LinkCertificate"),
		})
	}
	domain := awsapigatewayv2.NewDomainName(p, jsii.String("LinkDomain"), &awsapigatewayv2.DomainNameProps{
		DomainName: host, Certificate: certificate, SecurityPolicy: awsapigatewayv2.SecurityPolicy_TLS_1_2,
	})
	if zone == nil {
		p.linksTarget = domain.RegionalDomainName()
	} else {
		alias := awsroute53targets.NewApiGatewayv2DomainProperties(domain.RegionalDomainName(), domain.RegionalHostedZoneId())
		awsroute53.NewARecord(p, jsii.String("LinkRecord"), &awsroute53.ARecordProps{
			Zone: zone, RecordName: jsii.String(name + "."), Target: awsroute53.RecordTarget_FromAlias(alias),
		})
	}
	return domain
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

package infra

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/logging"
)

// An alarm is a row of the table in docs/deploy.md.
type alarm struct {
	id        string
	meaning   string // what it says and what to do
	metric    awscloudwatch.IMetric
	threshold float64 // it goes off at this value
	periods   float64 // in a row
}

// At these rates SES puts an account under review (SES developer guide,
// "Monitoring your sender reputation").
const (
	bounceReview    = 0.05
	complaintReview = 0.001
)

// newAlarmTopic is the topic of all alarms.
func (p *Pool) newAlarmTopic() {
	p.AlarmTopic = awssns.NewTopic(p, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: p.name("Poolpost alarms"), EnforceSSL: jsii.Bool(true),
	})
	p.AlarmTopic.GrantPublish(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil))
	if p.settings.Alarms.Email != "" {
		p.AlarmTopic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(p.settings.Alarms.Email), nil))
	}
}

func (p *Pool) newAlarm(a alarm) {
	awscloudwatch.NewAlarm(p, jsii.String(a.id), &awscloudwatch.AlarmProps{
		AlarmDescription:   jsii.String(a.meaning),
		Metric:             a.metric,
		Threshold:          jsii.Number(a.threshold),
		EvaluationPeriods:  jsii.Number(a.periods),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	}).AddAlarmAction(awscloudwatchactions.NewSnsAction(p.AlarmTopic))
}

func (p *Pool) alarmErrors(id, name string) {
	p.newAlarm(alarm{id + "Errors", name + " fails or times out. Read its log.", p.Functions[name].MetricErrors(metric("Sum")), 1, 1})
}

func (p *Pool) alarmSlow(id, name string) {
	limit := bundle.Named(name).Timeout.Seconds()
	p.newAlarm(alarm{id + "Slow", fmt.Sprintf("The p99 duration of %s has reached 80%% of its timeout of %g s. Give it more memory, or find out what it waits for.", name, limit),
		p.Functions[name].MetricDuration(metric("p99")), limit * 800, 3})
}

// metric is how a metric is watched: a statistic of five minutes.
func metric(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: fiveMinutes(), Statistic: jsii.String(statistic)}
}

func fiveMinutes() awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(5)) }

// result is the number of events of a function with a result: the metric that its log
// lines carry.
func (p *Pool) result(function, result string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(logging.Namespace), MetricName: jsii.String("Events"), Statistic: jsii.String("Sum"), Period: fiveMinutes(),
		DimensionsMap: &map[string]*string{"Stack": jsii.String(p.values.Stack), "Function": jsii.String(function), "Outcome": jsii.String(result)},
	})
}

// reputation is one of SES's own rates, of the whole account.
func reputation(name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/SES"), MetricName: jsii.String(name), Statistic: jsii.String("Maximum"), Period: awscdk.Duration_Hours(jsii.Number(1)),
	})
}

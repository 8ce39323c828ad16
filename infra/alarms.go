package infra

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/bundle"
	"poolpost/internal/logging"
)

// At these rates SES puts an account under review (SES developer guide,
// "Monitoring your sender reputation").
const (
	bounceReview    = 0.05
	complaintReview = 0.001
)

// newAlarmTopic is the topic that every alarm notifies.
func (p *Pool) newAlarmTopic() {
	p.AlarmTopic = awssns.NewTopic(p, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: p.name("Poolpost alarms"), EnforceSSL: jsii.Bool(true),
	})
	p.AlarmTopic.GrantPublish(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil))
	if p.settings.Alarms.Email != "" {
		p.AlarmTopic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(p.settings.Alarms.Email), nil))
	}
}

// newAlarm goes off when a metric reaches the threshold once. The meaning says what to do. Each
// alarm is a row of the table in docs/deploy.md.
func (p *Pool) newAlarm(id, meaning string, metric awscloudwatch.IMetric, threshold float64) {
	p.addAlarm(1, awscloudwatch.TreatMissingData_NOT_BREACHING, id, meaning, metric, threshold)
}

// addAlarm goes off when a metric reaches the threshold in so many periods in a row.
func (p *Pool) addAlarm(
	periods int, missing awscloudwatch.TreatMissingData, id, meaning string, metric awscloudwatch.IMetric, threshold float64,
) {
	awscloudwatch.NewAlarm(p, jsii.String(id), &awscloudwatch.AlarmProps{
		AlarmDescription:   jsii.String(meaning),
		Metric:             metric,
		Threshold:          jsii.Number(threshold),
		EvaluationPeriods:  number(periods),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   missing,
	}).AddAlarmAction(awscloudwatchactions.NewSnsAction(p.AlarmTopic))
}

// alarmFunction watches the errors and the duration of a function. A refusal is an error of
// pre-sign-up, so that has an alarm of its own.
func (p *Pool) alarmFunction(id, name string, f awslambda.Function) {
	if name != "pre-sign-up" {
		p.newAlarm(id+"Errors", name+" fails or times out. Read its log.", f.MetricErrors(metric("Sum")), 1)
	}
	timeout := bundle.Named(name).Timeout.Seconds()
	p.addAlarm(3, awscloudwatch.TreatMissingData_NOT_BREACHING, id+"Slow",
		fmt.Sprintf("The p99 duration of %s has reached 80%% of its timeout of %g s. "+
			"Give it more memory, or find out what it waits for.", name, timeout),
		f.MetricDuration(metric("p99")), timeout*800)
}

// metric is a statistic of five minutes.
func metric(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: fiveMinutes(), Statistic: jsii.String(statistic)}
}

func fiveMinutes() awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(5)) }

// outcomeMetric counts the events of a function with an outcome. Its log lines carry the metric.
func (p *Pool) outcomeMetric(function, outcome string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(logging.Namespace), MetricName: jsii.String("Events"),
		Statistic: jsii.String("Sum"), Period: fiveMinutes(),
		DimensionsMap: &map[string]*string{
			"Stack": jsii.String(p.values.Stack), "Function": jsii.String(function), "Outcome": jsii.String(outcome),
		},
	})
}

// newReputationAlarm goes off when a rate of the account reaches the threshold, and stays on until
// SES publishes a lower one, which it does not do every hour.
func (p *Pool) newReputationAlarm(id, meaning, metric string, threshold float64) {
	p.addAlarm(1, awscloudwatch.TreatMissingData_IGNORE, id, meaning, reputationMetric(metric), threshold)
}

// reputationMetric is a rate of the whole account, as SES reports it.
func reputationMetric(name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/SES"), MetricName: jsii.String(name),
		Statistic: jsii.String("Maximum"), Period: awscdk.Duration_Hours(jsii.Number(1)),
	})
}

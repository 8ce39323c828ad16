package infra

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
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

// An alarm goes off when a metric reaches its threshold in so many periods in a row. Each is a row
// of the table in docs/runbooks.md.
type alarm struct {
	id        string
	meaning   string // a sentence
	pageNow   bool   // people cannot sign up, or emails do not leave; otherwise the next day is soon enough
	runbook   string // anchor of its section in docs/runbooks.md; empty: the id in lower case
	metric    awscloudwatch.IMetric
	threshold float64
	periods   int  // 0: one
	sparse    bool // no data is no news: the alarm keeps its state
}

// newAlarm notifies the topic when the alarm goes off and when it ends.
func (p *Pool) newAlarm(a alarm) {
	missing := awscloudwatch.TreatMissingData_NOT_BREACHING
	if a.sparse {
		missing = awscloudwatch.TreatMissingData_IGNORE
	}
	severity := "Next day"
	if a.pageNow {
		severity = "Page now"
	}
	page := cmp.Or(p.settings.Alarms.Runbooks, "docs/runbooks.md")
	w := awscloudwatch.NewAlarm(p, jsii.String(a.id), &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.String(fmt.Sprintf("%s: %s Runbook: %s#%s",
			severity, a.meaning, page, cmp.Or(a.runbook, strings.ToLower(a.id)))),
		Metric:             a.metric,
		Threshold:          jsii.Number(a.threshold),
		EvaluationPeriods:  number(max(a.periods, 1)),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
		TreatMissingData:   missing,
	})
	action := awscloudwatchactions.NewSnsAction(p.AlarmTopic)
	w.AddAlarmAction(action)
	w.AddOkAction(action)
	p.alarms = append(p.alarms, w)
}

// vendedLog is the name of a log that a service writes. Each log group outside /aws/vendedlogs/
// adds to one policy of the account, of 5,120 characters (CloudWatch Logs user guide, "Enabling
// logging from AWS services"). A new resource has a new log.
func (p *Pool) vendedLog(id *string) *string {
	return jsii.String("/aws/vendedlogs/poolpost/" + *p.stack.StackName() + "/" + *id)
}

// alarmFunction watches the errors and the duration of a function.
func (p *Pool) alarmFunction(id, name string, f awslambda.Function) {
	errors := f.MetricErrors(metric("Sum"))
	if name == "pre-sign-up" {
		errors = p.crashMetric(name, f)
	}
	p.newAlarm(alarm{
		id: id + "Errors", meaning: name + " fails or times out.", runbook: "errors",
		// Nobody repeats what these do: Cognito fails the sign-up or sign-in, or a person sees an error.
		pageNow: name == "pre-sign-up" || name == "custom-message" || name == "verify-link" ||
			name == "post-confirmation" && p.settings.Invitations.FollowUp,
		metric: errors, threshold: 1,
	})
	timeout := bundle.Named(name).Timeout.Seconds()
	p.newAlarm(alarm{
		id: id + "Slow", runbook: "slow",
		meaning: fmt.Sprintf("The p99 duration of %s has reached 80%% of its timeout of %g s.", name, timeout),
		metric:  f.MetricDuration(metric("p99")), threshold: timeout * 800, periods: 3,
	})
}

// crashMetric counts the invocations that a function could not answer, by Lambda's own reports in
// its log. Lambda's metric Errors also counts answers that are errors, such as a refusal.
func (p *Pool) crashMetric(name string, f awslambda.Function) awscloudwatch.Metric {
	return p.logMetric(f.LogGroup(), "Crashes", name,
		`{ ($.type = "platform.report") && (($.record.status = "timeout") || ($.record.errorType = "Runtime.*")) }`).
		With(metric("Sum"))
}

// logMetric counts the lines of a log that match a pattern. A filter cannot add a dimension that is
// not in the line, so the stack is part of the metric's name.
func (p *Pool) logMetric(log awslogs.ILogGroup, id, name, pattern string) awscloudwatch.Metric {
	return log.AddMetricFilter(jsii.String(id), &awslogs.MetricFilterOptions{
		FilterPattern:   awslogs.FilterPattern_Literal(&pattern),
		MetricNamespace: jsii.String(logging.Namespace),
		MetricName:      jsii.String(id + "-" + name + "-" + p.values.Stack),
	}).Metric(nil)
}

// metric is a statistic of five minutes.
func metric(statistic string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: fiveMinutes(), Statistic: jsii.String(statistic)}
}

func fiveMinutes() awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(5)) }

// quarterHour makes a few failures in a row one number, also where few people come.
func quarterHour() *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(15)), Statistic: jsii.String("Sum")}
}

// sum adds up to ten metrics, the most of an alarm, in a quarter of an hour.
func sum(metrics ...awscloudwatch.IMetric) awscloudwatch.IMetric {
	using, terms := map[string]awscloudwatch.IMetric{}, make([]string, len(metrics))
	for i, m := range metrics {
		id := fmt.Sprintf("m%d", i)
		using[id], terms[i] = m, "FILL("+id+", 0)" // a metric without data would make the sum none
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(strings.Join(terms, " + ")), UsingMetrics: &using, Period: quarterHour().Period,
	})
}

// alarmThrottles watches the functions that somebody waits for. A throttled call is none of
// their errors: they never ran.
func (p *Pool) alarmThrottles() {
	var throttled []awscloudwatch.IMetric
	for _, name := range []string{"custom-message", "post-confirmation", "pre-sign-up", "verify-link"} {
		if f, ok := p.Functions[name]; ok {
			throttled = append(throttled, f.MetricThrottles(quarterHour()))
		}
	}
	p.newAlarm(alarm{
		id: "Throttled", pageNow: true, threshold: 1, metric: sum(throttled...),
		meaning: "The account has no more concurrency for a trigger or the link page, and sign-ups or confirmations fail.",
	})
}

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

// reputationMetric is a rate of the whole account, as SES reports it.
func reputationMetric(name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/SES"), MetricName: jsii.String(name),
		Statistic: jsii.String("Maximum"), Period: awscdk.Duration_Hours(jsii.Number(1)),
	})
}

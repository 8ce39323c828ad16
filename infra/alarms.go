package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

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

var fiveMinutes = awscdk.Duration_Minutes(jsii.Number(5))

// newAlarms are the alarms, with one topic for all, and a dashboard.
func (s *stack) newAlarms(queue *mailQueue, failed awssqs.Queue, functions []*function) {
	topic := awssns.NewTopic(s.Stack, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: s.name("Poolpost alarms"), EnforceSSL: jsii.Bool(true),
	})
	topic.GrantPublish(awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil))
	if s.Settings.Alarms.Email != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(s.Settings.Alarms.Email), nil))
	}
	for _, a := range s.alarms(queue, failed, functions) {
		construct := awscloudwatch.NewAlarm(s.Stack, jsii.String(a.id), &awscloudwatch.AlarmProps{
			AlarmDescription:   jsii.String(a.meaning),
			Metric:             a.metric,
			Threshold:          jsii.Number(a.threshold),
			EvaluationPeriods:  jsii.Number(a.periods),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		})
		construct.AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))
	}
	s.newDashboard(queue, failed, functions)
}

func (s *stack) alarms(queue *mailQueue, failed awssqs.Queue, functions []*function) []alarm {
	sum := &awscloudwatch.MetricOptions{Period: fiveMinutes, Statistic: jsii.String("Sum")}
	most := &awscloudwatch.MetricOptions{Period: fiveMinutes, Statistic: jsii.String("Maximum")}
	var list []alarm
	for _, f := range functions {
		switch f.name {
		case "custom-message":
			list = append(list, alarm{"DefaultMails", "custom-message could not fill a message, and Cognito sent its own: read its log.", s.outcome(f.name, "failed"), 1, 1})
		case "custom-email-sender":
			list = append(list, alarm{"RequestsLost", "Lambda gave up a mail that custom-email-sender could not queue, and could not keep it: look at the queue of failed events and its permissions.",
				f.Metric(jsii.String("DestinationDeliveryFailures"), sum), 1, 1})
		}
		if f.name == "pre-sign-up" {
			// A refusal is an error of the function, so errors say nothing here.
			list = append(list, alarm{f.id + "Fails", "pre-sign-up could not apply its rules and refused with TRY_AGAIN: read its log.",
				s.outcome(f.name, "TRY_AGAIN"), 1, 1})
		} else {
			list = append(list, alarm{f.id + "Errors", f.name + " fails or times out: read its log.", f.MetricErrors(sum), 1, 1})
		}
		list = append(list, alarm{f.id + "Slow", fmt.Sprintf("The slowest hundredth of %s takes four fifths of its %g s: give it more memory, or look for what it waits for.", f.name, f.limit),
			f.MetricDuration(&awscloudwatch.MetricOptions{Period: fiveMinutes, Statistic: jsii.String("p99")}), f.limit * 800, 3})
	}
	list = append(list,
		alarm{"NotWelcomed", "post-confirmation could not add a group or queue a welcome mail: read its log.", s.outcome("post-confirmation", "failed"), 1, 1},
		alarm{"MailsWait", "A mail has waited for a quarter of an hour: SES throttles or refuses; read the log of send-mail.",
			queue.main.MetricApproximateAgeOfOldestMessage(most), 900, 1},
		alarm{"MailsDead", "A mail could not be sent and lies among the dead letters: see make dead-letters, mend the cause, then make redrive.",
			queue.dead.MetricApproximateNumberOfMessagesVisible(most), 1, 1},
		alarm{"EventsFailed", "Lambda gave up an event three times or for six hours: see make dead-letters, mend the cause, then make redrive.",
			failed.MetricApproximateNumberOfMessagesVisible(most), 1, 1},
		alarm{"DailyQuota", "SES takes no more mails today: they wait until it does; ask for a higher quota.", s.outcome("send-mail", "daily-quota"), 1, 1},
		alarm{"SendingPaused", "SES has paused the sending of the account or of the configuration set; mails wait: read what AWS has written to the account's owner.", s.outcome("send-mail", "paused"), 1, 1},
		// Before SES does something.
		alarm{"Bounces", "4 % of the mails bounce; SES puts an account under review at 5 %: look for sign-ups with made-up addresses.", reputation("Reputation.BounceRate"), 0.8 * bounceReview, 1},
		alarm{"Complaints", "0.08 % of the mails are reported as spam; SES puts an account under review at 0.1 %.", reputation("Reputation.ComplaintRate"), 0.8 * complaintReview, 1},
	)
	return list
}

// outcome is the number of events of a function with an outcome: the metric that
// its log lines carry.
func (s *stack) outcome(function, outcome string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String(logging.Namespace), MetricName: jsii.String("Events"), Statistic: jsii.String("Sum"), Period: fiveMinutes,
		DimensionsMap: &map[string]*string{"Stack": jsii.String(stackName(s.props)), "Function": jsii.String(function), "Outcome": jsii.String(outcome)},
	})
}

// reputation is one of SES's own rates, of the whole account.
func reputation(name string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: jsii.String("AWS/SES"), MetricName: jsii.String(name), Statistic: jsii.String("Maximum"), Period: awscdk.Duration_Hours(jsii.Number(1)),
	})
}

// share is the share of a day's mails that an outcome of mail-feedback has: of
// the mails that functions of Poolpost have heard of, where SES's own rates are
// of all mails of the account.
func (s *stack) share(of string) awscloudwatch.IMetric {
	metrics := map[string]awscloudwatch.IMetric{}
	for _, name := range []string{"delivered", "bounced", of} {
		metrics[name] = s.outcome("mail-feedback", name)
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   jsii.String(fmt.Sprintf("FILL(%s, 0) / (FILL(delivered, 0) + FILL(bounced, 0))", of)),
		UsingMetrics: &metrics, Label: jsii.String(of), Period: awscdk.Duration_Days(jsii.Number(1)),
	})
}

// newDashboard is one look at the sign-up.
func (s *stack) newDashboard(queue *mailQueue, failed awssqs.Queue, functions []*function) {
	var errors, durations []awscloudwatch.IMetric
	for _, f := range functions {
		label := jsii.String(f.name)
		errors = append(errors, f.MetricErrors(&awscloudwatch.MetricOptions{Period: fiveMinutes, Statistic: jsii.String("Sum"), Label: label}))
		durations = append(durations, f.MetricDuration(&awscloudwatch.MetricOptions{Period: fiveMinutes, Statistic: jsii.String("p99"), Label: label}))
	}
	graph := func(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
		return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &metrics, Width: jsii.Number(8)})
	}
	outcomes := func(title, function string) awscloudwatch.IWidget {
		return graph(title, search(fmt.Sprintf(`SEARCH('{%s,Stack,Function,Outcome} MetricName="Events" Stack="%s" Function="%s"', 'Sum', 300)`, logging.Namespace, stackName(s.props), function)))
	}
	byKind := fmt.Sprintf(`SEARCH('{%s,Stack,Function,Outcome,kind,client} MetricName="Events" Stack="%s" Function="mail-feedback" (Outcome="bounced" OR Outcome="complained")', 'Sum', 300)`, logging.Namespace, stackName(s.props))
	asked := outcomes("Messages for Cognito to send", "custom-message")
	if s.Settings.Mail.UsesCustomSender() {
		asked = outcomes("Mails that Cognito asked for", "custom-email-sender")
	}
	awscloudwatch.NewDashboard(s.Stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName: jsii.String(stackName(s.props)),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{outcomes("Sign-ups, accepted and refused by reason", "pre-sign-up"), asked, outcomes("Confirmed users", "post-confirmation")},
			{outcomes("Link page", "verify-link"), outcomes("Mails sent and failed", "send-mail"), outcomes("What became of mails", "mail-feedback")},
			{graph("Mails that wait, dead letters, failed events", queue.main.MetricApproximateNumberOfMessagesVisible(nil),
				queue.dead.MetricApproximateNumberOfMessagesVisible(nil), failed.MetricApproximateNumberOfMessagesVisible(nil)),
				graph("Errors", errors...), graph("p99 duration", durations...)},
			{s.newRates("Bounces", "Reputation.BounceRate", "bounced", bounceReview), s.newRates("Complaints", "Reputation.ComplaintRate", "complained", complaintReview),
				graph("Bounces and complaints by kind and client", search(byKind))},
		},
	})
}

// newRates are a rate of the account, as SES tells it, and of Poolpost's mails,
// with the line at which SES puts an account under review.
func (s *stack) newRates(title, account, pool string, review float64) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title + ", of the account and of these mails"), Width: jsii.Number(8),
		Left:            &[]awscloudwatch.IMetric{reputation(account), s.share(pool)},
		LeftAnnotations: &[]*awscloudwatch.HorizontalAnnotation{{Value: jsii.Number(review), Label: jsii.String("review by SES")}},
	})
}

// search are the metrics that a search expression finds.
func search(expression string) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(expression), Label: jsii.String(""), UsingMetrics: &map[string]awscloudwatch.IMetric{},
	})
}

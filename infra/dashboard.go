package infra

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/logging"
)

func (p *Pool) newDashboard() {
	var errors, durations []awscloudwatch.IMetric
	for _, name := range p.functionNames {
		f, label := p.Functions[name], jsii.String(name)
		sum, slowest := metric("Sum"), metric("p99")
		sum.Label, slowest.Label = label, label
		errors = append(errors, f.MetricErrors(sum))
		durations = append(durations, f.MetricDuration(slowest))
	}
	byKind := search(fmt.Sprintf(`SEARCH('{%s,Stack,Function,Outcome,kind,client} MetricName="Events" Stack="%s" `+
		`Function="mail-feedback" (Outcome="bounced" OR Outcome="complained")', 'Sum', 300)`, logging.Namespace, p.values.Stack))
	waiting := func(q awssqs.Queue) awscloudwatch.IMetric { return q.MetricApproximateNumberOfMessagesVisible(nil) }
	requested := p.outcomeGraph("Messages for Cognito to send", "custom-message")
	if p.settings.Mail.UsesCustomSender() {
		requested = p.outcomeGraph("Emails requested by Cognito", "custom-email-sender")
	}
	awscloudwatch.NewDashboard(p, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		// Dashboards are global: a stack of this name in another region has one of its own.
		DashboardName: jsii.String(p.values.Stack + "-" + *p.stack.Region()),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{
				awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
					Title: jsii.String("Alarms"), Alarms: &p.alarms, Width: jsii.Number(24), Height: jsii.Number(5),
				}),
			},
			{
				p.outcomeGraph("Sign-ups by result", "pre-sign-up"), requested, p.outcomeGraph("Confirmed users", "post-confirmation"),
			},
			{
				p.outcomeGraph("Link page", "verify-link"), p.outcomeGraph("Emails sent and failed", "send-mail"),
				p.outcomeGraph("Delivery feedback", "mail-feedback"),
			},
			{
				graph("Messages in the mail queue, dead-letter queue and on-failure destination",
					waiting(p.MailQueue), waiting(p.DeadLetterQueue), waiting(p.OnFailureQueue)),
				graph("Errors", errors...), graph("p99 duration", durations...),
			},
			{
				p.rateGraph("Bounces", "Reputation.BounceRate", "bounced", bounceReview),
				p.rateGraph("Complaints", "Reputation.ComplaintRate", "complained", complaintReview),
				graph("Bounces and complaints by kind and client", byKind),
			},
		},
	})
}

func graph(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: jsii.String(title), Left: &metrics, Width: jsii.Number(8)})
}

// outcomeGraph shows the events of a function by outcome.
func (p *Pool) outcomeGraph(title, function string) awscloudwatch.IWidget {
	return graph(title, search(fmt.Sprintf(
		`SEARCH('{%s,Stack,Function,Outcome} MetricName="Events" Stack="%s" Function="%s"', 'Sum', 300)`,
		logging.Namespace, p.values.Stack, function)))
}

// rateGraph shows a rate of the account, as SES reports it, and of this pool's emails, with the
// limit at which SES reviews an account.
func (p *Pool) rateGraph(title, account, pool string, review float64) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title + ", account and this pool"), Width: jsii.Number(8),
		Left: &[]awscloudwatch.IMetric{reputationMetric(account), p.shareMetric(pool)},
		LeftAnnotations: &[]*awscloudwatch.HorizontalAnnotation{
			{Value: jsii.Number(review), Label: jsii.String("review by SES")},
		},
	})
}

// shareMetric is the share of an outcome of mail-feedback in a day of this pool's emails.
func (p *Pool) shareMetric(of string) awscloudwatch.IMetric {
	metrics := map[string]awscloudwatch.IMetric{}
	for _, name := range []string{"delivered", "bounced", of} {
		metrics[name] = p.outcomeMetric("mail-feedback", name)
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   jsii.String(fmt.Sprintf("FILL(%s, 0) / (FILL(delivered, 0) + FILL(bounced, 0))", of)),
		UsingMetrics: &metrics, Label: jsii.String(of), Period: awscdk.Duration_Days(jsii.Number(1)),
	})
}

func search(expression string) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(expression), Label: jsii.String(""), UsingMetrics: &map[string]awscloudwatch.IMetric{},
	})
}

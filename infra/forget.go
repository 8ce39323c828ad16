package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"

	"poolpost/internal/logging"
)

// newForgetUnconfirmed deletes accounts that were never confirmed, once a day. A dry run may not.
func (p *Pool) newForgetUnconfirmed() {
	if !p.settings.SignUp.Forgets() {
		return
	}
	const name = "forget-unconfirmed"
	f := p.newFunction("ForgetUnconfirmed", name)
	pool := p.UserPool.UserPoolArn()
	p.allow("FindUnconfirmed", f, pool, "cognito-idp:DescribeUserPool", "cognito-idp:ListUsers")
	if !p.settings.SignUp.ForgetDryRun {
		p.allow("DeleteUnconfirmed", f, pool, "cognito-idp:AdminDeleteUser", "cognito-idp:AdminGetUser")
	}
	role := p.newServiceRole("ForgetScheduleRole", "scheduler.amazonaws.com", "Invokes "+name+" once a day")
	allow(role, f.FunctionArn(), "lambda:InvokeFunction")
	schedule := awsscheduler.NewCfnSchedule(p, jsii.String("ForgetSchedule"), &awsscheduler.CfnScheduleProps{
		Description:        jsii.String("Poolpost: accounts of " + p.settings.Pool.Name + " that were never confirmed"),
		ScheduleExpression: jsii.String("cron(30 3 * * ? *)"), // UTC
		FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{
			Mode: jsii.String("FLEXIBLE"), MaximumWindowInMinutes: jsii.Number(60), // several pools need not run at once
		},
		Target: &awsscheduler.CfnSchedule_TargetProperty{Arn: f.FunctionArn(), RoleArn: role.RoleArn(), Input: jsii.String("{}")},
	})
	schedule.Node().AddDependency(role.Node().FindChild(jsii.String("DefaultPolicy"))) // Scheduler checks it
	p.newAlarm(alarm{
		id: "NotForgotten", meaning: "forget-unconfirmed could not delete accounts, or found more than it may delete at once.",
		metric: sum(p.outcomeMetric(name, logging.Failed), p.outcomeMetric(name, "too-many")), threshold: 1,
	})
}

package main

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/attach"
)

// attach joins the stack to the pool of pool.existing, which only UpdateUserPool can do. All that
// can refuse it is read first, and one call writes it, so a pool is never half attached.
func (d *deployment) attach(ctx context.Context, flags cli.Attach, s cli.Streams) error {
	stack, err := d.forPool(ctx)
	if err != nil {
		return err
	}
	stack.ReplaceDefaultSender = flags.ReplaceDefaultSender
	id := d.Settings.Pool.Existing.ID
	refused, warnings, err := d.lookAtPool(ctx, id)
	if err != nil {
		return err
	}
	saved, err := d.savedState(ctx)
	if err != nil {
		return err
	}
	pool, err := d.describeUserPool(ctx, id)
	if err != nil {
		return err
	}
	plan, err := attach.Attach(pool, stack, saved)
	if err != nil {
		return err
	}
	plan.Refused, plan.Warnings = append(plan.Refused, refused...), append(plan.Warnings, warnings...)
	change := poolChange{account: d.account, id: id, plan: plan, owners: attach.Owners(pool, stack), before: saved, attaching: true}
	return change.run(ctx, flags.Yes, flags.JSON, s)
}

// forPool is what the stack has for its pool.
func (d *deployment) forPool(ctx context.Context) (stack attach.Deployment, err error) {
	if !d.Settings.Pool.Exists() {
		return stack, errors.New("attach is for a user pool that exists: the stack has one of its own, with all triggers; to serve another one, name it as pool.existing.id")
	}
	if deployed := d.Outputs["UserPoolId"]; deployed != d.Settings.Pool.Existing.ID {
		return stack, fmt.Errorf("the stack %s was deployed for the user pool %s, and the settings name %s: %s", d.StackName, deployed, d.Settings.Pool.Existing.ID, d.deploy())
	}
	triggers, err := d.output("LambdaConfig")
	if err == nil {
		err = json.Unmarshal([]byte(triggers), &stack.LambdaConfig)
	}
	if text := d.Outputs["EmailConfiguration"]; err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &stack.EmailConfiguration)
	}
	if err != nil {
		return stack, fmt.Errorf("read outputs: %w", err)
	}
	for _, a := range d.Settings.Pool.Attributes {
		stack.Attributes = append(stack.Attributes, d.Settings.AttributeKey(a.Name))
	}
	stack.ChosenUserNames = d.Settings.Pool.HasChosenUserNames()
	stack.StackOf = func(function string) string { return d.otherStackOf(ctx, function) }
	return stack, nil
}

// otherStackOf is the name of another Poolpost stack that a function is of. A function that these
// credentials may not look at is somebody else's all the same.
func (d *deployment) otherStackOf(ctx context.Context, function string) string {
	f, err := lambda.NewFromConfig(d.Config).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &function})
	if err != nil || f.Configuration == nil || !strings.HasPrefix(aws.ToString(f.Configuration.Description), "Poolpost: ") {
		return ""
	}
	if stack := f.Tags["aws:cloudformation:stack-name"]; stack != d.StackName {
		return stack
	}
	return ""
}

// lookAtPool looks at what the settings say of the pool's app clients and groups.
func (d *deployment) lookAtPool(ctx context.Context, pool string) (refused, warnings []string, err error) {
	cognito := cognitoidentityprovider.NewFromConfig(d.Config)
	refuse := func(format string, args ...any) { refused = append(refused, fmt.Sprintf(format, args...)) }
	for i, c := range d.Settings.Clients {
		key := fmt.Sprintf("clients[%d].existing", i)
		reply, err := cognito.DescribeUserPoolClient(ctx, &cognitoidentityprovider.DescribeUserPoolClientInput{UserPoolId: &pool, ClientId: &c.Existing.ID})
		if hasCode(err, "ResourceNotFoundException") {
			refuse("%s.id: the pool has no app client %s", key, c.Existing.ID)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		secret := aws.ToString(reply.UserPoolClient.ClientSecret)
		switch {
		case secret == "" && c.Existing.Secret != "":
			refuse("%s.secret: the app client %s has no secret; remove the key, and deploy", key, c.Existing.ID)
		case secret != "" && c.Existing.Secret == "":
			refuse("%s.secret is missing: the app client %s has a secret, without which links of its users do not work; store it in "+
				"Secrets Manager as plain text, name it there, and deploy", key, c.Existing.ID)
		case secret != "":
			stored, err := secretsmanager.NewFromConfig(d.Config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &c.Existing.Secret})
			if err != nil {
				return nil, nil, fmt.Errorf("%s.secret: %w", key, err)
			}
			if aws.ToString(stored.SecretString) != secret {
				refuse("%s.secret: %s does not hold the secret of the app client %s as plain text", key, c.Existing.Secret, c.Existing.ID)
			}
		}
		if reply.UserPoolClient.PreventUserExistenceErrors != cognitotypes.PreventUserExistenceErrorTypesEnabled {
			warnings = append(warnings, fmt.Sprintf("the app client %s tells strangers who has an account (PreventUserExistenceErrors): Poolpost's pages do not, and Cognito's API does", c.Existing.ID))
		}
	}
	for _, group := range d.Settings.GroupNames() {
		_, err := cognito.GetGroup(ctx, &cognitoidentityprovider.GetGroupInput{UserPoolId: &pool, GroupName: &group})
		if hasCode(err, "ResourceNotFoundException") {
			refuse("groups has %s, and the pool does not: run aws cognito-idp create-group --user-pool-id %s --group-name '%s' --region %s",
				group, pool, group, d.Region)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return refused, warnings, nil
}

// detach restores what the pool had before attach. It needs the saved state only, so it also works
// when the stack is gone.
func (a *account) detach(ctx context.Context, flags cli.Detach, s cli.Streams) error {
	fmt.Fprintln(s.Err, a)
	saved, err := a.savedState(ctx)
	if err != nil {
		return err
	}
	if saved == nil {
		return fmt.Errorf("the stack %s is not attached to a user pool: there is no parameter %s", a.StackName, a.stateName())
	}
	pool, err := a.describeUserPool(ctx, saved.UserPoolID)
	if err != nil {
		return err
	}
	plan, err := attach.Detach(pool, *saved)
	if err != nil {
		return err
	}
	change := poolChange{account: a, id: saved.UserPoolID, plan: plan, before: saved}
	return change.run(ctx, flags.Yes, flags.JSON, s)
}

// A poolChange is a plan for a pool of this account.
type poolChange struct {
	*account
	id     string
	plan   *attach.Plan
	owners []attach.Owner
	before *attach.Saved // the state before; nil: none
	// attaching: otherwise it restores what the pool had.
	attaching bool
}

// run says what changes and, with yes, changes it.
func (c *poolChange) run(ctx context.Context, yes, inJSON bool, s cli.Streams) error {
	refused := len(c.plan.Refused) > 0
	write := yes && !refused
	var err error
	if write {
		err = c.write(ctx)
	}
	if inJSON {
		report := map[string]any{
			"userPool": c.id, "changes": append([]attach.Change{}, c.plan.Changes...), "refused": append([]string{}, c.plan.Refused...),
			"warnings": append([]string{}, c.plan.Warnings...), "owners": append([]attach.Owner{}, c.owners...), "written": write && err == nil,
		}
		if jsonErr := cli.WriteJSON(s.Out, report); err == nil {
			err = jsonErr
		}
	} else {
		c.print(s)
	}
	switch {
	case err != nil:
		return err
	case refused:
		fmt.Fprintln(s.Err, "nothing was changed")
		return cli.Exit(cli.Failed)
	case write:
		done := "detached"
		if c.attaching {
			done = "attached"
		}
		fmt.Fprintf(s.Err, "%s %s\n", done, c.id)
	case len(c.plan.Changes) > 0:
		fmt.Fprintln(s.Err, "nothing was changed yet: add --yes")
	}
	return nil
}

func (c *poolChange) print(s cli.Streams) {
	for _, change := range c.plan.Changes {
		fmt.Fprintln(s.Out, change)
	}
	if len(c.plan.Changes) == 0 {
		fmt.Fprintf(s.Out, "there is nothing to change in %s\n", c.id)
	}
	for _, text := range c.plan.Refused {
		fmt.Fprintln(s.Err, "refused: "+text)
	}
	for _, text := range c.plan.Warnings {
		fmt.Fprintln(s.Err, "warning: "+text)
	}
	for _, owner := range c.owners {
		fmt.Fprintf(s.Err, "warning: the tags of the pool say that %s deploys it, and its next deployment would take the triggers away. Put this there:\n  %s\n",
			owner.Name, strings.Join(owner.Lines, "\n  "))
	}
}

// write saves the state, updates the pool, and looks whether Cognito did as it was told. Without an
// update, the state is as it was before.
func (c *poolChange) write(ctx context.Context) error {
	if c.plan.Request == nil {
		if !c.attaching {
			return c.saveState(ctx, nil)
		}
		return nil
	}
	mfa, err := c.mfaConfig(ctx, c.id)
	if err == nil && c.attaching {
		err = c.saveState(ctx, &c.plan.Saved)
	}
	if err != nil {
		return err
	}
	updateErr := c.updateUserPool(ctx, c.id, c.plan.Request)
	ctx = context.WithoutCancel(ctx) // to the end, or what the state says would not be so
	pool, err := c.describeUserPool(ctx, c.id)
	if err != nil {
		return errors.Join(updateErr, err)
	}
	other, err := c.plan.Unwritten(pool)
	switch {
	case updateErr != nil && len(other) > 0:
		if c.attaching {
			err = c.saveState(ctx, c.before)
		}
		return errors.Join(updateErr, err)
	case err == nil && !c.attaching:
		err = c.saveState(ctx, nil)
	}
	if err != nil {
		return err
	}
	now, err := c.mfaConfig(ctx, c.id)
	for _, change := range append(other, attach.Differences(mfa, now)...) {
		c.plan.Warnings = append(c.plan.Warnings, fmt.Sprintf("Cognito did not do as it was told; set it in the console: %s", change))
	}
	return err
}

// stateName is the parameter of Systems Manager that holds what detach restores. It is no resource
// of the stack: it is there while the stack is attached, and survives it.
func (a *account) stateName() string { return "/poolpost/" + a.StackName + "/attached" }

// savedState is nil for a stack that is not attached.
func (a *account) savedState(ctx context.Context) (*attach.Saved, error) {
	reply, err := ssm.NewFromConfig(a.Config).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(a.stateName())})
	if hasCode(err, "ParameterNotFound") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var saved attach.Saved
	if err := json.Unmarshal([]byte(aws.ToString(reply.Parameter.Value)), &saved, json.RejectUnknownMembers(true)); err != nil || saved.UserPoolID == "" {
		return nil, fmt.Errorf("the parameter %s does not hold what attach writes (%v): restore it from its history in Systems Manager", a.stateName(), err)
	}
	return &saved, nil
}

// saveState writes the state; nil removes it.
func (a *account) saveState(ctx context.Context, saved *attach.Saved) error {
	client, name := ssm.NewFromConfig(a.Config), a.stateName()
	if saved == nil {
		_, err := client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: &name})
		if hasCode(err, "ParameterNotFound") {
			return nil
		}
		return err
	}
	text, err := json.Marshal(saved, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = client.PutParameter(ctx, &ssm.PutParameterInput{
		Name: &name, Value: aws.String(string(text)), Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
		Description: aws.String("Poolpost: what poolpost detach restores in " + saved.UserPoolID),
		// A standard parameter is free and holds 4 KB, which is more than the usual names need.
		Tier: ssmtypes.ParameterTierIntelligentTiering,
	})
	return err
}

// serves refuses what a command cannot do for a pool that exists.
func (d *deployment) serves(command string) error {
	pool := d.Settings.Pool
	switch {
	case command == "outputs" && pool.Exists():
		return errors.New("outputs describes a pool that the deployment makes; the pool of pool.existing and its front ends have what they need")
	case (command == "invite" || command == "smoke") && pool.HasChosenUserNames():
		return fmt.Errorf("%s takes email addresses for user names, and people of this pool have names of their own (pool.existing.userNames): "+
			"use the Cognito console or aws cognito-idp", command)
	case command == "smoke" && d.Settings.Clients[0].Existing.Secret != "":
		return errors.New("smoke signs up as the first client of the settings, and cannot prove that it is a client with a secret: put one without a secret first, or sign up with your app")
	}
	return nil
}

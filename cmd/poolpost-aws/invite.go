package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"poolpost/cmd/internal/cli"
)

// An inviter creates accounts, of which Cognito sends the invitations, and adds them to groups.
// Running it again with the same people harms nobody: who has an invitation gets no second one.
type inviter struct {
	cognito *cognito.Client
	pool    string
	groups  []string      // that everybody joins
	valid   time.Duration // of an invitation
	pause   time.Duration // between invitations, so that SES takes their emails
	again   bool          // sends invitations that were sent before
	dryRun  bool          // changes nothing
	now     func() time.Time
}

// What came of one invitation.
const (
	invited       = "invited"
	invitedAgain  = "invited again"
	invitedBefore = "invited before" // and the invitation can still be used
	hasAccount    = "has an account"
	notReached    = "not reached"
)

var inviteResults = []string{invited, invitedAgain, invitedBefore, hasAccount, notReached}

// An invitation is what came of one.
type invitation struct {
	Email  string `json:"email"`
	Result string `json:"result"`
	Reason string `json:"reason,omitempty"` // of notReached
}

type inviteReport struct {
	DryRun      bool         `json:"dryRun"`
	Invitations []invitation `json:"invitations"`
	Left        int          `json:"left"` // people whom an interrupted run did not come to
}

func (c *commands) invite(ctx context.Context, d *deployment, now func() time.Time, s cli.Streams) error {
	flags := &c.Invite
	common := maps.Collect(maps.All(flags.Attr))
	if flags.Locale != "" {
		common["locale"] = flags.Locale
	}
	people, err := readPeople(d.Settings, flags.Addresses, flags.File, os.Stdin, common)
	if err != nil {
		return err
	}
	i, err := newInviter(d, flags, now)
	if err != nil {
		return err
	}
	return i.invite(ctx, people, s.Err, s.Out, flags.JSON)
}

func newInviter(d *deployment, flags *cli.Invite, now func() time.Time) (*inviter, error) {
	pool, err := d.output("UserPoolId")
	if err != nil {
		return nil, err
	}
	i := &inviter{
		// Of many invitations some are throttled: Cognito creates 50 users a second for the whole account.
		cognito: cognito.NewFromConfig(d.Config, func(o *cognito.Options) { o.Retryer = retry.AddWithMaxAttempts(o.Retryer, 8) }),
		pool:    pool,
		valid:   time.Duration(d.Settings.Pool.PasswordPolicy.TemporaryPasswordDays) * 24 * time.Hour,
		pause:   time.Duration(float64(time.Second) / float64(d.Settings.Mail.Rate)),
		again:   flags.Again, dryRun: flags.DryRun, now: now,
	}
	for _, g := range d.Settings.Groups {
		i.groups = append(i.groups, g.Name)
	}
	for _, name := range flags.Group {
		if !slices.Contains(i.groups, name) {
			i.groups = append(i.groups, name)
		}
	}
	return i, nil
}

// invite invites people, or, with none, everybody whose invitation has expired. It tells how it gets
// on on progress, and writes what came of it to out, as JSON or for people. Somebody who was not
// reached makes it fail, after all others were invited.
func (i *inviter) invite(ctx context.Context, people []person, progress, out io.Writer, asJSON bool) error {
	for _, name := range i.groups {
		_, err := i.cognito.GetGroup(ctx, &cognito.GetGroupInput{UserPoolId: &i.pool, GroupName: &name})
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			return fmt.Errorf("the pool has no group %s: create it, or check --group", name)
		} else if err != nil {
			return err
		}
	}
	if len(people) == 0 {
		var err error
		if people, err = i.expired(ctx); err != nil {
			return err
		}
	}
	report := inviteReport{DryRun: i.dryRun, Invitations: []invitation{}}
	var stopped error
	for n, p := range people {
		start := time.Now()
		result, err := i.one(ctx, p)
		if err != nil && (stops(err) || ctx.Err() != nil) {
			report.Left, stopped = len(people)-n, explain(err)
			break
		}
		one := invitation{Email: p.Email, Result: result}
		if err != nil {
			one.Result, one.Reason = notReached, reason(err)
		}
		report.Invitations = append(report.Invitations, one)
		fmt.Fprintf(progress, "%d/%d %s: %s\n", n+1, len(people), p.Email, one.say(i.dryRun))
		if (result == invited || result == invitedAgain) && n < len(people)-1 {
			i.wait(ctx, time.Until(start.Add(i.pause)))
		}
	}
	if err := report.write(out, asJSON); err != nil {
		return err
	}
	if stopped != nil {
		return fmt.Errorf("stopped with %d of %d people left: %w; the same command goes on with them", report.Left, len(people), stopped)
	}
	if slices.ContainsFunc(report.Invitations, func(one invitation) bool { return one.Result == notReached }) {
		return cli.Exit(cli.Failed)
	}
	return nil
}

func (i *inviter) wait(ctx context.Context, d time.Duration) {
	if i.dryRun {
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// one invites one person. The errors of problem say what to do about an account; others are AWS's.
func (i *inviter) one(ctx context.Context, p person) (string, error) {
	if i.dryRun {
		result, err := i.existing(ctx, p)
		if _, missing := errors.AsType[*types.UserNotFoundException](err); missing {
			return invited, nil
		}
		return result, err
	}
	err := i.create(ctx, p, "")
	if _, exists := errors.AsType[*types.UsernameExistsException](err); exists {
		return i.existing(ctx, p)
	}
	if err != nil {
		return "", err
	}
	return invited, i.join(ctx, p)
}

// A problem is the reason why somebody was not reached, with the remedy.
type problem string

func (p problem) Error() string { return string(p) }

// existing decides about somebody who has an account.
func (i *inviter) existing(ctx context.Context, p person) (string, error) {
	user, err := i.cognito.AdminGetUser(ctx, &cognito.AdminGetUserInput{UserPoolId: &i.pool, Username: &p.Email})
	if err != nil {
		return "", err
	}
	switch {
	case !user.Enabled:
		return "", problem("the account is disabled: enable it first, if that is right")
	case user.UserStatus == types.UserStatusTypeUnconfirmed:
		// Whoever signed up with the address has set the password. Making such an account a member
		// would make a stranger one, as soon as the address is confirmed.
		return "", problem("somebody signed up with this address and never confirmed it: delete that account, then invite again")
	case user.UserStatus != types.UserStatusTypeForceChangePassword:
		return hasAccount, nil
	}
	expired := i.hasExpired(user.UserLastModifiedDate)
	switch {
	case i.again:
		if i.dryRun {
			return invitedAgain, nil
		}
		if err := i.create(ctx, p, types.MessageActionTypeResend); err != nil {
			return "", err
		}
		return invitedAgain, i.join(ctx, p)
	case expired:
		return "", problem("the invitation has expired: --again sends a new one")
	case i.dryRun:
		return invitedBefore, nil
	}
	return invitedBefore, i.join(ctx, p)
}

// hasExpired reports whether an invitation can no longer be used. Cognito does not say when it was
// sent; nothing but sending it again changes an account that waits for its first password, unless an
// administrator does.
func (i *inviter) hasExpired(modified *time.Time) bool {
	return i.now().After(aws.ToTime(modified).Add(i.valid))
}

func (i *inviter) create(ctx context.Context, p person, action types.MessageActionType) error {
	in := &cognito.AdminCreateUserInput{
		UserPoolId: &i.pool, Username: &p.Email, MessageAction: action,
		DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeEmail},
	}
	if action == "" {
		// An invitation that reaches somebody shows that the address is theirs.
		in.UserAttributes = []types.AttributeType{
			{Name: aws.String("email"), Value: &p.Email}, {Name: aws.String("email_verified"), Value: aws.String("true")},
		}
		for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
			in.UserAttributes = append(in.UserAttributes, types.AttributeType{Name: &name, Value: aws.String(p.Attributes[name])})
		}
	}
	_, err := i.cognito.AdminCreateUser(ctx, in)
	return err
}

// join adds somebody to the groups. Adding twice is adding once.
func (i *inviter) join(ctx context.Context, p person) error {
	for _, name := range i.groups {
		_, err := i.cognito.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{UserPoolId: &i.pool, Username: &p.Email, GroupName: &name})
		if err != nil {
			return fmt.Errorf("invited, but not in group %s: %w; the same command adds the group", name, err)
		}
	}
	return nil
}

// expired are the people whose invitation has expired.
func (i *inviter) expired(ctx context.Context) ([]person, error) {
	var people []person
	pages := cognito.NewListUsersPaginator(i.cognito, &cognito.ListUsersInput{
		UserPoolId: &i.pool, Filter: aws.String(`cognito:user_status = "FORCE_CHANGE_PASSWORD"`),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, u := range page.Users {
			at := slices.IndexFunc(u.Attributes, func(a types.AttributeType) bool { return aws.ToString(a.Name) == "email" })
			if at >= 0 && u.Enabled && i.hasExpired(u.UserLastModifiedDate) {
				people = append(people, person{Email: aws.ToString(u.Attributes[at].Value)})
			}
		}
	}
	return people, nil
}

// stops reports whether an error would meet everybody else, too.
func stops(err error) bool {
	return hasCode(err, slices.Concat(unknownKey, expiredKey, wrongKey, noKey, refusedKey, []string{"ResourceNotFoundException"})...) ||
		!hasAnswer(err)
}

// hasAnswer reports whether it was AWS that refused, or this program.
func hasAnswer(err error) bool {
	if _, ok := errors.AsType[problem](err); ok {
		return true
	}
	_, ok := errors.AsType[smithy.APIError](err)
	return ok
}

// reason says why somebody was not reached.
func reason(err error) string {
	text := oneLine(explain(err).Error())
	if _, ok := errors.AsType[*types.CodeDeliveryFailureException](err); ok {
		text += "; the account exists, its email could not be sent: look at poolpost doctor, then use --again"
	}
	return text
}

// say is the result in words.
func (one invitation) say(dryRun bool) string {
	switch {
	case one.Reason != "":
		return one.Result + ": " + one.Reason
	case dryRun && (one.Result == invited || one.Result == invitedAgain):
		return "would be " + one.Result
	}
	return one.Result
}

func (r *inviteReport) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return cli.WriteJSON(w, r)
	}
	if len(r.Invitations) == 0 && r.Left == 0 {
		_, err := fmt.Fprintln(w, "no invitation has expired")
		return err
	}
	counts := map[string]int{}
	for _, one := range r.Invitations {
		counts[one.Result]++
	}
	var parts []string
	for _, result := range inviteResults {
		if n := counts[result]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, (invitation{Result: result}).say(r.DryRun)))
		}
	}
	if _, err := fmt.Fprintln(w, strings.Join(parts, ", ")); err != nil {
		return err
	}
	for _, one := range r.Invitations {
		if one.Result == notReached {
			if _, err := fmt.Fprintf(w, "%s: %s\n", one.Email, one.Reason); err != nil {
				return err
			}
		}
	}
	return nil
}

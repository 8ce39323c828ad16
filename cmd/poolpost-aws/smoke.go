package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/cmd/internal/cli"
	"poolpost/internal/logging"
	"poolpost/internal/rules"
)

// A smokeTest signs people up in a pool that is in use, with addresses of SES's mailbox simulator,
// and follows them through the logs. The functions mark the lines of such an address with its
// token, so that nobody else's are taken for it.
type smokeTest struct {
	*deployment
	cognito    *cognito.Client
	attributes map[string]string // that the sign-up rules ask for
	timeout    time.Duration     // for each link of the chain
	poll       time.Duration     // between two looks at the logs
	now        func() time.Time
	out        io.Writer

	users  []string // to be deleted
	failed int
}

// maxDelete is how long deleting the users may take, also after an interruption.
const maxDelete = 30 * time.Second

// smoke runs the test, and deletes the users that it has made whatever happens. Its error is an
// exit code if a link of the chain is broken.
func (t *smokeTest) smoke(ctx context.Context) (err error) {
	if err := t.inspect(ctx); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxDelete)
		defer cancel()
		if left := t.deleteUsers(ctx); left != nil {
			err = left
		}
	}()
	if err := t.person(ctx, "success", "delivered"); err != nil {
		return err
	}
	if err := t.person(ctx, "bounce", "bounced"); err != nil {
		return err
	}
	if t.failed > 0 {
		return cli.Exit(cli.Failed)
	}
	return nil
}

// person signs up one person, whose email SES answers with the outcome.
func (t *smokeTest) person(ctx context.Context, mailbox, outcome string) error {
	token := randomHex(6)
	address, began := logging.SmokeAddress(mailbox, token), t.now().Add(-time.Minute) // clocks differ
	follow := func(function, outcome, kind string) error {
		return t.follow(ctx, mailbox, token, began, function, outcome, kind)
	}
	user, way, err := t.signUp(ctx, address)
	if err != nil {
		return err
	}
	confirmed, kind := way == confirmedAtOnce, "sign-up"
	switch way {
	case bySelf:
		err = follow("pre-sign-up", "accepted", "")
	case confirmedAtOnce:
		t.skip(mailbox, "the message sign-up, since signUp.autoConfirm confirms at once")
	case byAdministrator:
		kind = "invitation"
	}
	if err == nil && way != confirmedAtOnce {
		err = t.followMessage(follow, kind, outcome)
	}
	if err != nil || mailbox != "success" {
		return err
	}
	switch {
	case way == byAdministrator:
		t.skip(mailbox, "sign-up rules, the message sign-up, confirmation, groups and the welcome email")
		return nil
	case !confirmed:
		if err := t.confirm(ctx, user); err != nil {
			return err
		}
	}
	if err := follow("post-confirmation", "", ""); err != nil {
		return err
	}
	if err := t.inGroups(ctx, user); err != nil {
		return err
	}
	if err := follow("send-mail", "sent", "welcome"); err != nil {
		return err
	}
	return follow("mail-feedback", outcome, "welcome")
}

// followMessage follows an email that Cognito asks for.
func (t *smokeTest) followMessage(follow func(function, outcome, kind string) error, kind, outcome string) error {
	if !t.Settings.Mail.UsesCustomSender() {
		if err := follow("custom-message", "filled", kind); err != nil {
			return err
		}
		return follow("mail-feedback", outcome, "") // its emails have no tags of ours
	}
	if err := follow("custom-email-sender", "queued", kind); err != nil {
		return err
	}
	if err := follow("send-mail", "sent", kind); err != nil {
		return err
	}
	return follow("mail-feedback", outcome, kind)
}

// A way is how a user came to be.
type way int

const (
	bySelf way = iota
	confirmedAtOnce
	byAdministrator
)

// signUp signs an address up as the first client of the settings would. Where something that
// guards sign-ups refuses, it creates the user as an administrator, which nothing guards.
func (t *smokeTest) signUp(ctx context.Context, address string) (user string, _ way, err error) {
	client, err := t.output("ClientId")
	if err != nil {
		return "", 0, err
	}
	password := t.password()
	attributes := []types.AttributeType{{Name: aws.String("email"), Value: &address}}
	for name, value := range t.attributes {
		attributes = append(attributes, types.AttributeType{Name: aws.String(t.Settings.AttributeKey(name)), Value: &value})
	}
	t.users = append(t.users, address) // if it was made although there is no answer
	reply, err := t.cognito.SignUp(ctx, &cognito.SignUpInput{
		ClientId: &client, Username: &address, Password: &password, UserAttributes: attributes,
	})
	if err == nil {
		user = aws.ToString(reply.UserSub)
		t.users[len(t.users)-1] = user
		if reply.UserConfirmed {
			return user, confirmedAtOnce, nil
		}
		return user, bySelf, nil
	}
	guard := guardOf(err)
	if guard == "" {
		return "", 0, fmt.Errorf("sign up an address of the mailbox simulator: %w", err)
	}
	fmt.Fprintf(t.out, "note     sign-up: %s; the user is created as an administrator\n", guard)
	created, err := t.cognito.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: t.pool(), Username: &address, TemporaryPassword: &password, DesiredDeliveryMediums: []types.DeliveryMediumType{types.DeliveryMediumTypeEmail},
		UserAttributes: append(attributes, types.AttributeType{Name: aws.String("email_verified"), Value: aws.String("true")}),
	})
	if err != nil {
		return "", 0, fmt.Errorf("create a user with an address of the mailbox simulator: %w", err)
	}
	user = aws.ToString(created.User.Username)
	t.users[len(t.users)-1] = user
	return user, byAdministrator, nil
}

// ruleCode is the code of a refusal in the text of Cognito's error.
var ruleCode = regexp.MustCompile(`\b[A-Z][A-Z]*_[A-Z_]*[A-Z]\b`)

// guardOf names what keeps people from signing up, if that is what an error says: a rule, a hook, a
// captcha, a budget, a firewall or the pool itself. Its words may be the adopter's.
func guardOf(err error) string {
	switch {
	case hasCode(err, "UserLambdaValidationException"):
		switch code := ruleCode.FindString(err.Error()); code {
		case rules.TryAgain: // the rules could not be applied
			return ""
		case "":
			return "a rule refuses"
		default:
			return "a rule refuses with " + code
		}
	case hasCode(err, "NotAuthorizedException"):
		return "pool.selfSignUp is off"
	case hasCode(err, "ForbiddenException"):
		return "a web access control list refuses"
	case hasCode(err, "TooManyRequestsException", "LimitExceededException"):
		return "a limit is reached"
	}
	return ""
}

// confirm confirms a user as a link does. An administrator's confirmation leaves the address
// unverified, and only a verified one is welcomed.
func (t *smokeTest) confirm(ctx context.Context, user string) error {
	_, err := t.cognito.AdminUpdateUserAttributes(ctx, &cognito.AdminUpdateUserAttributesInput{
		UserPoolId: t.pool(), Username: &user, UserAttributes: []types.AttributeType{{Name: aws.String("email_verified"), Value: aws.String("true")}},
	})
	if err == nil {
		_, err = t.cognito.AdminConfirmSignUp(ctx, &cognito.AdminConfirmSignUpInput{UserPoolId: t.pool(), Username: &user})
	}
	if err != nil {
		return fmt.Errorf("confirm the user: %w", err)
	}
	t.skip("success", "the page behind the link, which a person opens")
	return nil
}

func (t *smokeTest) inGroups(ctx context.Context, user string) error {
	reply, err := t.cognito.AdminListGroupsForUser(ctx, &cognito.AdminListGroupsForUserInput{UserPoolId: t.pool(), Username: &user})
	if err != nil {
		return fmt.Errorf("list the groups of the user: %w", err)
	}
	for _, name := range t.Settings.GroupNames() {
		if !slices.ContainsFunc(reply.Groups, func(g types.GroupType) bool { return aws.ToString(g.GroupName) == name }) {
			t.report(false, "success: the user is not in the group "+name)
		}
	}
	return nil
}

// follow waits until a function has logged an outcome of a message, or of any if kind or outcome is
// empty. A link of the chain that is broken is reported; the links behind it are looked at all the
// same.
func (t *smokeTest) follow(ctx context.Context, mailbox, token string, since time.Time, function, outcome, kind string) error {
	what := strings.TrimSpace(fmt.Sprintf("%s: %s %s", mailbox, function, outcome))
	if kind != "" {
		what += " (" + kind + ")"
	}
	began, others := t.now(), ""
	for {
		found := false
		err := t.logLines(ctx, function, since, token, func(line string) error {
			var l struct{ Outcome, Kind, Test, Reason string }
			if json.Unmarshal([]byte(line), &l) != nil || l.Test != token || kind != "" && l.Kind != kind {
				return nil
			}
			if outcome == "" && l.Reason == "" || l.Outcome == outcome {
				found = true
			} else {
				others = ", but " + strings.TrimSpace(l.Outcome+" "+l.Reason)
			}
			return nil
		})
		if err != nil {
			return err
		}
		waited := t.now().Sub(began)
		if found {
			t.report(true, fmt.Sprintf("%s after %s", what, waited.Round(time.Second)))
			return nil
		}
		if waited >= t.timeout {
			t.report(false, fmt.Sprintf("%s: not in the log within %s%s; see poolpost logs --function %s --since 10m", what, t.timeout, others, function))
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("interrupted; the users are deleted")
		case <-time.After(t.poll):
		}
	}
}

func (t *smokeTest) report(ok bool, what string) {
	status := statusOK
	if !ok {
		status = statusFailure
		t.failed++
	}
	fmt.Fprintf(t.out, "%-8s %s\n", status, what)
}

func (t *smokeTest) skip(mailbox, what string) {
	fmt.Fprintf(t.out, "skipped  %s: %s\n", mailbox, what)
}

// deleteUsers deletes what signUp has made.
func (t *smokeTest) deleteUsers(ctx context.Context) error {
	var errs []error
	for _, user := range t.users {
		_, err := t.cognito.AdminDeleteUser(ctx, &cognito.AdminDeleteUserInput{UserPoolId: t.pool(), Username: &user})
		if err != nil && !hasCode(err, "UserNotFoundException") {
			errs = append(errs, fmt.Errorf("delete the user %s by hand: %w", user, explain(err)))
		}
	}
	return errors.Join(errs...)
}

func (t *smokeTest) pool() *string { return aws.String(t.Outputs["UserPoolId"]) }

// password meets every policy that the settings can have.
func (t *smokeTest) password() string {
	return "Aa1!" + randomHex(max(16, t.Settings.Pool.PasswordPolicy.MinimumLength)/2)
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

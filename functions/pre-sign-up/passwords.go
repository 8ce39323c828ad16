//go:build !noaws && !nopasswords

package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/awsconfig"
	"poolpost/internal/mail"
	"poolpost/internal/message"
	"poolpost/internal/trigger"
)

func init() {
	newPasswords = func(cfg aws.Config, queue string) passwords {
		cfg = awsconfig.WithReconnect(cfg)
		return replacement{cognitoidentityprovider.NewFromConfig(cfg), mail.Queue{SQS: sqs.NewFromConfig(cfg), URL: queue}}
	}
}

// A replacement replaces passwords that a stranger may know.
type replacement struct {
	cognito *cognitoidentityprovider.Client
	queue   mail.Queue
}

// replacePassword sets a password that nobody knows, and then ends the sessions that began with the
// old one: the other way round, one could begin in between. The notice comes before the link, as it
// would otherwise be lost with the process. Cognito's repeats of the trigger do all of it again, but
// the queue drops the notice that it has.
func (r replacement) replacePassword(ctx context.Context, event *trigger.Event, user string) error {
	password := unknownPassword()
	_, err := r.cognito.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{
		UserPoolId: &event.UserPoolID, Username: &user, Password: &password, Permanent: true,
	})
	if err != nil {
		return fmt.Errorf("replace the password: %w", err)
	}
	_, err = r.cognito.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{
		UserPoolId: &event.UserPoolID, Username: &user,
	})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	notice := mail.NewEntry(message.ProviderLinked, event, nil)
	hash := sha256.Sum256([]byte(event.UserName)) // the provider's id of a person
	return r.queue.Put(ctx, notice, user, string(notice.Kind)+"-"+user+"-"+hex.EncodeToString(hash[:16]))
}

// unknownPassword has 108 characters of all the kinds that a policy can require. The longest minimum
// of a policy is 99.
func unknownPassword() string { return rand.Text() + rand.Text() + rand.Text() + rand.Text() + "aZ9!" }

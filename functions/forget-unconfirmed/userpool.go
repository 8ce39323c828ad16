package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

type userPool struct {
	cognito *cognitoidentityprovider.Client
	id      string
}

// maxDue is how many accounts are collected, many more than a run can delete.
const maxDue = 50_000

// due are the user names of the accounts that can be deleted, and how many are unconfirmed in all.
// It ends early when there are more than a run can delete.
func (p userPool) due(ctx context.Context, before time.Time) (names []string, unconfirmed int, err error) {
	pages := cognitoidentityprovider.NewListUsersPaginator(p.cognito, &cognitoidentityprovider.ListUsersInput{
		UserPoolId: &p.id, Filter: aws.String(`cognito:user_status = "UNCONFIRMED"`), Limit: aws.Int32(60),
		AttributesToGet: []string{"sub"}, // the answer needs no more of a person
	})
	for pages.HasMorePages() && len(names) < maxDue {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, 0, fmt.Errorf("list users: %w", err)
		}
		unconfirmed += len(page.Users)
		for _, u := range page.Users {
			if isDue(u.UserStatus, u.Enabled, u.UserCreateDate, before) && aws.ToString(u.Username) != "" {
				names = append(names, *u.Username)
			}
		}
	}
	return names, unconfirmed, nil
}

// isDue reports whether an account was never confirmed, and was created before a time. A filter that
// Cognito reads in another way must not delete anybody, so the status is looked at again. A disabled
// account stays: whoever disabled it did not want the person to sign up once more.
func isDue(status types.UserStatusType, enabled bool, created *time.Time, before time.Time) bool {
	return status == types.UserStatusTypeUnconfirmed && enabled && created != nil && created.Before(before)
}

// size is how many users the pool has, as Cognito estimates.
func (p userPool) size(ctx context.Context) (int, error) {
	out, err := p.cognito.DescribeUserPool(ctx, &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: &p.id})
	if err != nil {
		return 0, fmt.Errorf("describe user pool: %w", err)
	}
	if out.UserPool == nil {
		return 0, nil // which allows the fewest
	}
	return int(out.UserPool.EstimatedNumberOfUsers), nil
}

// forget deletes an account that is still due, and reports whether it did. Cognito cannot delete on a
// condition: somebody who confirms in the milliseconds between the two calls is deleted, too.
func (p userPool) forget(ctx context.Context, name string, before time.Time) (bool, error) {
	user, err := p.cognito.AdminGetUser(ctx, &cognitoidentityprovider.AdminGetUserInput{UserPoolId: &p.id, Username: &name})
	if err != nil {
		return false, unlessGone("get user", err)
	}
	if !isDue(user.UserStatus, user.Enabled, user.UserCreateDate, before) {
		return false, nil
	}
	for _, a := range user.UserAttributes {
		if aws.ToString(a.Name) == "identities" { // a provider's account is linked to it
			return false, nil
		}
	}
	_, err = p.cognito.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: &p.id, Username: &name})
	if err != nil {
		return false, unlessGone("delete user", err)
	}
	return true, nil
}

// unlessGone is the error of an operation on an account that may have been deleted meanwhile.
func unlessGone(operation string, err error) error {
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}

package main

import (
	"context"
	"errors"

	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

type signOuter interface {
	AdminUserGlobalSignOut(context.Context, *cognito.AdminUserGlobalSignOutInput, ...func(*cognito.Options)) (*cognito.AdminUserGlobalSignOutOutput, error)
}

// sessions are those of the people of a user pool.
type sessions struct {
	cognito signOuter
	pool    string // its id
}

// end ends all sessions of a user. Somebody who was deleted has none.
func (s sessions) end(ctx context.Context, user string) error {
	if user == "" {
		return errNoUser
	}
	_, err := s.cognito.AdminUserGlobalSignOut(ctx, &cognito.AdminUserGlobalSignOutInput{UserPoolId: &s.pool, Username: &user})
	if _, ok := errors.AsType[*types.UserNotFoundException](err); ok {
		return nil
	}
	return err
}

package cognito

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

func TestGroupsAndTheirMembers(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.mustConfirm(ada)
	pool, name, drivers := aws.String(poolID), aws.String(ada), aws.String("drivers")
	groups := func() string {
		out, err := w.admin.ListGroups(ctx, &cognito.ListGroupsInput{UserPoolId: pool})
		ok(t, err)
		var names []string
		for _, g := range out.Groups {
			names = append(names, *g.GroupName)
		}
		return strings.Join(names, " ")
	}
	groupsOfAda := func() string {
		out, err := w.admin.AdminListGroupsForUser(ctx, &cognito.AdminListGroupsForUserInput{UserPoolId: pool, Username: name})
		ok(t, err)
		var names []string
		for _, g := range out.Groups {
			names = append(names, *g.GroupName)
		}
		return strings.Join(names, " ")
	}
	add := func(group string) error {
		_, err := w.admin.AdminAddUserToGroup(ctx, &cognito.AdminAddUserToGroupInput{UserPoolId: pool, Username: name, GroupName: &group})
		return err
	}
	if got := groups(); got != "members testers" {
		t.Errorf("at first there are %s", got)
	}
	created, err := w.admin.CreateGroup(ctx, &cognito.CreateGroupInput{UserPoolId: pool, GroupName: drivers, Description: aws.String("Who drives"), Precedence: aws.Int32(3)})
	ok(t, err)
	if *created.Group.Description != "Who drives" || *created.Group.Precedence != 3 {
		t.Errorf("created %+v", created.Group)
	}
	_, err = w.admin.CreateGroup(ctx, &cognito.CreateGroupInput{UserPoolId: pool, GroupName: drivers})
	refused(t, err, "GroupExistsException", "A group with the name already exists.")
	ok(t, add("drivers"))
	ok(t, add("members"))
	ok(t, add("drivers")) // again
	if got := groupsOfAda(); got != "drivers members" {
		t.Errorf("the user is in %s", got)
	}
	users, err := w.admin.ListUsersInGroup(ctx, &cognito.ListUsersInGroupInput{UserPoolId: pool, GroupName: drivers})
	ok(t, err)
	if len(users.Users) != 1 || users.Users[0].UserStatus != "CONFIRMED" {
		t.Errorf("in the group are %+v", users.Users)
	}
	_, err = w.admin.AdminRemoveUserFromGroup(ctx, &cognito.AdminRemoveUserFromGroupInput{UserPoolId: pool, Username: name, GroupName: aws.String("members")})
	ok(t, err)
	if got := groupsOfAda(); got != "drivers" {
		t.Errorf("the user is in %s", got)
	}
	_, err = w.admin.DeleteGroup(ctx, &cognito.DeleteGroupInput{UserPoolId: pool, GroupName: drivers})
	ok(t, err)
	if got := groupsOfAda() + groups(); got != "members testers" {
		t.Errorf("at last there are %s", got)
	}
	const none = "Group not found."
	refused(t, add("drivers"), "ResourceNotFoundException", none)
	_, err = w.admin.GetGroup(ctx, &cognito.GetGroupInput{UserPoolId: pool, GroupName: drivers})
	refused(t, err, "ResourceNotFoundException", none)
	_, err = w.admin.ListUsersInGroup(ctx, &cognito.ListUsersInGroupInput{UserPoolId: pool, GroupName: drivers})
	refused(t, err, "ResourceNotFoundException", none)
}

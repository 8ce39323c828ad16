package cognito

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// addresses are those of some users, by what is before the @.
func addressesOf(out *cognito.ListUsersOutput) string {
	var names []string
	for _, u := range out.Users {
		for _, a := range u.Attributes {
			if *a.Name == "email" {
				name, _, _ := strings.Cut(*a.Value, "@")
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, " ")
}

func TestListUsers(t *testing.T) {
	w := newWorld(t).phones()
	w.mustConfirm(ada, with("given_name", `A "lady"`))
	sub := w.mustSignUp("adam@example.com")
	w.mustSignUp("bob@example.com", with("phone_number", "+12065550100"))
	for filter, want := range map[string]string{
		``:                                    "ada adam bob",
		`email = "ada@example.com"`:           "ada",
		`email = "ADA@Example.com"`:           "ada",
		`email ^= "ada"`:                      "ada adam",
		`"email"^="bob"`:                      "bob",
		`given_name = "A \"lady\""`:           "ada",
		`cognito:user_status = "unconfirmed"`: "adam bob",
		`cognito:user_status = "CONFIRMED"`:   "ada",
		`status = "Enabled"`:                  "ada adam bob",
		`status = "enabled"`:                  "",
		`sub = "` + sub + `"`:                 "adam",
		`username = "` + sub + `"`:            "adam",
		`phone_number ^= "+1206"`:             "bob",
		`email = "eve@example.com"`:           "",
		"email\t=\n\"ada@example.com\" ":      "ada",
	} {
		t.Run(filter, func(t *testing.T) {
			out, err := w.admin.ListUsers(context.Background(), &cognito.ListUsersInput{UserPoolId: aws.String(poolID), Filter: &filter})
			ok(t, err)
			if got := addressesOf(out); got != want {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
}

func TestListUsersInPages(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"ada", "bob", "cleo"} {
		w.mustSignUp(name + "@example.com")
	}
	var pages []string
	all := cognito.NewListUsersPaginator(w.admin, &cognito.ListUsersInput{UserPoolId: aws.String(poolID), Limit: aws.Int32(2), AttributesToGet: []string{"email"}})
	for all.HasMorePages() {
		out, err := all.NextPage(context.Background())
		ok(t, err)
		pages = append(pages, addressesOf(out))
		if n := len(out.Users[0].Attributes); n != 1 {
			t.Errorf("a user has %d attributes, want the one that was asked for", n)
		}
	}
	if got := strings.Join(pages, " | "); got != "ada bob | cleo" {
		t.Errorf("the pages are %s", got)
	}
}

func TestListUsersRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		in      cognito.ListUsersInput
		message string
	}{
		"a custom attribute":       {cognito.ListUsersInput{Filter: aws.String(`custom:agentName = "Smith"`)}, "Invalid search attribute: custom:agentName"},
		"a value without quotes":   {cognito.ListUsersInput{Filter: aws.String(`email = ada`)}, "Error while parsing filter"},
		"two conditions":           {cognito.ListUsersInput{Filter: aws.String(`email = "a" or email = "b"`)}, "Error while parsing filter"},
		"a page of more than 60":   {cognito.ListUsersInput{Limit: aws.Int32(61)}, "1 validation error detected: Value '61' at 'limit' failed to satisfy constraint: Member must have value between 0 and 60"},
		"a token of its own make":  {cognito.ListUsersInput{PaginationToken: aws.String("sample")}, "Invalid pagination token."},
		"a token behind the users": {cognito.ListUsersInput{PaginationToken: aws.String("7")}, "Invalid pagination token."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.in.UserPoolId = aws.String(poolID)
			_, err := w.admin.ListUsers(context.Background(), &test.in)
			refused(t, err, "InvalidParameterException", test.message)
		})
	}
}

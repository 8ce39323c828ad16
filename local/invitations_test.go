package local

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/message"
	"poolpost/internal/settings/settingstest"
)

// accept signs an invited person in for the first time, and returns the tokens.
func (s *Stack) accept(t *testing.T, email, temporary, locale string) *types.AuthenticationResultType {
	t.Helper()
	asked, err := newApp(s).proveBySRP(t.Context(), &appPage{Client: "web", Email: email}, temporary)
	noError(t, err)
	if asked.ChallengeName != types.ChallengeNameTypeNewPasswordRequired {
		t.Fatalf("Cognito asks for %s", asked.ChallengeName)
	}
	out, err := s.sdk().RespondToAuthChallenge(t.Context(), &cognito.RespondToAuthChallengeInput{
		ClientId: aws.String(s.clientIDs["web"]), ChallengeName: asked.ChallengeName, Session: asked.Session,
		ChallengeResponses: map[string]string{"USERNAME": email, "NEW_PASSWORD": password},
		ClientMetadata:     map[string]string{"locale": locale},
	})
	noError(t, err)
	if out.AuthenticationResult == nil {
		t.Fatal("there are no tokens")
	}
	return out.AuthenticationResult
}

// groupsIn are the groups that a token says the user is in.
func groupsIn(t *testing.T, token *string) []string {
	t.Helper()
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(*token, ".")[1])
	noError(t, err)
	var read struct {
		Groups []string `json:"cognito:groups"`
	}
	noError(t, json.Unmarshal(claims, &read))
	return read.Groups
}

// With the real binary: what follows a confirmation follows the first password of somebody who was
// invited, once, and the first tokens have the group. Without the group, the sign-in goes on.
func TestAcceptedInvitationsAreFollowedUp(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, string(body))
	}))
	defer server.Close()
	file := settingstest.FileWith(t, "invitations.yaml", "\ngroups: [members]\n", "\ngroups: [members]\ninvitations: {followUp: true}\n"+
		"hooks: {events: [{name: crm, types: [user.confirmed, user.invitation-accepted], url: https://crm.example.com/, secret: crm}]}\n")
	s := startWith(t, file, func(o *Options) {
		o.EventHooks, o.hooks.second = map[string]string{"crm": server.URL}, 10*time.Millisecond
	})
	const email, temporary = "guest@example.com", "temporary-sample-1"
	told := func() int {
		t.Helper()
		noError(t, s.queue.Idle(t.Context()))
		noError(t, s.eventQueue.Idle(t.Context()))
		noError(t, s.bus.Idle(t.Context()))
		mu.Lock()
		defer mu.Unlock()
		return len(heard)
	}
	welcomes := func() (n int) {
		for _, m := range s.box.Messages() {
			if m.Tags["kind"] == string(message.Welcome) {
				n++
			}
		}
		return n
	}

	s.invite(t, email, temporary, attribute("email_verified", "true"), attribute("custom:agentName", "Gus"))
	if told() != 0 || welcomes() != 0 {
		t.Fatal("an invitation that nobody has accepted is followed up")
	}
	first := s.accept(t, email, temporary, "fr")
	for _, token := range []*string{first.AccessToken, first.IdToken} {
		if got := groupsIn(t, token); !slices.Equal(got, []string{"members"}) {
			t.Errorf("a first token has the groups %q", got)
		}
	}
	groups, err := s.sdk().AdminListGroupsForUser(t.Context(), &cognito.AdminListGroupsForUserInput{UserPoolId: aws.String(s.poolID), Username: aws.String(email)})
	noError(t, err)
	if len(groups.Groups) != 1 || *groups.Groups[0].GroupName != "members" {
		t.Errorf("the user is in %v", groups.Groups)
	}
	if m := s.mail(t, email, "fr", message.Welcome); !strings.Contains(m.Text, "Gus") {
		t.Errorf("the welcome email is %+v", m)
	}
	if n := told(); n != 1 || !strings.Contains(heard[0], `"detail-type":"user.invitation-accepted"`) || !strings.Contains(heard[0], `"locale":"fr"`) || strings.Contains(heard[0], email) {
		t.Errorf("the webhook heard %q", heard)
	}
	if page := s.get(t, "/events"); !strings.Contains(page, "user.invitation-accepted") {
		t.Error("the page lacks the event")
	}

	s.signIn(t, email, password)
	device := *first.NewDeviceMetadata.DeviceKey
	_, err = s.sdk().ConfirmDevice(t.Context(), &cognito.ConfirmDeviceInput{
		AccessToken: first.AccessToken, DeviceKey: &device,
		DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{PasswordVerifier: aws.String("AQ=="), Salt: aws.String("AQ==")},
	})
	noError(t, err)
	again, err := s.sdk().InitiateAuth(t.Context(), &cognito.InitiateAuthInput{
		ClientId: aws.String(s.clientIDs["web"]), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *first.RefreshToken, "DEVICE_KEY": device},
	})
	noError(t, err)
	if !slices.Equal(groupsIn(t, again.AuthenticationResult.AccessToken), []string{"members"}) {
		t.Error("the next token lacks the group")
	}
	if told() != 1 || welcomes() != 1 {
		t.Errorf("after another sign-in, there are %d events and %d welcome emails", told(), welcomes())
	}

	// An administrator makes somebody choose a password again: the event is the same one.
	_, err = s.sdk().AdminSetUserPassword(t.Context(), &cognito.AdminSetUserPasswordInput{UserPoolId: aws.String(s.poolID), Username: aws.String(email), Password: aws.String(temporary)})
	noError(t, err)
	s.accept(t, email, temporary, "fr")
	if n := told(); n != 2 || idOf(t, heard[0]) != idOf(t, heard[1]) || welcomes() != 1 {
		t.Errorf("after another first password, there are %d welcome emails, and the events %q", welcomes(), heard)
	}

	_, err = s.sdk().DeleteGroup(t.Context(), &cognito.DeleteGroupInput{UserPoolId: aws.String(s.poolID), GroupName: aws.String("members")})
	noError(t, err)
	const other = "other@example.com"
	s.invite(t, other, temporary, attribute("email_verified", "true"))
	if got := groupsIn(t, s.accept(t, other, temporary, "en").AccessToken); len(got) > 0 {
		t.Errorf("without a group, a token has %q", got)
	}
	s.mail(t, other, "en", message.Welcome)
	if n := told(); n != 3 {
		t.Errorf("without a group, there are %d events", n)
	}
}

// idOf is the id of an event that came to a webhook.
func idOf(t *testing.T, envelope string) string {
	t.Helper()
	var read struct{ Detail struct{ ID string } }
	noError(t, json.Unmarshal([]byte(envelope), &read))
	return read.Detail.ID
}

// Off, the pool asks nobody before it issues tokens.
func TestInvitationsAreNotFollowedUpOtherwise(t *testing.T) {
	s := startStack(t)
	const email, temporary = "plain@example.com", "temporary-sample-1"
	s.invite(t, email, temporary, attribute("email_verified", "true"))
	if got := groupsIn(t, s.accept(t, email, temporary, "en").AccessToken); len(got) > 0 {
		t.Errorf("the token has the groups %q", got)
	}
	noError(t, s.queue.Idle(t.Context()))
	for _, m := range s.box.Messages() {
		if m.Tags["kind"] == string(message.Welcome) {
			t.Errorf("there is a welcome email: %+v", m)
		}
	}
}

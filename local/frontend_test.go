package local

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"poolpost/internal/amplify"
	"poolpost/internal/settings/settingstest"
)

func TestButtonsLeadToTheFrontEndOnThisMachine(t *testing.T) {
	set := settingstest.Sample(t)
	set.Clients[0].ResetURL = "https://app.example.com/reset?a=1&b=%2F"
	noError(t, localApp(set, "http://127.0.0.1:8080", "http://localhost:5173/"))
	c := set.Clients[0]
	got := []string{c.URL, c.SignInURL, c.AttributeURL, c.ResetURL}
	if want := []string{
		"http://localhost:5173/", "http://localhost:5173/sign-in", "http://localhost:5173/account/verify", "http://localhost:5173/reset?a=1&b=%2F",
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if want := []string{"https://app.example.com/", "http://localhost:5173/", "http://127.0.0.1:8080/"}; !reflect.DeepEqual(c.ReturnURLs, want) {
		t.Errorf("it can be returned to %v, want %v", c.ReturnURLs, want)
	}
	set = settingstest.Sample(t)
	set.Clients[0].AttributeURL = ""
	noError(t, localApp(set, "http://127.0.0.1:8080", "http://localhost:5173"))
	if got := set.Clients[0].AttributeURL; got != "" {
		t.Errorf("an address that is not set is %s", got)
	}
	for _, app := range []string{"https://app.example.com", "localhost:5173", "http://localhost:5173/app", "5173", "http://192.0.2.1:5173"} {
		set := settingstest.Sample(t)
		if err := localApp(set, "http://127.0.0.1:8080", app); err == nil || !strings.HasPrefix(err.Error(), "--app "+app+": must be the origin of a front end on this machine") {
			t.Errorf("%s: %v", app, err)
		}
		if set.Clients[0].URL != "https://app.example.com/" {
			t.Errorf("%s: buttons lead to %s", app, set.Clients[0].URL)
		}
	}
}

// The example starts with the file of make dev, and takes that of a deployment in its place.
func TestTheExampleHasTheFileOfTheLocalRun(t *testing.T) {
	const address, file = "/amplify_outputs.json", "../frontend/example/amplify_outputs.json"
	s := startWith(t, "../poolpost.yaml")
	answer, err := http.Get(s.webURL + address)
	noError(t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	noError(t, err)
	want, err := os.ReadFile(file)
	noError(t, err)
	text := strings.NewReplacer(s.awsURL, "http://127.0.0.1:9229", s.webURL, "http://127.0.0.1:8080").Replace(string(got))
	if text != string(want) {
		t.Errorf("%s is not what make dev serves at %s:\n%s", file, address, text)
	}
	var outputs amplify.Outputs
	noError(t, json.Unmarshal(got, &outputs))
	if a := outputs.Auth; a.UserPoolID != s.poolID || a.ClientID != s.clientIDs["web"] || a.IdentityPoolID != s.identityPoolID || outputs.Custom.Endpoint != s.awsURL {
		t.Errorf("got %+v", outputs)
	}
}

// The local pool has clients of its own, without secrets, whatever those of a pool that exists have.
func TestClientsOfTheLocalPoolHaveNoSecrets(t *testing.T) {
	set := settingstest.Sample(t)
	set.Clients[0].Existing.Secret = "myapp/web"
	noError(t, localApp(set, "http://127.0.0.1:8080", ""))
	if got := set.Clients[0].Existing.Secret; got != "" {
		t.Errorf("the page behind links would look for the secret %s", got)
	}
}

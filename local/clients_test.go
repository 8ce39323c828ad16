package local

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Clients of Cognito that nobody here wrote go the whole way with their default settings, from
// sign-up to the deleted user: only the endpoint is the local one.

func TestClientsInJavaScript(t *testing.T) {
	dir := installed(t, "clients", "node_modules", "Node.js")
	s := startStack(t)
	s.invite(t, "ivy.invited@example.com", "sample-temporary-1")
	for _, name := range []string{"pool.mjs", "identity.mjs", "amplify.mjs"} { // beside the packages that they import
		text, err := os.ReadFile(filepath.Join("../test/clients", name))
		noError(t, err)
		noError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	for _, script := range []string{"identity.mjs", "amplify.mjs"} {
		t.Run(script, func(t *testing.T) { s.goes(t, "node", filepath.Join(dir, script)) })
	}
}

func TestClientsInPython(t *testing.T) {
	dir := installed(t, "clients-venv", "bin/aws", "Python")
	s := startStack(t)
	answer, err := http.Get(s.awsURL + "/" + s.poolID + "/.well-known/jwks.json")
	noError(t, err)
	defer answer.Body.Close()
	keys, err := io.ReadAll(answer.Body)
	noError(t, err)
	s.goes(t, filepath.Join(dir, "bin/python"), "../test/clients/python.py",
		"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER="+s.awsURL, "AWS_ENDPOINT_URL_COGNITO_IDENTITY="+s.awsURL, "COGNITO_JWKS="+string(keys), "PYTHONPYCACHEPREFIX="+filepath.Join(dir, "pycache"),
		"AWS_ACCESS_KEY_ID=sample", "AWS_SECRET_ACCESS_KEY=sample", "AWS_DEFAULT_REGION="+s.settings.Pool.Region)
}

// installed is a folder of .build in which make test has installed something. Without it the test is
// skipped, but never in CI.
func installed(t *testing.T, folder, file, with string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("../.build", folder))
	noError(t, err)
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("there are no clients to test with: make test installs them, with %s", with)
		}
		t.Skipf("there are no clients to test with: make test installs them, with %s", with)
	}
	return dir
}

// goes runs a script against the stack, which fails if it is not answered as it expects.
func (s *Stack) goes(t *testing.T, program, script string, variables ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, script)
	command.Env = append(os.Environ(), "POOL_ENDPOINT="+s.awsURL, "POOL_WEB="+s.webURL, "POOL_ID="+s.poolID, "CLIENT_ID="+s.clientIDs["web"], "IDENTITY_POOL_ID="+s.identityPoolID)
	command.Env = append(command.Env, variables...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

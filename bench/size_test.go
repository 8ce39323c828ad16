package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"poolpost/internal/bundle"
	"poolpost/local/lambda"
)

// limits are the largest ratios to an empty function: of the binary, and of the deployment package,
// which Lambda loads when it starts a process.
var limits = map[string]struct{ binary, zip float64 }{
	"pre-sign-up":         {1.14, 1.13}, // with the tables of Unicode domains and the list of disposable ones
	"custom-message":      {1.04, 1.06},
	"verify-link":         {1.05, 1.12}, // with its pages
	"post-confirmation":   {1.33, 1.26}, // with the SDK's clients of Cognito and SQS
	"custom-email-sender": {1.23, 1.20}, // with the SDK's client of SQS
	"mail-feedback":       {1.08, 1.07},
	"send-mail":           {2.08, 1.75}, // with the Encryption SDK, and the SDK's client of Cognito
}

func TestFunctionsStaySmallAndAreMeasured(t *testing.T) {
	root, err := bundle.ModuleDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	subjects, err := build(t.Context(), root, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	sizes := map[int64]bool{} // of the bodies of calls to AWS
	aws, err := newStubs(dir, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 0 { // otherwise it only warms up the connection
			mu.Lock()
			sizes[r.ContentLength] = true
			mu.Unlock()
		}
		awsStub(w, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer aws.Close()
	measured := 0
	var base, baseBinary float64
	var bare map[int64]bool // of the calls that the next subject is compared with
	for _, s := range subjects {
		clear(sizes)
		if _, err := measure([]lambda.Function{s.function(aws.env(true))}, s.event, 1, nil); err != nil {
			t.Error(err)
		}
		switch s.name {
		case empty:
			base, baseBinary, bare = float64(s.zip), binarySize(t, s.dir), nil
		case call:
			bare = maps.Clone(sizes)
		case s.of:
			zip, binary, limit := float64(s.zip)/base, binarySize(t, s.dir)/baseBinary, limits[s.name]
			t.Logf("%s: %.2f times an empty function, as a package %.2f (%d bytes)", s.name, binary, zip, s.zip)
			if binary > limit.binary || zip > limit.zip {
				t.Errorf("%s is %.2f times as large as an empty function, and %.2f times as a package; it may be %.2f and %.2f", s.name, binary, zip, limit.binary, limit.zip)
			}
			if !maps.Equal(sizes, bare) {
				t.Errorf("%s makes calls of %v bytes, what it is compared with makes calls of %v", s.name, sizes, bare)
			}
			measured++
		}
	}
	// Nobody waits for forget-unconfirmed, which runs once a day.
	if want := len(bundle.Functions) - 1; measured != want {
		t.Errorf("%d functions are measured, want %d", measured, want)
	}
}

func binarySize(t *testing.T, dir string) float64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, "bootstrap"+behind))
	if err != nil {
		t.Fatal(err)
	}
	return float64(info.Size())
}

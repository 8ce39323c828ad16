package main

import (
	"os"
	"path/filepath"
	"testing"

	"poolpost/infra/bundle"
	"poolpost/infra/local/lambdahost"
)

// limits are how many times as large as an empty function each one may be: its
// binary, and its deployment package, which Lambda loads when it starts one.
var limits = map[string]struct{ binary, zip float64 }{
	"pre-sign-up":         {1.14, 1.13}, // it has the tables of Unicode domains, and a list of throw-away ones
	"custom-message":      {1.04, 1.06},
	"verify-link":         {1.08, 1.15}, // with its pages
	"post-confirmation":   {1.07, 1.07},
	"custom-email-sender": {1.07, 1.07},
	"mail-feedback":       {1.08, 1.07},
	"send-mail":           {2.30, 1.80}, // with the Encryption SDK
}

func TestFunctionsStaySmallAndAreMeasured(t *testing.T) {
	root, err := bundle.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	subjects, err := build(t.Context(), root, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	aws, err := newStubs(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer aws.Close()
	measured := 0
	var base, baseBinary float64
	for _, s := range subjects {
		switch s.name {
		case empty:
			base, baseBinary = float64(s.zip), binarySize(t, s.dir)
		case s.of:
			zip, binary, limit := float64(s.zip)/base, binarySize(t, s.dir)/baseBinary, limits[s.name]
			t.Logf("%s: %.2f times an empty function, as a package %.2f (%d bytes)", s.name, binary, zip, s.zip)
			if binary > limit.binary || zip > limit.zip {
				t.Errorf("%s is %.2f times as large as an empty function, and %.2f times as a package; it may be %.2f and %.2f", s.name, binary, zip, limit.binary, limit.zip)
			}
			measured++
		}
		if _, err := measure([]lambdahost.Function{s.function(aws.env(true))}, s.event, 1, nil); err != nil {
			t.Error(err)
		}
	}
	if measured != len(bundle.Functions) {
		t.Errorf("%d functions are measured, there are %d", measured, len(bundle.Functions))
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

package main

import (
	"testing"

	"poolpost/infra/bundle"
	"poolpost/infra/local/lambdahost"
)

// maxZip is how many times as large as an empty function each one may be, as a
// deployment package: what Lambda loads when it starts one.
var maxZip = map[string]float64{
	"pre-sign-up":         1.15, // it has the tables of Unicode domains, and a list of throw-away ones
	"custom-message":      1.10,
	"verify-link":         1.20,
	"post-confirmation":   1.10,
	"custom-email-sender": 1.10,
	"mail-feedback":       1.40,
	"send-mail":           1.90,
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
	var base float64
	for _, s := range subjects {
		switch s.name {
		case empty:
			base = float64(s.zip)
		case s.of:
			ratio := float64(s.zip) / base
			t.Logf("%s: %d bytes, %.2f times an empty function", s.name, s.zip, ratio)
			if ratio > maxZip[s.name] {
				t.Errorf("%s is %.2f times as large as an empty function, more than %.2f", s.name, ratio, maxZip[s.name])
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

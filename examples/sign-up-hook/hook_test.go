package main

import (
	"encoding/json"
	"os"
	"testing"

	"poolpost/internal/functiontest"
)

// sample is the request of docs/hooks.md, with other validation data and provider.
func sample(t *testing.T, validationData map[string]string, provider string) request {
	t.Helper()
	text, err := os.ReadFile("request.json")
	if err != nil {
		t.Fatal(err)
	}
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.ValidationData["invitation"] != "SPRING-2026" {
		t.Fatalf("request.json has the validation data %v", r.ValidationData)
	}
	r.ValidationData, r.Provider = validationData, provider
	return r
}

func TestInvitations(t *testing.T) {
	h := hook{[]string{"SPRING-2026", "VIP"}}
	for name, test := range map[string]struct {
		data     map[string]string
		provider string
		want     string
	}{
		"a code":                     {map[string]string{"invitation": "SPRING-2026"}, "", "accept"},
		"another code, with blanks":  {map[string]string{"invitation": " VIP "}, "", "accept"},
		"a provider, without a code": {nil, "Facebook", "accept"},
		"no validation data":         {nil, "", "refuse"},
		"an empty code":              {map[string]string{"invitation": ""}, "", "refuse"},
		"a code in lower case":       {map[string]string{"invitation": "vip"}, "", "refuse"},
		"a code that nobody has":     {map[string]string{"invitation": "AUTUMN"}, "", "refuse"},
	} {
		got, err := h.decide(t.Context(), sample(t, test.data, test.provider))
		if err != nil || got.Decision != test.want || (got.Code == "INVITATION_REQUIRED") != (test.want == "refuse") {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if got, err := (hook{[]string{""}}).decide(t.Context(), sample(t, map[string]string{"invitation": ""}, "")); err != nil || got.Decision != "refuse" {
		t.Errorf("without codes, an empty one is accepted: %+v, %v", got, err)
	}
}

func TestAnotherVersionIsAnError(t *testing.T) {
	r := sample(t, map[string]string{"invitation": "VIP"}, "")
	r.Version = 2
	if got, err := (hook{[]string{"VIP"}}).decide(t.Context(), r); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestHookInNode(t *testing.T) { functiontest.TypeScript(t, "hook") }

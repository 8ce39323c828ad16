//go:build noaws

package main

import (
	"testing"

	"poolpost/internal/config"
)

func TestWithoutAWSTheFunctionRefusesSettingsThatAskIt(t *testing.T) {
	for name, c := range map[string]config.PreSignUp{
		"the suppression list": {Email: config.EmailRules{RefuseSuppressed: true}},
		"linking":              {ExternalProviders: config.ExternalProviders{Policy: config.LinkProviders}},
	} {
		if _, _, err := connect(c); err != errNoAWS {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, accounts, err := connect(config.PreSignUp{}); list != nil || accounts != nil || err != nil {
		t.Errorf("settings that ask nobody: %v, %v, %v", list, accounts, err)
	}
}

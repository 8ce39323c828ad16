package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
)

// The functions are built from the sources of the poolpost module that go.mod names, and
// templates/messages/welcome.tmpl, with its note above the button, replaces Poolpost's.
func TestTheStackWithItsFunctions(t *testing.T) {
	if err := os.RemoveAll(".build"); err != nil {
		t.Fatal(err)
	}
	stack, err := newStack(awscdk.NewApp(nil))
	if err != nil {
		t.Fatal(err)
	}
	template := assertions.Template_FromStack(stack, nil)
	template.HasResourceProperties(jsii.String("AWS::Cognito::UserPool"), map[string]any{"UserPoolName": "Readers"})
	template.ResourceCountIs(jsii.String("AWS::Cognito::UserPoolClient"), jsii.Number(1))
	template.HasOutput(jsii.String("UserPoolId"), map[string]any{})
	// The app's own role, with its own permission.
	template.HasResourceProperties(jsii.String("AWS::IAM::Policy"), map[string]any{
		"PolicyDocument": map[string]any{"Statement": assertions.Match_ArrayWith(&[]any{
			assertions.Match_ObjectLike(&map[string]any{"Action": []any{"s3:GetObject*", "s3:GetBucket*", "s3:List*"}}),
		})},
	})
	functions := []string{"custom-message", "mail-feedback", "post-confirmation", "pre-sign-up", "send-mail", "verify-link"}
	for _, name := range functions {
		template.HasResourceProperties(jsii.String("AWS::Lambda::Function"), map[string]any{"Description": "Poolpost: " + name})
		elf, err := os.ReadFile(filepath.Join(".build/arm64/poolpost", name, "bootstrap"))
		if err != nil || len(elf) < 20 || string(elf[:4]) != "\x7fELF" || elf[18] != 0xb7 { // e_machine EM_AARCH64
			t.Errorf("%s is no program for Linux on arm64: %v", name, err)
		}
	}
	welcome, err := os.ReadFile(".build/arm64/poolpost/send-mail/messages/web/en/welcome")
	note, button := strings.Index(string(welcome), "Just write to us"), strings.Index(string(welcome), "Open Readers")
	if err != nil || note < 0 || note > button {
		t.Errorf("the welcome message is not that of this app: %v, %s", err, welcome)
	}
}

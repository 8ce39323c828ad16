package guard

import (
	"strings"
	"testing"
)

const served = `
Resources:
  CustomMessage: {Type: AWS::Lambda::Function, Properties: {Description: "Poolpost: custom-message"}}
  Invoke: {Type: AWS::Lambda::Permission, Properties: {Principal: cognito-idp.amazonaws.com, FunctionName: !GetAtt CustomMessage.Arn}}
  Page: {Type: AWS::Lambda::Function, Properties: {Description: "Poolpost: verify-link"}}
  InvokePage: {Type: AWS::Lambda::Permission, Properties: {Principal: apigateway.amazonaws.com, FunctionName: !Ref Page}}
`

// A pool outside the stack keeps the functions that attach gave it, so they must not go before it is
// detached.
func TestATriggerOfAPoolOutsideTheStackIsMissed(t *testing.T) {
	for name, test := range map[string]struct {
		deployed string
		change   func(string) string
		want     string
	}{
		"nothing changes":            {served, edit(), ""},
		"the trigger goes":           {served, without("CustomMessage"), "TRIGGER=custom-message"},
		"only its permission goes":   {served, without("Invoke"), ""}, // or is another one: the function is there
		"another function goes":      {served, without("Page"), ""},
		"a pool in the stack has it": {served + "  Pool: {Type: AWS::Cognito::UserPool}\n", without("CustomMessage"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			losses := Losses(Pair{Deployed: parse(t, test.deployed), Next: parse(t, test.change(test.deployed))}, nil, true)
			if test.want == "" && len(losses) == 0 {
				return
			}
			if len(losses) != 1 || losses[0].Key() != test.want || losses[0].Impossible || !strings.Contains(losses[0].Text, "Run poolpost detach before the deployment") {
				t.Errorf("the losses are %v", losses)
			}
		})
	}
}

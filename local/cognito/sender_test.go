package cognito

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// sending is a pool with a custom email sender.
func sending(o *Options) {
	delete(o.Triggers, customMessage)
	o.Triggers[customEmailSender] = "custom-email-sender"
}

func TestCustomSenderGetsTheEncryptedCode(t *testing.T) {
	w := newWorld(t, sending)
	w.mustSignUp(ada)
	if w.delivered() != 0 {
		t.Errorf("the pool sent %+v itself", w.last())
	}
	if len(w.encrypted) != 1 || !sixDigits.MatchString(w.encrypted[0]) {
		t.Fatalf("encrypted %q, want one code", w.encrypted)
	}
	payload := string(w.called("custom-email-sender")[0])
	if strings.Contains(payload, w.encrypted[0]) {
		t.Errorf("the event holds the code in plain text: %s", payload)
	}
	ok(t, w.confirm(ada, w.encrypted[0]))
}

func TestTemporaryPasswordIsEscapedBeforeEncryption(t *testing.T) {
	w := newWorld(t, sending)
	ok(t, w.invite(ada, func(in *cognito.AdminCreateUserInput) { in.TemporaryPassword = aws.String(`a<b>&c"d'-1`) }))
	if want := "a&lt;b&gt;&amp;c&#34;d&#39;-1"; len(w.encrypted) != 1 || w.encrypted[0] != want {
		t.Errorf("encrypted %q, want %q", w.encrypted, want)
	}
}

func TestSignUpFailsWhenItsCodeCannotBeEncrypted(t *testing.T) {
	w := newWorld(t, sending, func(o *Options) {
		o.Encrypt = func(context.Context, string) (string, error) { return "", errors.New("the key is disabled") }
	})
	if _, err := w.signUp(ada); err == nil || len(w.called("custom-email-sender")) != 0 {
		t.Errorf("got %v and %d calls", err, len(w.called("custom-email-sender")))
	}
}

func TestCustomSenderNeedsItsOptions(t *testing.T) {
	_, err := New(Options{
		Settings: sampleSettings(), PoolID: poolID, ClientIDs: map[string]string{"web": webClient},
		Triggers: map[string]string{customEmailSender: "custom-email-sender"},
		Invoke:   func(context.Context, string, []byte) ([]byte, error) { return nil, nil },
	})
	if err == nil || !strings.Contains(err.Error(), customEmailSender) {
		t.Errorf("got %v", err)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"net/http/httptest"
	"testing"

	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"poolpost/local/kms"
)

// start is an encrypter with a KMS of its own.
func start(t testing.TB) *encrypter {
	t.Helper()
	key := kms.New("eu-central-1", "123456789012")
	server := httptest.NewServer(key)
	t.Cleanup(server.Close)
	cfg := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
	}
	e, err := newEncrypter(cfg, key.ARN(), "eu-central-1_Example01")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The shape is that of the AWS Encryption SDK developer guide, "AWS Encryption SDK
// message format reference", version 1.
func TestCodesHaveCognitosFormat(t *testing.T) {
	e := start(t)
	text, err := e.encrypt(t.Context(), "123456")
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	const version, kind, suite = 1, 0x80, 0x0378
	if len(message) < 22 || message[0] != version || message[1] != kind || binary.BigEndian.Uint16(message[2:]) != suite {
		t.Fatalf("the message begins with % x, want version 1, type 80, suite 0378", message[:4])
	}
	context := message[22 : 22+binary.BigEndian.Uint16(message[20:])]
	keys := message[22+len(context):]
	for _, part := range []string{"userpool-id", "eu-central-1_Example01", "aws-crypto-public-key"} {
		if !bytes.Contains(context, []byte(part)) {
			t.Errorf("the encryption context lacks %s", part)
		}
	}
	if n := binary.BigEndian.Uint16(keys); n != 1 || !bytes.HasPrefix(keys[4:], []byte("aws-kms")) {
		t.Errorf("%d data keys, the first of %.7q; want one of aws-kms", n, keys[4:])
	}
	if got := decrypt(t, e, message, "eu-central-1_Example01"); got != "123456" {
		t.Errorf("decrypted %q", got)
	}
	if got := decrypt(t, e, message, "eu-central-1_Example02"); got != "" {
		t.Error("it was decrypted for another pool")
	}
}

// decrypt opens a message for a pool, with nothing as the result when that fails.
func decrypt(t *testing.T, e *encrypter, message []byte, pool string) string {
	t.Helper()
	out, err := e.sdk.Decrypt(t.Context(), esdktypes.DecryptInput{
		Ciphertext: message, Keyring: e.keyring, EncryptionContext: map[string]string{"userpool-id": pool},
	})
	if err != nil {
		return ""
	}
	return string(out.Plaintext)
}

func BenchmarkEncrypt(b *testing.B) {
	e := start(b)
	for b.Loop() {
		if _, err := e.encrypt(context.Background(), "123456"); err != nil {
			b.Fatal(err)
		}
	}
}

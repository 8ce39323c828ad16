package kms

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

// inMemory lets the SDK talk to a handler without a socket.
type inMemory struct{ http.Handler }

func (h inMemory) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func client(k *Key) *sdk.Client {
	return sdk.New(sdk.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String("http://127.0.0.1:9229"), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""), HTTPClient: inMemory{k},
	})
}

var ofPool = map[string]string{"userpool-id": "eu-central-1_Example01", "aws-crypto-public-key": "sample"}

func generate(t *testing.T, k *Key) *sdk.GenerateDataKeyOutput {
	t.Helper()
	out, err := client(k).GenerateDataKey(context.Background(), &sdk.GenerateDataKeyInput{
		KeyId: aws.String(k.ARN()), NumberOfBytes: aws.Int32(32), EncryptionContext: ofPool,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDataKeyRoundTrip(t *testing.T) {
	k := New("eu-central-1", "123456789012")
	made := generate(t, k)
	if len(made.Plaintext) != 32 || *made.KeyId != k.ARN() || bytes.Contains(made.CiphertextBlob, made.Plaintext) {
		t.Fatalf("%d bytes of key %s; or the blob holds the key", len(made.Plaintext), *made.KeyId)
	}
	opened, err := client(k).Decrypt(t.Context(), &sdk.DecryptInput{KeyId: made.KeyId, CiphertextBlob: made.CiphertextBlob, EncryptionContext: ofPool})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(opened.Plaintext, made.Plaintext) || opened.EncryptionAlgorithm != types.EncryptionAlgorithmSpecSymmetricDefault {
		t.Error("another key came out than went in")
	}
	if again := generate(t, k); bytes.Equal(again.Plaintext, made.Plaintext) || bytes.Equal(again.CiphertextBlob, made.CiphertextBlob) {
		t.Error("two data keys are the same")
	}
}

func TestDecryptRefuses(t *testing.T) {
	k := New("eu-central-1", "123456789012")
	blob := generate(t, k).CiphertextBlob
	damaged := bytes.Clone(blob)
	damaged[len(damaged)-1] ^= 1
	other := New("eu-central-1", "123456789012")
	cases := []struct {
		name    string
		keyID   string
		blob    []byte
		context map[string]string
		want    string
	}{
		{"another pool", k.ARN(), blob, map[string]string{"userpool-id": "eu-central-1_Example02", "aws-crypto-public-key": "sample"}, "InvalidCiphertextException"},
		{"a context with less in it", k.ARN(), blob, map[string]string{"userpool-id": "eu-central-1_Example01"}, "InvalidCiphertextException"},
		{"no context", k.ARN(), blob, nil, "InvalidCiphertextException"},
		{"a damaged blob", k.ARN(), damaged, ofPool, "InvalidCiphertextException"},
		{"a truncated blob", k.ARN(), blob[:40], ofPool, "InvalidCiphertextException"},
		{"a blob of one byte", k.ARN(), []byte{1}, ofPool, "InvalidCiphertextException"},
		{"a blob of another key", k.ARN(), generate(t, other).CiphertextBlob, ofPool, "IncorrectKeyException"},
		{"an unknown key", other.ARN(), blob, ofPool, "NotFoundException"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := client(k).Decrypt(t.Context(), &sdk.DecryptInput{KeyId: aws.String(c.keyID), CiphertextBlob: c.blob, EncryptionContext: c.context})
			var failed smithy.APIError
			if !errors.As(err, &failed) || failed.ErrorCode() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestGenerateDataKeyRefuses(t *testing.T) {
	k := New("eu-central-1", "123456789012")
	cases := []struct {
		name string
		in   sdk.GenerateDataKeyInput
		want string
	}{
		{"another key", sdk.GenerateDataKeyInput{KeyId: aws.String("arn:aws:kms:eu-central-1:123456789012:key/none"), NumberOfBytes: aws.Int32(32)}, "NotFoundException"},
		{"no size", sdk.GenerateDataKeyInput{KeyId: aws.String(k.ARN())}, "ValidationException"},
		{"too large", sdk.GenerateDataKeyInput{KeyId: aws.String(k.ARN()), NumberOfBytes: aws.Int32(1025)}, "ValidationException"},
		{"both a size and a spec", sdk.GenerateDataKeyInput{KeyId: aws.String(k.ARN()), NumberOfBytes: aws.Int32(32), KeySpec: types.DataKeySpecAes256}, "ValidationException"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := client(k).GenerateDataKey(t.Context(), &c.in)
			var failed smithy.APIError
			if !errors.As(err, &failed) || failed.ErrorCode() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestUnsupportedRequestsAreErrors(t *testing.T) {
	for name, test := range map[string]struct{ target, body, want string }{
		"another operation": {"TrentService.ListKeys", "{}", "UnknownOperationException"},
		"no JSON":           {"TrentService.Decrypt", "{", "SerializationException"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(test.body))
			r.Header.Set("X-Amz-Target", test.target)
			w := httptest.NewRecorder()
			New("eu-central-1", "123456789012").ServeHTTP(w, r)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d %s, want 400 %s", w.Code, w.Body, test.want)
			}
		})
	}
}

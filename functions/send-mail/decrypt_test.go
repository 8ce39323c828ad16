//go:build !nocodes

package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	esdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"poolpost/internal/mail"
	"poolpost/internal/message"
)

var update = flag.Bool("update", false, "write testdata/codes.json")

const (
	codesFile = "testdata/codes.json"
	keyARN    = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001"
	otherARN  = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000002"
)

// A sampleKMS wraps data keys under keys that it makes out of their ARNs, so that
// codes that were encrypted earlier can be opened. Its errors are those of KMS.
type sampleKMS struct {
	fail  atomic.Value // the code of an error; or "reset", or "slow"
	calls atomic.Int32
}

func (k *sampleKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.calls.Add(1)
	var in struct {
		KeyId             string
		CiphertextBlob    []byte
		NumberOfBytes     int
		EncryptionContext map[string]string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	refuse := func(kind string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "jane@example.com"})
	}
	switch fail, _ := k.fail.Load().(string); fail {
	case "":
	case "reset":
		panic(http.ErrAbortHandler)
	case "slow":
		<-r.Context().Done()
		return
	default:
		refuse(fail)
		return
	}
	block, err := aes.NewCipher([]byte(in.KeyId[len(in.KeyId)-32:])) // of this test only
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	bound, _ := json.Marshal(in.EncryptionContext) // encoding/json sorts the keys
	plain := make([]byte, in.NumberOfBytes)
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateDataKey") {
		rand.Read(plain)
		in.CiphertextBlob = gcm.Seal(nil, nil, plain, bound)
	} else if plain, err = gcm.Open(nil, nil, in.CiphertextBlob, bound); err != nil {
		refuse("InvalidCiphertextException")
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"KeyId": in.KeyId, "Plaintext": plain, "CiphertextBlob": in.CiphertextBlob})
}

// config leads KMS's calls to the sample, which are made once.
func (k *sampleKMS) config(t *testing.T) aws.Config {
	t.Helper()
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "sample-secret-key", ""),
	}
}

func (k *sampleKMS) decrypter(t *testing.T, key, pool string) decrypter {
	t.Helper()
	c, _, err := newDecrypter(k.config(t), key, pool)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// encrypt is what Cognito does, by public captures: the official SDK, message
// format 1 with suite 0x0378, one data key of KMS, and the pool's id in the
// encryption context.
func (k *sampleKMS) encrypt(t *testing.T, key string, bound map[string]string, plain string) string {
	t.Helper()
	materials, err1 := mpl.NewClient(mpltypes.MaterialProvidersConfig{})
	policy := mpltypes.ESDKCommitmentPolicyForbidEncryptAllowDecrypt
	sdk, err2 := esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{CommitmentPolicy: &policy})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	keyring, err := materials.CreateAwsKmsKeyring(t.Context(), mpltypes.CreateAwsKmsKeyringInput{KmsKeyId: key, KmsClient: kms.NewFromConfig(k.config(t))})
	if err != nil {
		t.Fatal(err)
	}
	suite := mpltypes.ESDKAlgorithmSuiteIdAlgAes256GcmIv12Tag16HkdfSha384EcdsaP384
	out, err := sdk.Encrypt(t.Context(), esdktypes.EncryptInput{Plaintext: []byte(plain), EncryptionContext: bound, Keyring: keyring, AlgorithmSuiteId: &suite})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Ciphertext)
}

// inPool is the encryption context of a pool's codes.
func inPool(pool string) map[string]string { return map[string]string{"userpool-id": pool} }

// plains are what Cognito encrypts.
var plains = map[string]string{
	"a code of a sign-up":             "123456",
	"a code of 8 digits":              "00123456",
	"a temporary password":            "kP7!x_9q",
	"a temporary password, escaped":   "a&amp;b&lt;c&gt;&quot;&#39;1Z",
	"a password as long as Cognito's": strings.Repeat("a1&amp;", 42),
}

// sampleCodes are codes that were encrypted once, by name, so that another
// version of the SDK is tested with them.
func sampleCodes(t *testing.T) map[string]string {
	t.Helper()
	if *update {
		codes := map[string]string{}
		for name, plain := range plains {
			codes[name] = new(sampleKMS).encrypt(t, keyARN, inPool(poolID), plain)
		}
		text, err := json.MarshalIndent(codes, "", "  ")
		if err == nil {
			err = os.WriteFile(codesFile, append(text, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(codesFile)
	if err != nil {
		t.Fatal(err)
	}
	var codes map[string]string
	if err := json.Unmarshal(text, &codes); err != nil {
		t.Fatal(err)
	}
	return codes
}

func TestCodesAreDecrypted(t *testing.T) {
	codes := sampleCodes(t)
	if !slices.Equal(slices.Sorted(maps.Keys(codes)), slices.Sorted(maps.Keys(plains))) {
		t.Errorf("%s has other codes than this test; run it with -update", codesFile)
	}
	c := new(sampleKMS).decrypter(t, keyARN, poolID)
	for name, plain := range plains {
		// Version 1 and suite 0x0378, as the documentation of the message format
		// has them ("AWS Encryption SDK message format reference").
		if header, _ := base64.StdEncoding.DecodeString(codes[name]); len(header) < 4 || string(header[:4]) != "\x01\x80\x03\x78" {
			t.Errorf("%s: the message is not in Cognito's format", name)
		}
		if got, err := c.decrypt(t.Context(), codes[name]); err != nil || got != plain {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// damaged is a code with one byte of its message changed, counted from the start
// or, below zero, from the end.
func damaged(t *testing.T, code string, at int) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(raw)
	}
	raw[at] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}

func TestInvalidCodesAreDeadLettered(t *testing.T) {
	k := new(sampleKMS)
	code := sampleCodes(t)["a code of a sign-up"]
	raw, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"a code of another pool":             k.encrypt(t, keyARN, inPool("eu-central-1_Another01"), "123456"),
		"a code without a pool":              k.encrypt(t, keyARN, nil, "123456"),
		"a code under another key":           k.encrypt(t, otherARN, inPool(poolID), "123456"),
		"a code in plain text":               "123456",
		"a code that is not base64":          "{####}",
		"base64 of plain text":               base64.StdEncoding.EncodeToString([]byte("123456")),
		"a code with something behind it":    base64.StdEncoding.EncodeToString(append(slices.Clone(raw), "more"...)),
		"two codes":                          code + code,
		"a code of 17 KiB":                   strings.Repeat("A", 17<<10),
		"an encrypted nothing":               k.encrypt(t, keyARN, inPool(poolID), ""),
		"an encrypted line break":            k.encrypt(t, keyARN, inPool(poolID), "123456\r\nBcc: x"),
		"an encrypted novel":                 k.encrypt(t, keyARN, inPool(poolID), strings.Repeat("a", 1025)),
		"encrypted bytes that are no text":   k.encrypt(t, keyARN, inPool(poolID), "\xff\xfe"),
		"a version that is changed":          damaged(t, code, 0),
		"a suite that is changed":            damaged(t, code, 3),
		"a message id that is changed":       damaged(t, code, 10),
		"an encryption context that changed": damaged(t, code, 40),
		"a frame that is changed":            damaged(t, code, -130),
		"a signature that is changed":        damaged(t, code, -1),
	}
	for _, size := range []int{1, 20, 100, len(raw) / 2, len(raw) - 60, len(raw) - 1} {
		tests[fmt.Sprintf("a code cut off after %d bytes", size)] = base64.StdEncoding.EncodeToString(raw[:size])
	}
	for name, code := range tests {
		t.Run(name, func(t *testing.T) {
			h, r, logged := testHandler(t)
			h.composer.decrypter = new(sampleKMS).decrypter(t, keyARN, poolID)
			reply, err := h.Handle(t.Context(), batchOf(coded(t, message.SignUp, code)))
			if err != nil || len(reply.BatchItemFailures) != 0 || len(r.sent) != 0 || len(r.dead) != 1 {
				t.Fatalf("got %v, %v with %d mails and %d dead letters: %s", reply, err, len(r.sent), len(r.dead), logged)
			}
			logged.CheckLine(t, map[string]any{"Outcome": "refused", "level": "ERROR"})
			for _, secret := range []string{"123456", "jane", "example.com", "Another01", code} {
				if strings.Contains(logged.String(), secret) || strings.Contains(r.reasons()[0], secret) {
					t.Errorf("%q is in the log or in the reason %q: %s", secret, r.reasons()[0], logged)
				}
			}
		})
	}
}

// coded is a mail with a code on the queue.
func coded(t *testing.T, kind message.Kind, code string) events.SQSMessage {
	t.Helper()
	return queued(t, mail.Entry{Kind: kind, To: "jane@example.com", ClientID: ridersID, User: "0a1b2c3d", Code: code})
}

// The SDK hides KMS's errors among its own; they decide what helps.
func TestKMSErrorsAreClassified(t *testing.T) {
	code := sampleCodes(t)["a code of a sign-up"]
	for fail, want := range map[string]string{
		"ThrottlingException":        throttled,
		"KeyUnavailableException":    unavailable,
		"DependencyTimeoutException": unavailable,
		"KMSInternalException":       unavailable,
		"reset":                      unavailable,
		"slow":                       unavailable,
		"AccessDeniedException":      failed,
		"DisabledException":          failed,
		"NotFoundException":          failed,
		"KMSInvalidStateException":   failed,
		"InvalidCiphertextException": refused,
		"IncorrectKeyException":      refused,
	} {
		t.Run(fail, func(t *testing.T) {
			h, r, logged := testHandler(t)
			k := new(sampleKMS)
			k.fail.Store(fail)
			h.composer.decrypter = k.decrypter(t, keyARN, poolID)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second+300*time.Millisecond)
			defer cancel()
			if _, err := h.Handle(ctx, batchOf(coded(t, message.SignUp, code))); err != nil {
				t.Fatal(err)
			}
			if n := k.calls.Load(); n != 1 {
				t.Errorf("KMS was called %d times", n)
			}
			logged.CheckLine(t, map[string]any{"Outcome": want})
			if len(r.sent) != 0 || (len(r.dead) == 1) != (want == refused) || strings.Contains(logged.String(), "jane") {
				t.Errorf("%d mails, %d dead letters: %s", len(r.sent), len(r.dead), logged)
			}
			k.fail.Store("") // the last error does not stay
			if got, err := h.composer.decrypter.decrypt(t.Context(), code); err != nil || got != "123456" {
				t.Errorf("then the code opens as %q, %v", got, err)
			}
		})
	}
}

func TestEmailContainsTheDecryptedCode(t *testing.T) {
	h, r, _ := testHandler(t)
	h.composer.decrypter = new(sampleKMS).decrypter(t, keyARN, poolID)
	codes := sampleCodes(t)
	if _, err := h.Handle(t.Context(), batchOf(
		coded(t, message.SignUp, codes["a code of a sign-up"]), coded(t, message.Invitation, codes["a temporary password, escaped"]),
	)); err != nil || len(r.sent) != 2 {
		t.Fatalf("%d mails were sent: %v", len(r.sent), err)
	}
	if text := *r.sent[0].Content.Simple.Body.Text.Data; !strings.Contains(text, "\n123456\n") || !strings.Contains(text, "&code=123456&") {
		t.Errorf("the mail lacks its code: %s", text)
	}
	// Unescaped once: what a person reads is what Cognito made.
	if text := *r.sent[1].Content.Simple.Body.Text.Data; !strings.Contains(text, "\na&b<c>\"'1Z\n") {
		t.Errorf("the mail lacks its password: %s", text)
	}
	if html := *r.sent[1].Content.Simple.Body.Html.Data; !strings.Contains(html, "a&amp;b&lt;c&gt;&#34;&#39;1Z") || strings.Contains(html, "&amp;amp;") {
		t.Errorf("the mail lacks its password: %s", html)
	}
}

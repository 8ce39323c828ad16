//go:build !nocodes

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"unicode"
	"unicode/utf8"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	esdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/middleware"
)

// codes opens the codes that Cognito has encrypted for the custom e-mail sender.
// It is the only use of the AWS Encryption SDK, which a pool whose mail Cognito
// sends does not need: the build tag nocodes leaves it out.
//
// The SDK calls KMS without its caller's context, and hides the errors of KMS
// among its own. So codes passes the context on, and remembers the error; it
// opens one code at a time.
type codes struct {
	sdk     *esdk.Client
	keyring mpltypes.IKeyring
	pool    string

	ctx     context.Context // of the code that is being opened
	failure error           // of KMS
}

const (
	// maxCode bounds the encrypted code, in bytes of base64. One of Cognito's has
	// about a thousand.
	maxCode = 16 << 10
	// maxPlain is the longest password of Cognito's, in characters.
	maxPlain = 256
)

// newCodes opens codes of one pool that are encrypted under one key, by its ARN.
func newCodes(cfg aws.Config, key, pool string) (opener, error) {
	c := &codes{pool: pool}
	// Cognito encrypts without key commitment (suite 0x0378, observed), which
	// the SDK's default policy refuses.
	policy := mpltypes.ESDKCommitmentPolicyRequireEncryptAllowDecrypt
	var err error
	c.sdk, err = esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{CommitmentPolicy: &policy, MaxEncryptedDataKeys: aws.Int64(1)})
	if err != nil {
		return nil, fmt.Errorf("start the encryption SDK: %w", err)
	}
	materials, err := mpl.NewClient(mpltypes.MaterialProvidersConfig{})
	if err != nil {
		return nil, fmt.Errorf("start the material providers: %w", err)
	}
	client := kms.NewFromConfig(cfg, kms.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("codes", c.call), middleware.Before)
	}))
	c.keyring, err = materials.CreateAwsKmsKeyring(context.Background(), mpltypes.CreateAwsKmsKeyringInput{KmsKeyId: key, KmsClient: client})
	if err != nil {
		return nil, fmt.Errorf("make a keyring of %s: %w", key, err)
	}
	return c, warmCurve()
}

// warmCurve verifies a signature, as every code has one: the first takes longer
// than the rest, and does so at the start, where a function has a whole CPU.
func warmCurve() error {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	digest := make([]byte, sha512.Size384)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	ecdsa.VerifyASN1(&key.PublicKey, digest, signature)
	return nil
}

func (c *codes) call(_ context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, metadata middleware.Metadata, err error) {
	out, metadata, c.failure = next.HandleInitialize(c.ctx, in)
	return out, metadata, c.failure
}

// open returns a code or a temporary password in plain text. The encryption
// context must name the pool, so that a code of another pool is refused.
func (c *codes) open(ctx context.Context, code string) (string, error) {
	if len(code) > maxCode {
		return "", errCode
	}
	ciphertext, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return "", errCode
	}
	c.ctx, c.failure = ctx, nil
	out, err := c.sdk.Decrypt(ctx, esdktypes.DecryptInput{
		Ciphertext: ciphertext, Keyring: c.keyring, EncryptionContext: map[string]string{"userpool-id": c.pool},
	})
	if c.failure != nil {
		return "", fmt.Errorf("open the code: %w", c.failure)
	}
	if err != nil || !printable(out.Plaintext) {
		return "", errCode
	}
	return string(out.Plaintext), nil
}

// printable reports whether a text can be a code or a password.
func printable(text []byte) bool {
	if len(text) == 0 || len(text) > maxPlain*utf8.UTFMax || !utf8.Valid(text) {
		return false
	}
	for _, r := range string(text) {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

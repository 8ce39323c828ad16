//go:build !nocodes

package main

import (
	"bytes"
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

func init() { newDecrypter = newCodeDecrypter }

// A codeDecrypter decrypts the codes that Cognito has encrypted for the custom email
// sender. It is the only use of the AWS Encryption SDK, which a pool whose mail Cognito
// sends does not need: the build tag nocodes leaves it out.
type codeDecrypter struct {
	sdk     *esdk.Client
	keyring mpltypes.IKeyring
	pool    string
	kms     *kmsCall
}

// A kmsCall is what the SDK's call of KMS needs and leaves behind: the SDK calls KMS
// without its caller's context, and hides the errors of KMS among its own. One code is
// decrypted at a time.
type kmsCall struct {
	ctx context.Context
	err error
}

// HandleInitialize makes it a middleware of the KMS client.
func (c *kmsCall) HandleInitialize(
	_ context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
) (out middleware.InitializeOutput, metadata middleware.Metadata, err error) {
	out, metadata, c.err = next.HandleInitialize(c.ctx, in)
	return out, metadata, c.err
}

func (*kmsCall) ID() string { return "kmsCall" }

const (
	// maxCode bounds the encrypted code, in bytes of base64. One of Cognito's has
	// about a thousand.
	maxCode = 16 << 10
	// maxPlain is the longest password of Cognito's, in characters.
	maxPlain = 256
)

// newCodeDecrypter decrypts codes of one pool, under one key by its ARN.
func newCodeDecrypter(cfg aws.Config, key, pool string) (decrypter, string, error) {
	d := &codeDecrypter{pool: pool, kms: &kmsCall{}}
	// Cognito encrypts without key commitment (suite 0x0378, observed), which
	// the SDK's default policy refuses.
	policy := mpltypes.ESDKCommitmentPolicyRequireEncryptAllowDecrypt
	var err error
	d.sdk, err = esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{
		CommitmentPolicy: &policy, MaxEncryptedDataKeys: aws.Int64(1),
	})
	if err != nil {
		return nil, "", fmt.Errorf("start the encryption SDK: %w", err)
	}
	materials, err := mpl.NewClient(mpltypes.MaterialProvidersConfig{})
	if err != nil {
		return nil, "", fmt.Errorf("start the material providers: %w", err)
	}
	client := kms.NewFromConfig(cfg, kms.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Initialize.Add(d.kms, middleware.Before)
	}))
	d.keyring, err = materials.CreateAwsKmsKeyring(
		context.Background(), mpltypes.CreateAwsKmsKeyringInput{KmsKeyId: key, KmsClient: client})
	if err != nil {
		return nil, "", fmt.Errorf("make a keyring of %s: %w", key, err)
	}
	endpoint, _ := kms.NewDefaultEndpointResolverV2().ResolveEndpoint(
		context.Background(), kms.EndpointParameters{Region: &cfg.Region}.WithDefaults())
	warmCurve()
	return d, endpoint.URI.String(), nil
}

// warmCurve verifies a signature, as every code has one: the first takes longer
// than the rest, and does so at the start, where a function has a whole CPU.
func warmCurve() {
	key, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader) // rand.Reader does not fail
	digest := make([]byte, sha512.Size384)
	signature, _ := ecdsa.SignASN1(rand.Reader, key, digest)
	ecdsa.VerifyASN1(&key.PublicKey, digest, signature)
}

// decrypt returns a code or a temporary password in plain text. The encryption
// context must name the pool, so that a code of another pool is refused.
func (d *codeDecrypter) decrypt(ctx context.Context, code string) (string, error) {
	if len(code) > maxCode {
		return "", errCode
	}
	ciphertext, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return "", errCode
	}
	d.kms.ctx, d.kms.err = ctx, nil
	out, err := d.sdk.Decrypt(ctx, esdktypes.DecryptInput{
		Ciphertext: ciphertext, Keyring: d.keyring, EncryptionContext: map[string]string{"userpool-id": d.pool},
	})
	if d.kms.err != nil {
		return "", fmt.Errorf("decrypt the code: %w", d.kms.err)
	}
	if err != nil || !printable(out.Plaintext) {
		return "", errCode
	}
	return string(out.Plaintext), nil
}

// printable reports whether a text can be a code or a password.
func printable(text []byte) bool {
	return len(text) > 0 && len(text) <= maxPlain*utf8.UTFMax && utf8.Valid(text) &&
		!bytes.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

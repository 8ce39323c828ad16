//go:build !nocodes

package main

import (
	"context"
	"encoding/base64"
	"fmt"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	esdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// codes opens the codes that Cognito has encrypted for the custom email sender.
// It is the only use of the AWS Encryption SDK, which a pool whose mail Cognito
// sends does not need: the build tag nocodes leaves it out.
type codes struct {
	sdk     *esdk.Client
	keyring mpltypes.IKeyring
	pool    string
}

// newCodes opens codes of one pool that are encrypted under one key, by its ARN.
func newCodes(cfg aws.Config, key, pool string) (opener, error) {
	// Cognito encrypts without key commitment (suite 0x0378, observed), which
	// the SDK's default policy refuses.
	policy := mpltypes.ESDKCommitmentPolicyRequireEncryptAllowDecrypt
	sdk, err := esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{CommitmentPolicy: &policy, MaxEncryptedDataKeys: aws.Int64(1)})
	if err != nil {
		return nil, fmt.Errorf("start the encryption SDK: %w", err)
	}
	materials, err := mpl.NewClient(mpltypes.MaterialProvidersConfig{})
	if err != nil {
		return nil, fmt.Errorf("start the material providers: %w", err)
	}
	keyring, err := materials.CreateAwsKmsKeyring(context.Background(), mpltypes.CreateAwsKmsKeyringInput{
		KmsKeyId: key, KmsClient: kms.NewFromConfig(cfg),
	})
	if err != nil {
		return nil, fmt.Errorf("make a keyring of %s: %w", key, err)
	}
	return &codes{sdk, keyring, pool}, nil
}

// open returns a code or a temporary password in plain text.
func (c *codes) open(ctx context.Context, code string) (string, error) {
	ciphertext, err := base64.StdEncoding.DecodeString(code)
	if err != nil {
		return "", errUnreadableCode
	}
	out, err := c.sdk.Decrypt(ctx, esdktypes.DecryptInput{
		Ciphertext: ciphertext, Keyring: c.keyring, EncryptionContext: map[string]string{"userpool-id": c.pool},
	})
	if err != nil {
		return "", err
	}
	return string(out.Plaintext), nil
}

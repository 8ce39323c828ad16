// Command encryptcode encrypts a code as Cognito does it for a custom email sender.
// The local run starts it as a function: the event is the code, the reply is Base64.
// It calls KMS at AWS_ENDPOINT_URL, with the key KMS_KEY_ARN, for USER_POOL_ID.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log"
	"os"

	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	esdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	esdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"poolpost/internal/awsconfig"
)

func main() {
	e, err := newEncrypter(awsconfig.Load(), os.Getenv("KMS_KEY_ARN"), os.Getenv("USER_POOL_ID"))
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(e.encrypt)
}

// An encrypter does to codes what Cognito does for a custom email sender.
type encrypter struct {
	sdk     *esdk.Client
	keyring mpltypes.IKeyring
	pool    string
}

// newEncrypter encrypts for one pool under one key. The key is asked for with each
// code, not before.
func newEncrypter(cfg aws.Config, key, pool string) (*encrypter, error) {
	policy := mpltypes.ESDKCommitmentPolicyForbidEncryptAllowDecrypt // as the suite demands
	sdk, err := esdk.NewClient(esdktypes.AwsEncryptionSdkConfig{CommitmentPolicy: &policy})
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
	return &encrypter{sdk, keyring, pool}, nil
}

// encrypt returns a code as Base64 of a message of the AWS Encryption SDK: format
// v1, suite 0x0378 (AES-256-GCM, HKDF with SHA-384, ECDSA with P-384, no key
// commitment), framed, one data key of KMS, the pool's id as encryption context.
// That Cognito's are like this is observed.
func (e *encrypter) encrypt(ctx context.Context, code string) (string, error) {
	suite := mpltypes.ESDKAlgorithmSuiteIdAlgAes256GcmIv12Tag16HkdfSha384EcdsaP384
	out, err := e.sdk.Encrypt(ctx, esdktypes.EncryptInput{
		Plaintext: []byte(code), AlgorithmSuiteId: &suite, Keyring: e.keyring,
		EncryptionContext: map[string]string{"userpool-id": e.pool},
	})
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Ciphertext), nil
}

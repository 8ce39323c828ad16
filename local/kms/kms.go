// Package kms is one symmetric key of AWS KMS in memory: it wraps data keys and
// opens them again, over the JSON protocol of KMS, so that any AWS SDK and the
// AWS Encryption SDK work with it through an endpoint URL. What it wraps is
// really encrypted, under a key that is drawn when the process starts, and bound
// to the encryption context.
//
// Left out: every operation but GenerateDataKey and Decrypt, aliases, grants,
// policies, rotation and the check of signatures. The key lives as long as the
// process, and so do the ciphertexts made with it. Nothing was compared with a
// live account.
package kms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"uuid"

	"poolpost/local/awsjson"
)

// maxRequest is larger than any request that KMS takes, in bytes.
const maxRequest = 64 << 10

// Key is a symmetric key. It is an http.Handler; its methods may be called from
// several goroutines.
type Key struct {
	arn  string
	id   string // the last part of the ARN, a UUID
	aead cipher.AEAD
	api  *awsjson.Service
}

// New draws a key of a region, such as eu-central-1, and an account of 12 digits.
func New(region, account string) *Key {
	secret := make([]byte, 32)
	rand.Read(secret)
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err) // 32 bytes are a key of AES-256
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	id := uuid.NewV4().String()
	k := &Key{arn: fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", region, account, id), id: id, aead: aead}
	k.api = &awsjson.Service{
		Version: "1.1", Target: "TrentService.", MaxRequest: maxRequest,
		Operations: map[string]awsjson.Operation{
			"GenerateDataKey": awsjson.Handle(k.generateDataKey),
			"Decrypt":         awsjson.Handle(k.decrypt),
		},
		Unknown: func(string) *awsjson.Error {
			return awsjson.Errorf("UnknownOperationException", "The local KMS has only GenerateDataKey and Decrypt.")
		},
		Malformed: awsjson.Errorf("SerializationException", "The request body is not the JSON of this operation."),
	}
	return k
}

// ARN returns the key's Amazon Resource Name.
func (k *Key) ARN() string { return k.arn }

// wrap encrypts a data key. The blob begins with the key's id, by which Decrypt
// distinguishes another key's blobs from damaged ones.
func (k *Key) wrap(plaintext []byte, context map[string]string) []byte {
	return k.aead.Seal([]byte(k.id), nil, plaintext, encode(context))
}

var anyID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func (k *Key) unwrap(blob []byte, context map[string]string) ([]byte, error) {
	sealed, ours := bytes.CutPrefix(blob, []byte(k.id))
	if !ours && anyID.Match(blob) {
		return nil, awsjson.Errorf("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	plaintext, err := k.aead.Open(nil, nil, sealed, encode(context))
	if !ours || err != nil {
		return nil, awsjson.Errorf("InvalidCiphertextException", "")
	}
	return plaintext, nil
}

// encode makes one sequence of bytes of an encryption context, whose order does
// not count ("Encryption context", KMS developer guide).
func encode(context map[string]string) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, part := range []string{name, context[name]} {
			b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
			b = append(b, part...)
		}
	}
	return b
}

// The texts of errors are observed in public captures, or say in plain words what
// is wrong.

func invalid(format string, args ...any) error {
	return awsjson.Errorf("ValidationException", format, args...)
}

// request is what the two operations take (KMS API reference). Their other
// parameters are ignored. Bytes are Base64 in JSON.
type request struct {
	KeyId             string
	CiphertextBlob    []byte
	EncryptionContext map[string]string
	KeySpec           string
	NumberOfBytes     int
}

type response struct {
	KeyId               string
	Plaintext           []byte
	CiphertextBlob      []byte `json:",omitempty"`
	EncryptionAlgorithm string `json:",omitempty"`
}

// ServeHTTP answers GenerateDataKey and Decrypt in the AWS JSON 1.1 protocol.
func (k *Key) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.api.ServeHTTP(w, r) }

// generateDataKey is GenerateDataKey: either a key spec or a number of bytes.
func (k *Key) generateDataKey(_ *http.Request, in request) (any, error) {
	if err := k.check(in.KeyId); err != nil {
		return nil, err
	}
	size, known := map[string]int{"AES_128": 16, "AES_256": 32, "": in.NumberOfBytes}[in.KeySpec]
	switch {
	case in.KeySpec != "" && in.NumberOfBytes != 0:
		return nil, invalid("Please specify either number of bytes or key spec.")
	case !known || size < 1 || size > 1024:
		return nil, invalid("NumberOfBytes must be 1 to 1024, KeySpec AES_128 or AES_256.")
	}
	plaintext := make([]byte, size)
	rand.Read(plaintext)
	return &response{KeyId: k.arn, Plaintext: plaintext, CiphertextBlob: k.wrap(plaintext, in.EncryptionContext)}, nil
}

// decrypt is Decrypt. For a symmetric key the KeyId may be left out.
func (k *Key) decrypt(_ *http.Request, in request) (any, error) {
	if in.KeyId != "" {
		if err := k.check(in.KeyId); err != nil {
			return nil, err
		}
	}
	plaintext, err := k.unwrap(in.CiphertextBlob, in.EncryptionContext)
	if err != nil {
		return nil, err
	}
	return &response{KeyId: k.arn, Plaintext: plaintext, EncryptionAlgorithm: "SYMMETRIC_DEFAULT"}, nil
}

func (k *Key) check(id string) error {
	if id == k.arn || id == k.id {
		return nil
	}
	return awsjson.Errorf("NotFoundException", "Key '%s' does not exist", id)
}

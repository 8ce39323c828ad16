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
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// maxRequest is larger than any request that KMS takes, in bytes.
const maxRequest = 64 << 10

// Key is a symmetric key. It is an http.Handler; its methods may be called from
// several goroutines.
type Key struct {
	arn  string
	id   string // the last part of the ARN, a UUID
	aead cipher.AEAD
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
	id := newID()
	return &Key{arn: fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", region, account, id), id: id, aead: aead}
}

// ARN returns the key's Amazon Resource Name.
func (k *Key) ARN() string { return k.arn }

// wrap encrypts a data key. The blob begins with the key's id, by which Decrypt
// tells another key's blobs from damaged ones.
func (k *Key) wrap(plaintext []byte, context map[string]string) []byte {
	return k.aead.Seal([]byte(k.id), nil, plaintext, encode(context))
}

var anyID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// unwrap is the inverse of wrap.
func (k *Key) unwrap(blob []byte, context map[string]string) ([]byte, *apiError) {
	sealed, ours := bytes.CutPrefix(blob, []byte(k.id))
	if !ours && anyID.Match(blob) {
		return nil, &apiError{"IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation."}
	}
	plaintext, err := k.aead.Open(nil, nil, sealed, encode(context))
	if !ours || err != nil {
		return nil, &apiError{"InvalidCiphertextException", ""}
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

// apiError is an error of KMS: its type and text. Texts are observed in public
// captures, or say in plain words what is wrong.
type apiError struct{ kind, message string }

func invalid(format string, args ...any) *apiError {
	return &apiError{"ValidationException", fmt.Sprintf(format, args...)}
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

// response is what they answer.
type response struct {
	KeyId               string
	Plaintext           []byte
	CiphertextBlob      []byte `json:",omitempty"`
	EncryptionAlgorithm string `json:",omitempty"`
}

// ServeHTTP answers POST / with X-Amz-Target: TrentService.GenerateDataKey or
// TrentService.Decrypt in the AWS JSON 1.1 protocol.
func (k *Key) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var reply any
	reply, failure := k.serve(w, r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", newID())
	if failure != nil {
		w.WriteHeader(http.StatusBadRequest)
		reply = map[string]string{"__type": failure.kind, "message": failure.message}
	}
	if err := json.NewEncoder(w).Encode(reply); err != nil {
		slog.Warn("KMS client went away", "error", err)
	}
}

func (k *Key) serve(w http.ResponseWriter, r *http.Request) (*response, *apiError) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	serve, ok := map[string]func(request) (*response, *apiError){
		"GenerateDataKey": k.generateDataKey,
		"Decrypt":         k.decrypt,
	}[operation]
	if r.Method != http.MethodPost || !ok {
		return nil, &apiError{"UnknownOperationException", "The local KMS knows GenerateDataKey and Decrypt only."}
	}
	var in request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&in); err != nil {
		return nil, &apiError{"SerializationException", "The request is no JSON of " + operation + "."}
	}
	return serve(in)
}

// generateDataKey is GenerateDataKey: either a key spec or a number of bytes.
func (k *Key) generateDataKey(in request) (*response, *apiError) {
	if failure := k.check(in.KeyId); failure != nil {
		return nil, failure
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
func (k *Key) decrypt(in request) (*response, *apiError) {
	if in.KeyId != "" {
		if failure := k.check(in.KeyId); failure != nil {
			return nil, failure
		}
	}
	plaintext, failure := k.unwrap(in.CiphertextBlob, in.EncryptionContext)
	if failure != nil {
		return nil, failure
	}
	return &response{KeyId: k.arn, Plaintext: plaintext, EncryptionAlgorithm: "SYMMETRIC_DEFAULT"}, nil
}

// check refuses the id or ARN of another key.
func (k *Key) check(id string) *apiError {
	if id == k.arn || id == k.id {
		return nil
	}
	return &apiError{"NotFoundException", "Key '" + id + "' does not exist"}
}

// newID returns a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

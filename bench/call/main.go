// Command call is the lower limit of a Go function that calls AWS: an event is one call of SQS, or
// several, prepared before the first event and signed, and nothing else.
//
// Environment: AWS_ENDPOINT_URL, the URL of the stub; CALLS, the bytes of each call of an event,
// separated by commas if they are made at once, and by semicolons if one waits for the other.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A body has the hash for its signature.
type body struct {
	text []byte
	hash string
}

// newBody pads a body to a size. The message in it never changes, so the stub keeps its answer.
func newBody(size int) body {
	const begin, end = `{"QueueUrl":"sample.fifo","MessageBody":"sample","MessageGroupId":"`, `"}`
	text := []byte(begin + strings.Repeat("x", size-len(begin+end)) + end)
	hash := sha256.Sum256(text)
	return body{text, hex.EncodeToString(hash[:])}
}

func main() {
	h := handler{endpoint: os.Getenv("AWS_ENDPOINT_URL"), signer: v4.NewSigner()}
	for step := range strings.SplitSeq(os.Getenv("CALLS"), ";") {
		var calls []body
		for number := range strings.SplitSeq(step, ",") {
			size, err := strconv.Atoi(number)
			if err != nil {
				log.Fatal(err)
			}
			calls = append(calls, newBody(size))
		}
		h.steps = append(h.steps, calls)
	}
	lambda.Start(h)
}

type handler struct {
	endpoint string
	steps    [][]body
	signer   *v4.Signer
}

func (h handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	for _, calls := range h.steps {
		if err := h.all(ctx, calls); err != nil {
			return nil, err
		}
	}
	return event, nil
}

// all makes calls at once.
func (h handler) all(ctx context.Context, calls []body) error {
	if len(calls) == 1 {
		return h.call(ctx, calls[0])
	}
	errs := make([]error, len(calls))
	var wait sync.WaitGroup
	for i, b := range calls {
		wait.Go(func() { errs[i] = h.call(ctx, b) })
	}
	wait.Wait()
	return errors.Join(errs...)
}

var credentials = aws.Credentials{
	AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "sample-secret-key", SessionToken: "sample-session-token",
}

func (h handler) call(ctx context.Context, b body) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint, bytes.NewReader(b.text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	if err := h.signer.SignHTTP(ctx, credentials, request, b.hash, "sqs", "eu-central-1", time.Now()); err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the endpoint answers %s", response.Status)
	}
	return nil
}

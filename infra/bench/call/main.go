// Command call is the limit of a Go function that calls AWS: an event is one call of
// SQS, or several at once, prepared before the first event and signed as AWS asks,
// and nothing else.
//
// Environment: AWS_ENDPOINT_URL, where the requests go; CALLS, how many each event
// makes.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// body is as long as what the functions put on the mail queue.
var body = []byte(`{"QueueUrl":"https://sqs.eu-central-1.amazonaws.com/123456789012/mail.fifo","MessageBody":"` + strings.Repeat("x", 900) +
	`","MessageGroupId":"0a1b2c3d-1111-4222-8333-444455556666","MessageDeduplicationId":"welcome-0a1b2c3d-1111-4222-8333-444455556666"}`)

func main() {
	calls, err := strconv.Atoi(os.Getenv("CALLS"))
	if err != nil {
		log.Fatal(err)
	}
	hash := sha256.Sum256(body)
	lambda.Start(handler{os.Getenv("AWS_ENDPOINT_URL"), calls, hex.EncodeToString(hash[:]), v4.NewSigner()})
}

type handler struct {
	endpoint string
	calls    int
	hash     string
	signer   *v4.Signer
}

func (h handler) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	if h.calls == 1 {
		return event, h.call(ctx)
	}
	errs := make([]error, h.calls)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() { errs[i] = h.call(ctx) })
	}
	wait.Wait()
	return event, errs[0]
}

var credentials = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "sample-secret-key", SessionToken: "sample-session-token"}

func (h handler) call(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	if err := h.signer.SignHTTP(ctx, credentials, request, h.hash, "sqs", "eu-central-1", time.Now()); err != nil {
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

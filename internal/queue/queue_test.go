package queue

import (
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/logging"
)

const queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample"

// A sampleQueue keeps the last request, and answers as SQS does unless it says
// something else.
type sampleQueue struct {
	asked map[string]string
	body  string
	says  func(http.ResponseWriter)
}

func (s *sampleQueue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = nil
	if err := json.NewDecoder(r.Body).Decode(&s.asked); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" {
		http.Error(w, r.Header.Get("X-Amz-Target"), http.StatusBadRequest)
		return
	}
	s.body = s.asked["MessageBody"]
	if s.says != nil {
		s.says(w)
		return
	}
	fmt.Fprintf(w, `{"MD5OfMessageBody":"%x","MessageId":"00000000-0000-4000-8000-000000000001","SequenceNumber":"18849496460467696128"}`, md5.Sum([]byte(s.body)))
}

func newQueue(t *testing.T) (func(value any) error, *sampleQueue) {
	t.Helper()
	s := &sampleQueue{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := sqs.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("sample", "sample", ""),
	})
	return func(value any) error {
		return Put(t.Context(), client, sqs.SendMessageInput{QueueUrl: aws.String(queueURL)}, value)
	}, s
}

func TestPutSendsOneMessage(t *testing.T) {
	put, s := newQueue(t)
	if err := put(map[string]string{"a": "<b>\uFFFE\uFFFF"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"QueueUrl": queueURL, "MessageBody": `{"a":"\u003cb\u003e"}`}
	if !maps.Equal(s.asked, want) {
		t.Errorf("SQS is asked for %q", s.asked)
	}
}

func TestPutReportsErrorsOfTheQueue(t *testing.T) {
	const personal = "ada@example.com"
	writes := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for name, test := range map[string]struct {
		says   func(http.ResponseWriter)
		logged string
	}{
		"a queue that does not exist": {
			writes(400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"`+personal+`"}`), "QueueDoesNotExist"},
		"another body":        {writes(200, fmt.Sprintf(`{"MD5OfMessageBody":"%x"}`, md5.Sum([]byte("{}")))), ""},
		"no hash of the body": {writes(200, "{}"), string(errNoReceipt)},
	} {
		t.Run(name, func(t *testing.T) {
			put, s := newQueue(t)
			s.says = test.says
			err := put(map[string]string{"to": personal})
			if err == nil {
				t.Fatal("it is no error")
			}
			if got := logging.Reason(err); !strings.HasPrefix(got, test.logged) || strings.Contains(got, personal) {
				t.Errorf("%v is logged as %s, want %s", err, got, test.logged)
			}
		})
	}
	put, s := newQueue(t)
	err := put(strings.Repeat("A", maxBody))
	if !errors.Is(err, errTooLong) || s.asked != nil {
		t.Errorf("an entry that is too long: %v", err)
	}
}

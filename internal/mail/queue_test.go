package mail

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"poolpost/internal/functiontest"
	"poolpost/internal/message"
)

const queueURL = "https://sqs.eu-central-1.amazonaws.com/123456789012/sample-mail.fifo"

// newQueue keeps what SQS was last asked for.
func newQueue(t *testing.T) (Queue, *functiontest.SendMessage) {
	t.Helper()
	asked := &functiontest.SendMessage{}
	return Queue{URL: queueURL, SQS: sqs.NewFromConfig(functiontest.AWS(func(_ *http.Request, _ string, input []byte) (any, error) {
		err := functiontest.Strictly(input, asked)
		return asked.Output(), err
	}).Config())}, asked
}

func TestPutSendsOneMessageOfTheGroup(t *testing.T) {
	q, asked := newQueue(t)
	if err := q.Put(t.Context(), Entry{Kind: message.Welcome, To: "ada@example.com"}, "sample-sub", "sample-id"); err != nil {
		t.Fatal(err)
	}
	want := functiontest.SendMessage{
		QueueUrl: queueURL, MessageBody: `{"kind":"welcome","to":"ada@example.com"}`, MessageGroupId: "sample-sub", MessageDeduplicationId: "sample-id",
	}
	if *asked != want {
		t.Errorf("SQS is asked for %q", *asked)
	}
}

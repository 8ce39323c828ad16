package functiontest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Bench measures what a function does with an event. It fails when that takes
// more allocations than limit: unlike times, they are the same on every machine,
// and CI runs each benchmark once to hold them.
func Bench(b *testing.B, limit float64, event func()) {
	b.Helper()
	if n := testing.AllocsPerRun(20, event); n > limit {
		b.Errorf("an event takes %.0f allocations, more than %.0f", n, limit)
	}
	b.ReportAllocs()
	for b.Loop() {
		event()
	}
}

// Answering is an AWS for benchmarks: it gives every call the same answer, and costs
// next to nothing itself.
func Answering(b *testing.B, output any) aws.Config {
	b.Helper()
	body, err := json.Marshal(output)
	if err != nil {
		b.Fatal(err)
	}
	return sampleConfig(answering(body))
}

type answering []byte

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a))}, nil
}

package lambda

import (
	"crypto/rand"
	"fmt"
	"time"
	"uuid"
)

// newRequestID returns the UUID of an invocation.
func newRequestID() string { return uuid.NewV4().String() }

// newTraceID returns an X-Ray tracing header for a request that is not sampled.
func newTraceID(now time.Time) string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", uint32(now.Unix()), b[:12], b[12:])
}

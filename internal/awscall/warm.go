package awscall

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// warmLimit is how long a start waits for connections. A cold start is part of the 5
// seconds that Cognito waits for a trigger, and the event needs most of them when a
// service does not answer.
const warmLimit = 700 * time.Millisecond

// Warm opens a connection to each service, to all at the same time, while a
// function starts: then it has a whole CPU, and the first event does not wait for
// certificates to be read and keys to be agreed on. What goes wrong does so
// again at the first call, and is told there.
func Warm(ctx context.Context, services ...*Service) {
	ctx, cancel := context.WithTimeout(ctx, warmLimit)
	defer cancel()
	var wait sync.WaitGroup
	for _, s := range services {
		wait.Go(func() { s.touch(ctx) })
	}
	wait.Wait()
}

// touch leaves a connection behind; the answer, an error, does not matter.
func (s *Service) touch(ctx context.Context) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint+"/", http.NoBody)
	if err != nil {
		return
	}
	response, err := s.client.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	response.Body.Close()
}

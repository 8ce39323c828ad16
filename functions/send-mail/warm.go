package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// warmLimit is how long the start waits for connections. Lambda gives a start 10
// seconds.
const warmLimit = 2 * time.Second

// warm opens the connections to SES, and to KMS when codes are opened, while the
// function starts: then it has a whole CPU, and the first mail does not wait for
// certificates to be read and keys to be agreed on. What goes wrong does so
// again at the first mail, and is told there.
func warm(cfg aws.Config, codes bool) {
	ctx, cancel := context.WithTimeout(context.Background(), warmLimit)
	defer cancel()
	hosts := []string{"email"}
	if codes {
		hosts = append(hosts, "kms")
	}
	var wait sync.WaitGroup
	for _, host := range hosts {
		address := "https://" + host + "." + cfg.Region + ".amazonaws.com"
		if cfg.BaseEndpoint != nil {
			address = *cfg.BaseEndpoint
		}
		wait.Go(func() { touch(ctx, cfg.HTTPClient, address+"/") })
	}
	wait.Wait()
}

// touch leaves a connection behind; the answer, an error, does not matter.
func touch(ctx context.Context, client aws.HTTPClient, address string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	response.Body.Close()
}

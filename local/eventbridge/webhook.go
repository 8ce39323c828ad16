package eventbridge

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Webhook is an API destination: it posts events to an address, with a secret in a header.
func Webhook(address, header, secret string) func(context.Context, []byte) Answer {
	client := &http.Client{
		// EventBridge follows no redirect.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, envelope []byte) Answer {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(envelope))
		if err != nil {
			return Answer{Text: err.Error()}
		}
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
		request.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
		request.Header.Set(header, secret)
		response, err := client.Do(request)
		if err != nil {
			if failed, ok := errors.AsType[*url.Error](err); ok {
				err = failed.Err // without the method and the address
			}
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			return Answer{Retry: true, Text: err.Error()}
		}
		response.Body.Close()
		return Answer{OK: response.StatusCode/100 == 2, Retry: retried(response.StatusCode), Text: response.Status}
	}
}

// retried reports whether an API destination is tried again after a status (EventBridge user guide,
// "API destination error codes").
func retried(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

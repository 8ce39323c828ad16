package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json/v2"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"poolpost/internal/logging"
)

// A userPool is Cognito as a person's browser may ask it: the operations behind the
// link take no signature, so the function's role needs no permission for them.
//
// It makes each call once. A person waits, so what fails is shown at once, and the
// page offers to try again; an attempt limit would only be used up by repeats. Most
// starts are for pages that ask nobody, so none opens a connection.
type userPool struct {
	endpoint string
	client   *http.Client
}

// newUserPool is Cognito in a region. AWS_ENDPOINT_URL, the variable of AWS's SDKs,
// takes the place of its address.
func newUserPool(region, endpoint string) *userPool {
	address := "https://cognito-idp." + region + "." + domain(region)
	return &userPool{endpoint: cmp.Or(endpoint, address), client: newClient(idle)}
}

// idle is how long a connection to Cognito is kept without use. Cognito closes
// one some time, a frozen process only hears of it with its next request, and
// none of these may be sent twice: the person would have to try again.
const idle = 5 * time.Second

// newClient is an HTTP client that keeps connections for so long while they are
// idle, by the clock on the wall: a frozen process does not feel time pass. A new
// connection resumes the TLS session of the last one, which spares the check of
// certificates. It follows no redirect: the operations have none.
func newClient(idle time.Duration) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout = idle
	t.TLSClientConfig = &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: t, CheckRedirect: noRedirect}
}

// partitions are the domains of AWS's host names by what regions begin with, as in
// the SDKs' partitions.json (botocore/data/partitions.json). All others, GovCloud's
// too, have the one in domain.
var partitions = [...]struct{ region, domain string }{
	{"cn-", "amazonaws.com.cn"},
	{"eusc-", "amazonaws.eu"},
	{"us-iso-", "c2s.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov"},
	{"eu-isoe-", "cloud.adc-e.uk"},
	{"us-isof-", "csp.hci.ic.gov"},
}

func domain(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.region) {
			return p.domain
		}
	}
	return "amazonaws.com"
}

// A cognitoError is an answer of Cognito that is no success.
type cognitoError struct {
	status  int
	code    string // such as UserNotFoundException; empty when there was none
	message string // may quote what is personal
}

// Error does not hold the message.
func (e *cognitoError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("status %d %s", e.status, e.code))
}

// ErrorCode is what the log holds of it.
func (e *cognitoError) ErrorCode() string { return cmp.Or(e.code, e.Error()) }

// maxResponse bounds what is read of a response, in bytes.
const maxResponse = 1 << 20

const errTooLong = logging.Safe("a response of Cognito is longer than a megabyte")

// call calls an operation. A response that is no success is a *cognitoError. The
// request has no header that lets net/http send a POST a second time.
func (u *userPool) call(ctx context.Context, operation string, input any) error {
	body, err := json.Marshal(input, lenient...)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	response, err := u.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	defer response.Body.Close()
	// To its end, or net/http could not use the connection again.
	text, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	switch {
	case response.StatusCode != http.StatusOK:
		err = newCognitoError(response, text)
	case err == nil && len(text) > maxResponse:
		err = errTooLong
	}
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	return nil
}

// newCognitoError reads an error (Smithy, "AWS JSON 1.1 protocol", operation error
// serialization): its code is in the header or in the body, with or without a namespace
// or an address.
func newCognitoError(response *http.Response, body []byte) *cognitoError {
	var in struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	// Without a body, the status says enough.
	_ = json.Unmarshal(body, &in, append(lenient, json.MatchCaseInsensitiveNames(true))...)
	e := &cognitoError{status: response.StatusCode, message: in.Message}
	for _, code := range []string{response.Header.Get("X-Amzn-ErrorType"), in.Type, in.Code} {
		if _, after, found := strings.Cut(code, "#"); found {
			code = after
		}
		if e.code, _, _ = strings.Cut(code, ":"); e.code != "" {
			break
		}
	}
	return e
}

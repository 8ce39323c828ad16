package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A cognitoClient is Cognito as a person's browser may call it: the operations behind the
// link take no signature, so the function's role needs no permission for them.
//
// It makes each call once. A person waits, so what fails is shown at once, and the
// page offers to try again; repeats would only use up the attempts of a user. Most
// starts are for pages that call nothing, so none opens a connection.
type cognitoClient struct {
	endpoint string
	client   *http.Client
}

// newCognitoClient is Cognito in a region. AWS_ENDPOINT_URL, the variable of AWS's SDKs,
// takes the place of its address.
//
// A new connection resumes the TLS session of the last one, which spares the check of
// certificates. The operations have no redirects, so none is followed.
func newCognitoClient(region, endpoint string) *cognitoClient {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout = idle
	t.TLSClientConfig = &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	address := "https://cognito-idp." + region + "." + domain(region)
	return &cognitoClient{cmp.Or(endpoint, address), &http.Client{Transport: t, CheckRedirect: noRedirect}}
}

// idle is how long a connection to Cognito is kept without use, by the clock on the wall: a
// frozen process does not feel time pass. Cognito closes one some time, which the process only
// hears of with its next request, and none of these may be sent twice: the person would have
// to try again.
const idle = 5 * time.Second

// partitions are the domains of AWS's host names by what regions begin with, as in
// the SDKs' partitions.json (botocore/data/partitions.json). All others, GovCloud's
// too, have the one in domain.
var partitions = map[string]string{
	"cn-":      "amazonaws.com.cn",
	"eusc-":    "amazonaws.eu",
	"us-iso-":  "c2s.ic.gov",
	"us-isob-": "sc2s.sgov.gov",
	"eu-isoe-": "cloud.adc-e.uk",
	"us-isof-": "csp.hci.ic.gov",
}

func domain(region string) string {
	for prefix, domain := range partitions {
		if strings.HasPrefix(region, prefix) {
			return domain
		}
	}
	return "amazonaws.com"
}

// A cognitoError is an answer of Cognito other than success.
type cognitoError struct {
	status  int
	code    string // such as UserNotFoundException; empty when there was none
	message string // may quote what is personal, so Error leaves it out
}

func (e *cognitoError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("status %d %s", e.status, e.code))
}

// ErrorCode is what the log holds of it.
func (e *cognitoError) ErrorCode() string { return cmp.Or(e.code, e.Error()) }

// maxResponse bounds what is read of a response, in bytes.
const maxResponse = 1 << 20

// lenient accepts JSON that has a name twice, of which the last one counts, and text that is
// not UTF-8.
var lenient = json.JoinOptions(
	jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.MatchCaseInsensitiveNames(true))

// call calls an operation. A response other than success is a *cognitoError. The
// request has no header that lets net/http send a POST a second time.
func (u *cognitoClient) call(ctx context.Context, operation string, input userRequest) error {
	body, err := json.Marshal(input, lenient)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	response, err := u.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// To its end, or net/http could not use the connection again.
	text, err := io.ReadAll(http.MaxBytesReader(nil, response.Body, maxResponse))
	if response.StatusCode != http.StatusOK {
		return newCognitoError(response, text)
	}
	return err
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
	_ = json.Unmarshal(body, &in, lenient) // without a body, the status says enough
	code := cmp.Or(response.Header.Get("X-Amzn-ErrorType"), in.Type, in.Code)
	if _, name, found := strings.Cut(code, "#"); found {
		code = name
	}
	code, _, _ = strings.Cut(code, ":")
	return &cognitoError{status: response.StatusCode, code: code, message: in.Message}
}

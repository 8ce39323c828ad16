package local

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// maxRequest is the payload limit of API Gateway, in bytes.
const maxRequest = 10 << 20

// gateway serves verify-link as an API Gateway HTTP API does: each request is
// an event of payload format version 2.0 (API Gateway developer guide, "Create
// AWS Lambda proxy integrations for HTTP APIs").
func (s *Stack) gateway(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, `{"message":"Request Too Long"}`, http.StatusRequestEntityTooLarge)
		return
	}
	source, _, _ := net.SplitHostPort(r.RemoteAddr)
	now := time.Now()
	event := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "$default",
		RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{"host": r.Host},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "$default", Stage: "$default", AccountID: account, APIID: "example01",
			DomainName: r.Host, TimeEpoch: now.UnixMilli(), Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
		},
		// A form arrives as base64, whatever it holds.
		Body: base64.StdEncoding.EncodeToString(body), IsBase64Encoded: len(body) > 0,
	}
	for name, values := range r.Header {
		event.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	payload, err := json.Marshal(event)
	if err != nil {
		http.Error(w, `{"message":"Bad Request"}`, http.StatusBadRequest)
		return
	}
	reply, err := s.host.Invoke(r.Context(), "verify-link", payload)
	var response events.APIGatewayV2HTTPResponse
	if err == nil {
		err = json.Unmarshal(reply, &response)
	}
	content := []byte(response.Body)
	if err == nil && response.IsBase64Encoded {
		content, err = base64.StdEncoding.DecodeString(response.Body)
	}
	if err != nil || response.StatusCode == 0 {
		http.Error(w, `{"message":"Internal Server Error"}`, http.StatusInternalServerError)
		return
	}
	for name, value := range response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(content)
}

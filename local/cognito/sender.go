package cognito

import (
	"context"
	"fmt"
	"html"
	"strings"
)

// customEmailSenderRequest is the request of CustomEmailSender (developer guide,
// "Custom email sender Lambda trigger").
type customEmailSenderRequest struct {
	Type           string            `json:"type"`
	Code           string            `json:"code"` // encrypted
	ClientMetadata map[string]string `json:"clientMetadata"`
	UserAttributes map[string]string `json:"userAttributes"`
}

// handOver gives a notice to the CustomEmailSender function, with the code
// encrypted. Nobody waits for the function, so its errors never reach the caller.
// A temporary password is escaped for HTML first (the same page).
//
// The table of sources on that page has client metadata for three of them, of
// which this pool causes two.
func (p *Pool) handOver(ctx context.Context, c caller, function string, n notice) error {
	source := customEmailSender + strings.TrimPrefix(n.source, customMessage)
	request := customEmailSenderRequest{Type: "customEmailSenderRequestV1", UserAttributes: n.attributes}
	code := n.code
	switch n.source {
	case sourceAdminCreateUser:
		code = html.EscapeString(code)
	case sourceSignUp, sourceForgotPassword:
		request.ClientMetadata = n.metadata
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	var err error
	if request.Code, err = p.options.Encrypt(ctx, code); err != nil {
		return fmt.Errorf("encrypt the code of %s: %w", source, err)
	}
	if err := p.options.InvokeLater(function, p.event(c, source, n.userName, request, nil)); err != nil {
		return fmt.Errorf("hand over to %s: %w", function, err)
	}
	return nil
}

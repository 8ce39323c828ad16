package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"poolpost/internal/awscall"
)

// suppressions is SES's suppression list of the account.
type suppressions struct{ ses *awscall.Service }

// Suppressed is GetSuppressedDestination of SES v2: NotFoundException means that
// the address is not on the list. Everything but letters, digits and -._~ is
// escaped, as the SDKs do and the signature needs.
func (s suppressions) Suppressed(ctx context.Context, address string) (bool, error) {
	err := s.ses.Get(ctx, "/v2/email/suppression/addresses/"+url.QueryEscape(address), nil)
	if e, ok := errors.AsType[*awscall.Error](err); ok && e.Status == http.StatusNotFound && e.Code == "NotFoundException" {
		return false, nil
	}
	return err == nil, err
}

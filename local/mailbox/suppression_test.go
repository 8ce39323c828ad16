package mailbox

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

func TestOneAddressIsSuppressed(t *testing.T) {
	client := sesClient(t, New(nil))
	out, err := client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String(suppressedAddress)})
	if err != nil || out.SuppressedDestination.Reason != types.SuppressionListReasonBounce {
		t.Errorf("got %+v, %v", out, err)
	}
	for _, address := range []string{"ann@example.com", "a+b/c@example.com"} {
		_, err := client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String(address)})
		var missing *types.NotFoundException
		if !errors.As(err, &missing) {
			t.Errorf("%s: got %v, want NotFoundException", address, err)
		}
	}
}

package local

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"poolpost/internal/message"
)

// The real function, behind the gateway of the local run and in front of its
// pool: scanners first, then a person who presses the button more than once.
func TestLinkSurvivesScannersAndDoubleClicks(t *testing.T) {
	s := startStack(t)
	sub := s.signUp(t, "ora@example.com", "Ora", nil)
	address := linkOf(t, s.mail(t, "ora@example.com", "en", message.SignUp))
	for _, header := range []http.Header{
		{"User-Agent": {"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b"}},
		{"Sec-Purpose": {"prefetch;prerender"}},
		{"Purpose": {"prefetch"}},
	} {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
			noError(t, err)
			request.Header = header
			response, err := http.DefaultClient.Do(request)
			noError(t, err)
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("%s with %v: status %d", method, header, response.StatusCode)
			}
		}
	}
	if got := s.status(t, sub); got != types.UserStatusTypeUnconfirmed {
		t.Fatalf("after the scanners the user is %s, want UNCONFIRMED", got)
	}

	page := browse(t, http.MethodGet, address, nil)
	titles := make([]string, 3)
	var all sync.WaitGroup
	for i := range titles {
		all.Go(func() { titles[i] = s.press(t, page).title })
	}
	all.Wait()
	slices.Sort(titles)
	again, done := s.title(t, "en", "already-confirmed"), s.title(t, "en", "confirmed")
	if !slices.Equal(titles, []string{again, again, done}) {
		t.Errorf("three presses at the same moment show %q", titles)
	}
	if replayed := s.press(t, page); replayed.title != again || replayed.next != "https://app.example.com/?status=already-confirmed" {
		t.Errorf("the same form later: %+v", replayed)
	}
}

package local

import (
	"net/http"
	"net/url"
)

// forPages lets pages on this machine, such as those of an app's dev
// server, call Cognito from the browser (Fetch standard, "CORS
// protocol"). Cognito answers pages of every origin, as observed by others;
// here only those on loopback hosts are. All other requests go to next, as do those that are
// not for Cognito.
func forPages(cognito func(*http.Request) http.Handler, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		api := cognito(r)
		// A preflight does not have the target; the request after it does.
		preflight := r.Method == http.MethodOptions && r.URL.Path == "/"
		if !isLocalOrigin(origin) || api == nil && !preflight {
			next.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Vary", "Origin")
		if preflight {
			header.Set("Access-Control-Allow-Methods", http.MethodPost)
			// Each SDK has headers of its own.
			header.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		// SDKs read an error's name, its message and the request id from there.
		header.Set("Access-Control-Expose-Headers", "X-Amzn-Errortype, X-Amzn-Errormessage, X-Amzn-Requestid")
		api.ServeHTTP(w, r)
	})
}

// isLocalOrigin says whether an Origin header is that of a page on this machine:
// http or https, a loopback host, any port.
func isLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isLocal(u.Hostname()) &&
		origin == u.Scheme+"://"+u.Host // and nothing else
}

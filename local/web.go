package local

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"

	"poolpost/internal/amplify"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the pages of the local run that are not the mailbox's own.
var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// webHandler are all pages: the sample app, the mailbox, the preview, and for
// everything else the link's page, as API Gateway serves it.
func (s *Stack) webHandler() http.Handler {
	mux := http.NewServeMux()
	mailbox := s.box.Handler()
	mux.Handle("/mailbox", mailbox)
	mux.Handle("/mailbox/", mailbox)
	mux.Handle("/api/v1/", mailbox)
	s.preview.routes(mux)
	newApp(s).routes(mux)
	mux.HandleFunc("GET /events", s.eventsPage)
	mux.HandleFunc("GET /amplify_outputs.json", s.amplifyOutputs)
	mux.HandleFunc("/", s.gateway)
	return mux
}

// amplifyOutputs is what poolpost outputs writes of a deployment, for this pool.
func (s *Stack) amplifyOutputs(w http.ResponseWriter, _ *http.Request) {
	values := map[string]string{
		"Region": s.settings.Pool.Region, "UserPoolId": s.poolID, "ClientId": s.clientIDs[s.settings.Clients[0].Name], "LinksUrl": s.linksURL,
	}
	if s.settings.IdentityPool.Enabled {
		values["IdentityPoolId"] = s.identityPoolID
	}
	outputs := amplify.New(values, s.settings)
	outputs.Custom.Endpoint = s.awsURL
	text, err := outputs.Marshal()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

func render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, fmt.Sprintf("render %s: %v", name, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; img-src data:; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"poolpost/internal/bundle"
	"poolpost/internal/compile"
	"poolpost/internal/config"
	"poolpost/internal/link"
	"poolpost/internal/settings"
	"poolpost/templates"
)

// A story is how a person comes to a page: a request, and what Cognito answers
// to it.
type story struct {
	state   pageName
	request *http.Request
	err     error
}

// stories are one way to each page, in a language.
func stories(locale string) []story {
	in := func(changes ...string) []string { return append(changes, "lang", locale) }
	all := []story{
		{confirm, open(link.PathConfirm, values(in()...)), nil},
		{confirmCode, open(link.PathConfirm, values(in("code", "")...)), nil},
		{reset, open(link.PathReset, values(in()...)), nil},
		{resetCode, open(link.PathReset, values(in("code", "")...)), nil},
		{notMe, open(link.PathNotMe, values(in("code", "")...)), nil},
		{notAsked, open(link.PathNotAsked, values(in("code", "")...)), nil},
		{pressAgain, unnamedPress(link.PathConfirm, values(in()...)), nil},
		{resetAgain, unnamedPress(link.PathReset, values(in("password", password, "repeat", password)...)), nil},
		{resetDiffer, press(link.PathReset, values(in("password", password)...)), nil},
		{badLink, open(link.PathConfirm, values(in("user", "")...)), nil},
		{wrongMethod, open(link.PathResend, values(in()...)), nil},
		{otherSite, pressFrom("cross-site", "https://evil.example", link.PathConfirm, values(in()...)), nil},
		{notFound, open("/other", values(in()...)), nil},
		{unknownClient, press(link.PathConfirm, values(in("client", "9otherpoolexample456789abc")...)), says("ExpiredCodeException")},
		{help, open(link.PathHelp, values(in("user", "", "code", "")...)), nil},
		{helpAgain, press(link.PathHelp, values(in()...)), nil},
		{helpSent, press(link.PathHelp, values(in("email", "jane@example.com")...)), nil},
	}
	told := map[pageName]bool{unknownClient: true, badLink: true}
	for _, answer := range answers() {
		for path, s := range answer.at() {
			if !told[s] {
				told[s] = true
				all = append(all, story{s, press(path, values(in("password", password, "repeat", password)...)), answer.err})
			}
		}
	}
	return all
}

func TestEveryPageHasAStory(t *testing.T) {
	s := newSite(t)
	told := map[pageName]int{}
	for _, story := range stories("fr") {
		s := s.another()
		s.cognito.fails(story.err)
		s.checkState(t, s.serve(t, story.request), story.state, "riders", "fr")
		told[story.state]++
	}
	for _, s := range states() {
		if told[s] != 1 {
			t.Errorf("%s with status %d has %d stories", s.name, s.status, told[s])
		}
	}
}

// A storybook serves the page of every story in every language that there are
// words for, at addresses to look at, and the site itself at its own.
type storybook struct {
	*site
	*httptest.Server
	locales []string
	posts   atomic.Int64 // forms that were sent to the site
	foreign atomic.Int64 // those of them whose Origin is not the site's
}

// strictSettings have all rules for passwords, and long names.
const strictSettings = `
pool: {region: eu-central-1, passwordPolicy: {minimumLength: 12, requireNumbers: true, requireLowercase: true, requireUppercase: true, requireSymbols: true}}
mail: {from: {name: Riders, address: no-reply@example.com}, replyTo: help@example.com}
links: {host: links.example.com}
brands: [{name: riders, displayName: Riders & Drivers Exampletown, color: "#1d4ed8", postalAddress: "Riders Example Ltd, 1 Sample Street, 12345 Exampletown", support: support@riders.example.com}]
clients: [{name: riders, brand: riders, locale: en, url: "https://riders.example.com/"}]
locales: [%s]
`

func newStorybook(t *testing.T) *storybook {
	t.Helper()
	files, err := filepath.Glob("../../templates/locales/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no words: %v", err)
	}
	b := &storybook{}
	for _, file := range files {
		b.locales = append(b.locales, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	set, err := settings.Parse("strict.yaml", fmt.Appendf(nil, strictSettings, strings.Join(b.locales, ", ")))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, err := compile.All(templates.FS, set)
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(dir, set, out, []bundle.Function{bundle.Named("verify-link")}); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read[config.VerifyLink](filepath.Join(dir, "verify-link"))
	if err != nil {
		t.Fatal(err)
	}
	b.site = siteOf(filepath.Join(dir, "verify-link"), c)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stories/{locale}/{page}", func(w http.ResponseWriter, r *http.Request) {
		for _, story := range stories(r.PathValue("locale")) {
			if story.state.name == r.PathValue("page") {
				s := b.another()
				s.cognito.fails(story.err)
				s.handler.ServeHTTP(w, story.request)
				return
			}
		}
		http.NotFound(w, r)
	})
	mux.HandleFunc("GET /stories/{$}", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") })
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			b.posts.Add(1)
			if r.Header.Get("Origin") != b.URL {
				b.foreign.Add(1)
			}
		}
		b.handler.ServeHTTP(w, r)
	})
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

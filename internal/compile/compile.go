// Package compile puts words, layout and brand together at build time, and
// validates every message against what Cognito accepts: a message that Cognito
// would refuse, or silently replace by its default text, fails the build.
//
// Its output is the flat files that package message fills. It never runs in a
// function.
package compile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"poolpost/internal/settings"
)

// Output are the files that functions need, by their path below the function's
// folder, and the sentences for refused sign-ups.
type Output struct {
	Messages map[string][]byte            // message.File
	Pages    map[string][]byte            // message.PageFile
	Refusals map[string]map[string]string // locale, code: sentence
}

// All compiles every message and page for every client and locale of the
// settings. The error joins everything that is wrong.
func All(templates fs.FS, s *settings.Settings) (*Output, error) {
	files, err := listSources(templates)
	if err != nil {
		return nil, err
	}
	if err := files.checkNames(s.Locales); err != nil {
		return nil, err
	}
	locales, tags, err := readLocales(templates, files, func(tag string) bool { return tag == sourceLocale || slices.Contains(s.Locales, tag) })
	if err != nil {
		return nil, err
	}
	set, err := readTemplates(templates)
	if err != nil {
		return nil, err
	}
	out := &Output{
		Messages: map[string][]byte{},
		Pages:    map[string][]byte{},
		Refusals: map[string]map[string]string{},
	}
	problems := checkBrands(s)
	for _, tag := range s.Locales {
		l, ok := locales[tag]
		if !ok {
			problems = append(problems, fmt.Errorf("locales: there are no words for %q; add templates/locales/%s.yaml, or use some of %s",
				tag, tag, strings.Join(tags, ", ")))
			continue
		}
		l.checkTranslation(locales[sourceLocale])
		l.checkRefusals(locales[sourceLocale])
		out.Refusals[tag] = l.Refusals
		for _, client := range s.Clients {
			b := newBrandContext(s, client, l)
			problems = append(problems, set.messages(b, out.Messages)...)
			problems = append(problems, set.pages(b, out.Pages)...)
		}
	}
	for _, tag := range tags {
		if l, ok := locales[tag]; ok {
			problems = append(problems, l.Err())
		}
	}
	if err := errors.Join(distinct(problems)...); err != nil {
		return nil, err
	}
	return out, nil
}

// distinct keeps the first of problems that say the same: words that several
// messages or clients share are wrong in each.
func distinct(problems []error) []error {
	seen := map[string]bool{}
	return slices.DeleteFunc(problems, func(err error) bool {
		if err == nil || seen[err.Error()] {
			return true
		}
		seen[err.Error()] = true
		return false
	})
}

// checkBrands finds the brands in use that lack what every mail and page shows.
func checkBrands(s *settings.Settings) (problems []error) {
	for _, brand := range s.Brands {
		used := slices.ContainsFunc(s.Clients, func(c settings.Client) bool { return c.Brand == brand.StableID() })
		if used && brand.Support == "" {
			problems = append(problems, fmt.Errorf("brands: %s: support is missing; write the address that people are sent to for help, or mail.replyTo", brand.Name))
		}
	}
	return problems
}

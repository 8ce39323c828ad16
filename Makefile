# Every target sets up what it needs. Go and, for the layout of the mails, Node.js
# must be on the machine; nothing is installed globally.

SHELL := /bin/bash
.DEFAULT_GOAL := help
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 5s

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## run everything on this machine: sign-up page, user pool, functions, mailbox
	@go build -o .build/poolpost-local ./infra/local
	@exec .build/poolpost-local $(ARGS)

.PHONY: test
test: ## run all tests, with the race detector, and each fuzz target briefly
	go test -race ./...
	@$(MAKE) --no-print-directory fuzz

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (5s)
	@set -e; for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "fuzz $$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package > /tmp/fuzz.$$$$ || { cat /tmp/fuzz.$$$$; exit 1; }; \
	    rm -f /tmp/fuzz.$$$$; \
	  done; \
	done

.PHONY: bench
bench: ## measure the way from a sign-up to its mail, and the functions' own work
	go test -run '^$$' -bench SignUpToMailbox -benchtime 200x ./infra/local
	go test -run '^$$' -bench . -benchmem ./internal/... ./functions/...

.PHONY: lint
lint: ## check the formatting, vet and staticcheck
	@test -z "$$(gofmt -l functions infra internal)" || { gofmt -l functions infra internal; echo "run gofmt -w on these files"; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...

.PHONY: templates
templates: node_modules ## write templates/layout.html from layout.mjml
	node templates/build.mjs

.PHONY: check-templates
check-templates: node_modules ## fail when templates/layout.html is out of date
	node templates/build.mjs --check

.PHONY: goldens
goldens: ## write the expected messages of the tests anew
	go test ./internal/message/compile -update

node_modules: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch node_modules

.PHONY: screenshots
screenshots: ## take the README's pictures of the mail and the page (needs chromium)
	go test ./infra/local -run TestScreenshots -count=1 -screenshots ../../docs/images

.PHONY: clean
clean: ## remove what was built
	rm -rf .build node_modules

# Every target installs what it needs, nothing globally, but Go and, for the CDK and the
# layout of emails, Node.js.

SHELL := /bin/bash
# An older go command downloads the toolchain of go.mod.
export GOTOOLCHAIN := auto
# As functions are built (internal/bundle), so that shared packages are compiled once.
export GOFLAGS := -trimpath -gcflags=all=-dwarf=false
export CGO_ENABLED := 0
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 2s
# With the race detector, what links the AWS Encryption SDK takes minutes to compile,
# and the CDK app ten times as long to run. send-mail is tested with it as built
# without that SDK. poolpost-aws links many of the SDK's clients.
HEAVY := poolpost/functions/send-mail$$|poolpost/local/encryptcode$$|poolpost/infra$$|poolpost/cmd/poolpost-cdk$$|poolpost/cmd/poolpost-aws$$
# Functions are built without the parts that the settings do not use. Their pages are the same.
MINIMAL := -tags noaltcha,noaws,nocaptcha,noclients,nocodes,noevents,noinvitations,nosecrets,nousers
OPTIONAL := ./functions/verify-link ./functions/send-mail ./functions/custom-message ./functions/post-confirmation ./functions/pre-sign-up ./functions/mail-feedback
# The race detector needs cgo and a C compiler. With empty caches, tests that build the functions
# wait for the compiler.
RACE = $(shell command -v $$(go env CC) > /dev/null && echo -race)
RACE_TEST = CGO_ENABLED=$(if $(RACE),1,0) go test -timeout 20m $(RACE)
# The deployment: SETTINGS is the file, STAGE dev, prod or another name, STACK Pool or
# Identity; ALLOW what may be lost, as poolpost plan names it, such as CLIENT=web.
SETTINGS ?= poolpost.yaml
STAGE ?= dev
STACK ?= Pool
CDK = node_modules/.bin/cdk
CONTEXT = -c settings=$(SETTINGS) -c stage=$(STAGE)
DEPLOYMENT = --settings $(SETTINGS) --stage $(STAGE)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: need-go ## run everything on this machine: sign-up page, user pool, functions, mailbox
	@echo "compiling poolpost …"; go build -ldflags="-s -w" -o .build/bin/poolpost ./cmd/poolpost
	@exec .build/bin/poolpost dev $(ARGS)

.PHONY: test
test: need-go ## run all tests, nearly all with the race detector
	@[ -n "$(RACE)" ] || echo "no C compiler is installed: testing without the race detector"
	@command -v chromium > /dev/null || echo "chromium is not installed: the tests in the browser are skipped"
	@if command -v npm > /dev/null; then $(MAKE) node_modules .build/receiver/ready .build/clients/ready .build/frontend/example/ready; \
	else echo "npm is not installed: the tests of the pages with axe-core, with another SES, with Amplify and of the example front end are skipped"; fi
	@if $(HAS_VENV); then $(MAKE) .build/clients-venv/ready; \
	else echo "Python 3.10 or newer with venv is not installed: the tests with pycognito, boto3 and the AWS CLI are skipped"; fi
	$(RACE_TEST) $$(go list ./... | grep -vE '$(HEAVY)')
	$(RACE_TEST) $(MINIMAL) -skip InTheBrowser $(OPTIONAL)
	@if command -v node > /dev/null || [ -n "$$CI" ]; then set -x; go test $$(go list ./... | grep -E '$(HEAVY)') && cd examples/own-app && go test ./...; \
	else echo "Node.js is not installed: the tests of the CDK app are skipped"; set -x; go test $$(go list ./... | grep -E '$(HEAVY)' | grep -vE 'infra|cdk'); fi

.PHONY: fuzz
fuzz: need-go ## run each fuzz target for FUZZTIME (2s)
	@set -e; grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z]*' functions internal local | while IFS=: read -r file target; do \
	  package=./$$(dirname $$file); target=$${target#func }; echo "fuzz $$package $$target"; \
	  out=$$(go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package) || { echo "$$out"; exit 1; }; \
	done

.PHONY: lint
lint: need-go ## check the formatting, vet, staticcheck, and that templates/layout.html is up to date
	@unformatted=$$(gofmt -l $$(go list -f '{{.Dir}}' ./...) examples | sort -u); [ -z "$$unformatted" ] || { echo "run gofmt -w on these files"; echo "$$unformatted"; exit 1; }
	go vet ./... && go vet $(MINIMAL) $(OPTIONAL) && cd examples/own-app && go vet ./...
	$(STATICCHECK) ./... && $(STATICCHECK) $(MINIMAL) $(OPTIONAL)
	@if command -v npm > /dev/null || [ -n "$$CI" ]; then $(MAKE) node_modules && node templates/build.mjs --check; \
	else echo "npm is not installed: templates/layout.html is not checked"; fi

.PHONY: bench
bench: need-go ## compare the functions with an empty one; with PEOPLE=1000, measure sign-ups a second
ifdef PEOPLE
	@set -o pipefail; for n in 1 4 8; do go test ./local -run TestUnderLoad -count=1 -v -people $(PEOPLE) -at-once $$n | grep 'load_test\|FAIL' | sed 's/.*load_test.go:[0-9]*: //'; done
else
	@if type node cmake autoreconf libtoolize &> /dev/null; then $(MAKE) .build/bench-node/ready; \
	else echo "node, cmake, autoconf or libtool is not installed: custom-message in Node.js is left out"; fi
	@node=$$(ls -d .build/bench-node/node_modules 2> /dev/null); go run ./bench -node "$$node" $(ARGS)
	go test -run '^$$' -bench SignUpToMailbox -benchtime 200x ./local
	go test -run '^$$' -bench . -benchmem ./internal/... ./functions/...
endif

.PHONY: soak
soak: need-go ## confirm 10,000 users (or PEOPLE) under each schedule of faults, and drain as many emails at SES's rates; sign in 5,000 times
	@set -o pipefail; go test ./functions/send-mail -run TestTheQueueDrainsAtTheRateOfSES -count=1 -v -timeout 1h -mails $(or $(PEOPLE),10000) | $(QUIET)
	@set -o pipefail; go test ./local/cognito -run TestSignInsDoNotFillTheMemory -count=1 -v -timeout 1h -sign-ins $(or $(PEOPLE),5000) | $(QUIET)
	@set -o pipefail; go test ./local -run 'TestNoMailIsLost|TestNoEventIsLost' -count=1 -v -timeout 2h -confirmations $(or $(PEOPLE),10000) | $(QUIET)

# What remains of go test -v: the lines of the tests, and failures.
QUIET = grep --line-buffered -v '^20\|^=== \|^ *--- PASS\|^PASS'

.PHONY: goldens
goldens: need-go ## rewrite the expected messages of the tests; read the diff
	go test ./internal/compile ./internal/settings -update

.PHONY: templates
templates: node_modules ## write templates/layout.html from layout.mjml
	node templates/build.mjs

# The public list of disposable domains, in the order of its bytes, in which the
# function searches it. A list that does not pass the tests is not kept.
DISPOSABLE = https://raw.githubusercontent.com/disposable-email-domains/disposable-email-domains/main/disposable_email_blocklist.conf

.PHONY: update-lists
update-lists: need-go ## fetch the newest list of disposable domains
	@set -o pipefail; cd internal/rules && cp disposable.txt disposable.txt.old && \
	if curl -fsSL --retry 2 $(DISPOSABLE) | tr 'A-Z' 'a-z' | LC_ALL=C sort -u > disposable.txt && go test -run 'Disposable|BehindTheAt' .; then \
	  rm disposable.txt.old; git diff --stat -- disposable.txt; echo "say in internal/rules/disposable.md of which day it is"; \
	else mv disposable.txt.old disposable.txt; echo "the list stays as it was"; exit 1; fi

# Before anything is installed or built. The CDK would say it after the synthesis, in many lines.
.PHONY: credentials
credentials: need-go
	@go run ./cmd/poolpost doctor --credentials $(DEPLOYMENT)

.PHONY: bootstrap
bootstrap: need-go need-node credentials node_modules ## prepare an AWS account and region for the CDK, once
	$(CDK) bootstrap $(CONTEXT) $(ARGS)

.PHONY: synth
synth: need-go node_modules ## write the CloudFormation templates to cdk.out
	$(CDK) synth --quiet $(CONTEXT) $(ARGS)

.PHONY: diff
diff: need-go node_modules ## compare the template with what is deployed
	$(CDK) diff $(STACK) $(CONTEXT) $(ARGS)

.PHONY: deploy
deploy: need-go need-node credentials node_modules ## create or update the pool on AWS; first STACK=Identity, the SES identity
	@go run ./cmd/poolpost check --deploy $(DEPLOYMENT) > /dev/null
ifeq ($(STACK),Pool)
	@go run ./cmd/poolpost plan $(DEPLOYMENT) $(addprefix --allow ,$(ALLOW))
	$(CDK) deploy $(STACK) --app cdk.out $(ARGS)
	@for client in $(patsubst CLIENT=%,%,$(filter CLIENT=%,$(ALLOW))); do go run ./cmd/poolpost delete-client $$client $(DEPLOYMENT) || exit 1; done
else
	$(CDK) deploy $(STACK) $(CONTEXT) $(ARGS)
endif

.PHONY: destroy
destroy: need-go node_modules ## delete the stack from AWS
	$(CDK) destroy $(STACK) $(CONTEXT) $(ARGS)

.PHONY: test-deploy
test-deploy: need-go node_modules .build/venv/ready ## deploy to an AWS emulator on this machine, test what it created, destroy it
	@PYTHONPYCACHEPREFIX=.build/pycache .build/venv/bin/python -m pytest -q -s -p no:cacheprovider --basetemp .build/emulator test/deploy

.PHONY: clean
clean: ## remove what was built
	rm -rf .build node_modules cdk.out

.DEFAULT:
	@echo "$@ is not a target: make help lists them"; exit 2

# What to do about a missing program.
REMEDY_go := install 1.21 or newer from https://go.dev/dl/
REMEDY_node := install Node.js 22 or newer from https://nodejs.org/
REMEDY_npm := install it with Node.js, or as your system's package npm

need-%:
	@command -v $* > /dev/null || { echo "$* is not installed: $(REMEDY_$*)"; exit 1; }

node_modules: package.json package-lock.json | need-node
	@$(MAKE) need-npm
	npm ci --no-audit --no-fund
	@touch $@

# Another implementation of SES, with which a test compares the local run.
.build/receiver/ready: local/receiver/package.json local/receiver/package-lock.json | need-node
	@$(MAKE) need-npm && mkdir -p $(@D) && cp $^ $(@D)
	npm ci --prefix $(@D) --no-audit --no-fund
	@touch $@

# AWS's runtime client for Node.js is compiled when it is installed.
.build/bench-node/ready: bench/node/package.json bench/node/package-lock.json | need-node
	@$(MAKE) need-npm && mkdir -p $(@D) && cp $^ $(@D)
	cd $(@D) && npm ci --no-audit --no-fund
	@touch $@

# Clients of Cognito, which a test runs against the local pool.
.build/clients/ready: test/clients/package.json test/clients/package-lock.json | need-node
	@$(MAKE) need-npm && mkdir -p $(@D) && cp $^ $(@D)
	npm ci --prefix $(@D) --no-audit --no-fund
	@touch $@

# The packages of the example front end, which a test builds.
.build/frontend/example/ready: frontend/example/package.json frontend/example/package-lock.json | need-node
	@$(MAKE) need-npm && mkdir -p $(@D) && cp $^ $(@D)
	npm ci --prefix $(@D) --no-audit --no-fund
	@touch $@

# The emulator and its tests, and the clients in Python.
HAS_VENV = python3 -c 'import ensurepip, sys; assert sys.version_info >= (3, 10)' 2> /dev/null
.build/venv/ready: test/deploy/requirements.txt
.build/clients-venv/ready: test/clients/requirements.txt
.build/venv/ready .build/clients-venv/ready:
	@$(HAS_VENV) || { echo "Python 3.10 or newer with venv is not installed: install python3 and python3-venv"; exit 1; }
	@rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --no-compile -r $< # what is imported is compiled then
	@touch $@

# Every target sets up what it needs. Go and, for the layout of the mails, Node.js
# must be on the machine; nothing is installed globally.

SHELL := /bin/bash
# An older go fetches the toolchain of go.mod.
export GOTOOLCHAIN := auto
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
.DEFAULT_GOAL := help
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 2s
# The race detector needs cgo and a C compiler; without one, tests run without it.
# What links the AWS Encryption SDK takes minutes to compile with it, and the CDK app
# ten times as long to run: `make race` is for the former. send-mail is tested
# with it as built without that SDK.
HEAVY := functions/send-mail|bench|local|local/cognito
# Some functions are built without what the settings have no use for.
FEWEST := minimal,oneclient,noaws
SMALLER := ./functions/send-mail ./functions/custom-message ./functions/pre-sign-up
RACE := $(shell [ "$$(go env CGO_ENABLED)" = 1 ] && command -v $$(go env CC) > /dev/null && echo -race)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## run everything on this machine: sign-up page, user pool, functions, mailbox
	@go build -o .build/poolpost-local ./local
	@exec .build/poolpost-local $(ARGS)

.PHONY: test
test: ## run all tests, most with the race detector
	@[ -n "$(RACE)" ] || echo "there is no C compiler: testing without the race detector"
	@command -v chromium > /dev/null || echo "there is no chromium: the tests in the browser are skipped"
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory node_modules; \
	else echo "there is no npm: axe-core does not look at the pages"; fi
	@[ -x .build/receiver/node_modules/.bin/aws-ses-v2-local ] || echo "there is no aws-ses-v2-local (make receiver): the test with another SES is skipped"
	go test $(RACE) $$(go list ./... | grep -vE '^poolpost/($(HEAVY)|infra)$$')
	go test $$(go list ./... | grep -E '^poolpost/($(HEAVY))$$')
	go test $(RACE) -tags $(FEWEST) $(SMALLER)
	@if command -v node > /dev/null || [ -n "$$CI" ]; then echo "go test ./infra"; go test ./infra; \
	else echo "there is no Node.js: the tests of the CDK app are skipped"; fi

.PHONY: race
race: ## run the tests that make test runs without the race detector with it
	go test -race -timeout 20m $$(go list ./... | grep -E '^poolpost/($(HEAVY))$$')

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (2s)
	@set -e; for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "fuzz $$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$package > /tmp/fuzz.$$$$ || { cat /tmp/fuzz.$$$$; exit 1; }; \
	    rm -f /tmp/fuzz.$$$$; \
	  done; \
	done

# AWS's runtime client for Node.js compiles itself when it is installed.
BENCH_NODE = .build/bench-node

$(BENCH_NODE)/ready: bench/node/package.json bench/node/package-lock.json
	@mkdir -p $(BENCH_NODE) && cp bench/node/package*.json $(BENCH_NODE)
	cd $(BENCH_NODE) && npm ci --no-audit --no-fund
	@touch $@

.PHONY: bench
bench: ## measure the functions against an empty one, and the way from a sign-up to its mail
	@if type node cmake autoreconf libtoolize &> /dev/null; then $(MAKE) --no-print-directory $(BENCH_NODE)/ready; \
	else echo "there is no node, cmake, autoconf or libtool: custom-message in Node.js is left out"; fi
	@node=$$(ls -d $(BENCH_NODE)/node_modules 2> /dev/null); go run ./bench -node "$$node" $(ARGS)
	go test -run '^$$' -bench SignUpToMailbox -benchtime 200x ./local
	go test -run '^$$' -bench . -benchmem ./internal/... ./functions/...

# Another SES, for a test of the local run: in a folder of its own.
.build/receiver/ready: local/receiver/package.json local/receiver/package-lock.json
	@mkdir -p .build/receiver && cp $^ .build/receiver/
	npm ci --prefix .build/receiver --no-audit --no-fund
	@touch $@

.PHONY: receiver
receiver: node .build/receiver/ready ## install aws-ses-v2-local, with which a test compares

.PHONY: soak
soak: ## confirm 10,000 people under each schedule of faults, and drain 10,000 mails at SES's rates (takes some minutes)
	@set -o pipefail; go test ./local -run TestNoMailIsLost -count=1 -v -timeout 40m -confirmations 10000 | grep -v '^20\|^=== '
	@set -o pipefail; go test ./functions/send-mail -run TestTheQueueDrainsAtTheRateOfSES -count=1 -v -mails 10000 | grep -v '^=== '

.PHONY: load
load: ## sign up 1,000 people, 1, 4 and 8 at once, in the local run
	@set -o pipefail; for n in 1 4 8; do go test ./local -run TestUnderLoad -count=1 -v -people 1000 -at-once $$n | grep 'load_test\|FAIL' | sed 's/.*load_test.go:[0-9]*: //'; done

.PHONY: lint
lint: ## check the formatting, vet and staticcheck
	@test -z "$$(gofmt -l bench frontend functions infra internal local)" || { gofmt -l bench frontend functions infra internal local; echo "run gofmt -w on these files"; exit 1; }
	go vet ./...
	go vet -tags $(FEWEST) $(SMALLER)
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags $(FEWEST) $(SMALLER)

.PHONY: templates
templates: node_modules ## write templates/layout.html from layout.mjml
	node templates/build.mjs

.PHONY: check-templates
check-templates: node_modules ## fail when templates/layout.html is out of date
	node templates/build.mjs --check

.PHONY: lint-messages
lint-messages: ## hold every message of the settings against Cognito's limits and the rules
	@go run ./infra/lint $(SETTINGS)

.PHONY: goldens
goldens: ## write the expected messages of the tests anew
	go test ./internal/compile -update

# The public list of disposable domains, in the order of its bytes, in which the
# function searches it. A list that does not pass the tests is not kept.
DISPOSABLE = https://raw.githubusercontent.com/disposable-email-domains/disposable-email-domains/main/disposable_email_blocklist.conf

.PHONY: update-lists
update-lists: ## fetch the newest list of disposable domains
	@set -o pipefail; cd internal/rules && cp disposable.txt disposable.txt.old && \
	if curl -fsSL --retry 2 $(DISPOSABLE) | tr 'A-Z' 'a-z' | LC_ALL=C sort -u > disposable.txt && go test -run 'Disposable|BehindTheAt' .; then \
	  rm disposable.txt.old; git diff --stat -- disposable.txt; echo "say in internal/rules/disposable.md of which day it is"; \
	else \
	  mv disposable.txt.old disposable.txt; echo "the list stays as it was"; exit 1; \
	fi

node_modules: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch node_modules

# The deployment: SETTINGS is the file, STAGE dev, prod or another name, STACK
# Pool or Identity.
SETTINGS ?= poolpost.yaml
STAGE ?= dev
STACK ?= Pool
CDK = node_modules/.bin/cdk
CDK_CONTEXT = -c settings=$(SETTINGS) -c stage=$(STAGE)

.PHONY: node
node:
	@command -v node > /dev/null || { echo "there is no Node.js: install version 22 or newer, which the CDK needs"; exit 1; }

.PHONY: bootstrap
bootstrap: node node_modules ## prepare an AWS account and region for the CDK, once
	$(CDK) bootstrap $(CDK_CONTEXT) $(ARGS)

.PHONY: synth
synth: node node_modules ## write the CloudFormation template to cdk.out
	$(CDK) synth --quiet $(CDK_CONTEXT) $(ARGS)

.PHONY: diff
diff: node node_modules ## compare the template with what is deployed
	$(CDK) diff $(STACK) $(CDK_CONTEXT) $(ARGS)

.PHONY: deploy
deploy: node node_modules ## create or change the pool and all around it on AWS
	$(CDK) deploy $(STACK) --outputs-file .build/$(STACK).json $(CDK_CONTEXT) $(ARGS)

.PHONY: deploy-identity
deploy-identity: ## create what SES sends as, which must be verified before the first deploy
	@$(MAKE) --no-print-directory deploy STACK=Identity

.PHONY: outputs
outputs: ## write amplify_outputs.json and .env.poolpost from the last deployment
	go run ./infra/outputs .build/Pool.json

.PHONY: dead-letters
dead-letters: ## list the mails that could not be sent, without personal data
	@go run ./infra/deadletters list .build/Pool.json

.PHONY: redrive
redrive: ## send the mails that could not be sent again, after an outage
	@go run ./infra/deadletters redrive .build/Pool.json

.PHONY: destroy
destroy: node node_modules ## delete the stack from AWS
	$(CDK) destroy $(STACK) $(CDK_CONTEXT) $(ARGS)

# The emulator and what asks it: Python 3.10 or newer with venv, in a folder of its own.
VENV = .build/venv

$(VENV)/ready: test/deploy/requirements.txt
	@python3 -c 'import ensurepip, sys; assert sys.version_info >= (3, 10)' 2> /dev/null || { echo "there is no Python 3.10 or newer with venv: install python3 and python3-venv"; exit 1; }
	@rm -rf $(VENV)
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r test/deploy/requirements.txt
	@touch $@

.PHONY: test-deploy
test-deploy: node node_modules $(VENV)/ready ## deploy to an AWS emulator on this machine, ask it what is there, destroy it
	@$(VENV)/bin/python -B -m pytest -q -s -p no:cacheprovider --basetemp .build/emulator test/deploy

.PHONY: screenshots
screenshots: ## take the README's pictures, and of all messages into .build/gallery (needs chromium)
	go test ./local -run 'TestScreenshots|TestGallery' -count=1 -screenshots ../docs/images -gallery ../.build/gallery

.PHONY: clean
clean: ## remove what was built
	rm -rf .build node_modules

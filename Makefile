# packctl's development. `make help` lists what there is; everything is quick when it has been done before.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/bin:$(PATH):/usr/sbin:/sbin
# A release is built with VERSION=1.2.3; without it programs call themselves "devel" and run the images tagged dev.
VERSION ?=
LDFLAGS := -s -w $(if $(VERSION),-X github.com/packctl/packctl/internal/cli.version=$(VERSION))
# Nomad's containers need root: the one place where make uses it, beside setup.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=HOME,PATH,XDG_STATE_HOME)
# The packages that hold tests of a kind.
tagged = $(shell grep -rlE --include='*_test.go' '^//go:build (e2e && )?$(1)$$' . | grep -v '^./bin/' | xargs -rn1 dirname | sort -u)
step = @printf '\033[1m== %s\033[0m\n' "$(1)" >&2

##@ The demonstration

# The pack that is demonstrated, where its application's source is, and the images it runs.
PACK            ?= appstack
demo_packs      := appstack enstore
source_appstack := examples/enabledrm
source_enstore  := examples/enstore
images_appstack := pause sidecar postgres redis nginx mail enabledrm-backend enabledrm-frontend enabledrm-web
images_enstore  := pause sidecar mysql redis nginx phpmyadmin enstore-backend enstore-supplier enstore-frontend

.PHONY: demo
demo: ## Bring up a pack on real agents and print where to look (PACK=appstack, or enstore)
	@$(if $(filter $(PACK),$(demo_packs)),,echo "demo: error: there is no demonstration of the pack \`$(PACK)\`: PACK is one of: $(demo_packs)" >&2; exit 1)
	@$(MAKE) setup build
	@$(MAKE) images IMAGES="$(images_$(PACK))"
	$(call step,starting Nomad and Consul)
	@$(AS_ROOT) bin/packctl dev up
	$(call step,packctl run $(PACK) -var env=dev)
	@bin/packctl run $(PACK) -var env=dev -var source_dir=$(CURDIR)/$(source_$(PACK))
	@scripts/show-demo.sh $(PACK)

.PHONY: clean-demo
clean-demo: ## Stop the demonstration and the agents; nothing of them is left running (data: make purge-demo)
	@if [ -x bin/packctl ]; then \
		if bin/packctl dev status >/dev/null 2>&1; then for pack in $(demo_packs); do bin/nomad job status $$pack-data >/dev/null 2>&1 && bin/packctl stop $$pack || true; done; fi; \
		$(AS_ROOT) bin/packctl dev down; \
	fi
	@scripts/setup-docker.sh stop

.PHONY: purge-demo
purge-demo: clean-demo ## clean-demo, and remove the demonstration's data too
	@if [ -x bin/packctl ]; then $(AS_ROOT) bin/packctl dev down --purge; fi

##@ Building

.PHONY: setup
setup: ## Install what is missing with apt-get, start Docker where it does not run
	@scripts/setup.sh demo

.PHONY: setup-test
setup-test:
	@scripts/setup.sh test

.PHONY: build
build: tools programs ## Build packctl, the sidecar, and the pinned Nomad and Consul into bin/

.PHONY: programs
programs:
	@mkdir -p bin
	@CGO_ENABLED=0 go build -ldflags '$(LDFLAGS)' -o bin/packctl ./cmd/packctl
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w $(if $(VERSION),-X main.version=$(VERSION))' -o bin/sidecar ./cmd/sidecar
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/pause ./images/pause
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/hello ./examples/hello
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/enstore-supplier ./examples/enstore/supplier

.PHONY: tools
tools: ## Build the pinned Nomad and Consul, or take newer ones from PATH
	@scripts/build-agents.sh

.PHONY: images
images: programs ## Build the images whose inputs changed (IMAGES="nginx redis" for some)
	@scripts/build-images.sh $(IMAGES)

##@ Tests

.PHONY: test
test: unit fuzz integration e2e ## unit, fuzz, integration and e2e

.PHONY: unit
unit: ## Tests that need neither root nor servers
	$(call step,unit tests)
	@go test ./...

# How long make fuzz takes, half of it for each target; make soak takes ten times as long.
FUZZ_SECONDS ?= 60

.PHONY: fuzz
fuzz: ## Fuzz the rendering of expressions and job files against Nomad's parser (FUZZ_SECONDS=60)
	$(call step,fuzzing the rendering)
	@for target in FuzzExpression FuzzJob; do \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $$(($(FUZZ_SECONDS) / 2))s -fuzzminimizetime 20x ./hcl/jobspec; \
	done

.PHONY: integration
integration: setup-test tools ## Tests with one real server at a time
	$(call step,integration tests)
	@go test -count=1 -tags integration -timeout 20m $(call tagged,integration)

.PHONY: e2e
e2e: setup-test build images ## Tests with real agents and real containers
	$(call step,end-to-end tests)
	@go test -count=1 -p 1 -tags e2e -timeout 45m $(call tagged,e2e)

.PHONY: soak
soak: setup-test build images ## Long forms of the tests: a run killed at every request, each tier of enstore under load
	@$(MAKE) fuzz FUZZ_SECONDS=600
	$(call step,soak tests)
	@go test -count=1 -p 1 -v -tags e2e,soak -run Soak -timeout 4h $(call tagged,soak)

.PHONY: mutation
mutation: ## Change 2,000 single characters of the packs, and list what validate does not notice
	$(call step,mutation test of packctl validate)
	@go run ./tools/mutation

.PHONY: bench
bench: tools ## What packctl takes beside Nomad's parser alone, and plan and run beside Nomad's API (docs/performance.md)
	@go run ./bench
	@go test -count=1 -v -tags bench -run TestClusterOverhead ./bench

##@ Checks

.PHONY: check
check: ## Format, vet, lint, import rules, generated files, shell scripts, known vulnerabilities
	@scripts/check.sh

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Everything a developer does. `make` alone prints the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
IMAGE    ?= localhost/batch-job-controller:dev
REPOSITORY ?= ghcr.io/batch-job-controller/batch-job-controller
KIND_CLUSTER ?= batch-job-controller
KIND_VERSION := v0.33.0
KIND_ENV = E2E_PROVIDER=kind E2E_CLUSTER=$(KIND_CLUSTER)
BIN      := bin
GOTAGS   := nomsgpack
FUZZTIME ?= 1m
SOAK_KILLS ?= 1000
SOAK_SITES ?= 3
SEEDS    ?= 10000
GOBUILD  := CGO_ENABLED=0 go build -trimpath -tags $(GOTAGS) -ldflags "-s -w"

##@ First steps

.PHONY: help
help: ## Print this help
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} /^[a-z0-9-]+:.*##/ {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Start a local cluster of three nodes, run one execution, show its results
	go run ./e2e/cmd/demo

.PHONY: test
test: ## Run all test tiers that this machine supports, and list the others
	go run ./e2e/cmd/tiers

##@ Development

.PHONY: build
build: ## Build the server and kubectl-batchjob into bin/
	$(GOBUILD) -o $(BIN)/ ./cmd/batch-job-controller ./cmd/kubectl-batchjob

.PHONY: check
check: ## Run the fast checks: formatting, vet, tidy, unit tests under the race detector
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go mod tidy -diff
	go vet -tags e2e ./...
	go test -race -timeout 30m ./...

.PHONY: lint
lint: ## Run golangci-lint (builds it the first time)
	go tool -modfile=e2e/tools/lint/go.mod golangci-lint run ./...

.PHONY: generate
generate: ## Generate the custom resource definitions, and the copy methods of their types
	go run -C e2e/tools/crd .

.PHONY: golden
golden: ## Rewrite the golden files
	go test ./callback/web ./cmd/app/flags ./cmd/batchjob/install ./cmd/batchjob/watch ./cmd/validate ./controller/config ./controller/jobspec ./controller/metrics ./controller/record ./manifests -update

.PHONY: cover
cover: ## Print the statement coverage of controller/... and callback/...
	@mkdir -p $(BIN)
	go test -coverprofile=$(BIN)/cover.out -coverpkg=./controller/...,./callback/... ./controller/... ./callback/... ./cmd/...
	go tool cover -func=$(BIN)/cover.out | tail -1

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZTIME each
	go run ./e2e/cmd/fuzz -time $(FUZZTIME) ./controller/... ./callback/...

.PHONY: simulate
simulate: ## Simulate several replicas under random faults, with SEEDS seeds
	go test -count=1 -v -timeout 30m ./controller/simulation -run TestSimulation -seeds $(SEEDS)

.PHONY: bench
bench: ## Time an execution over 500 simulated nodes, a bare loop and an Indexed Job
	go test -tags e2e -run '^$$' -bench . -skip '^BenchmarkOpen$$' -benchtime 1x -timeout 20m ./e2e/bench

.PHONY: bench-open
bench-open: ## Time how long an execution over 15,000 nodes takes to its first Job
	go test -tags e2e -run '^$$' -bench '^BenchmarkOpen$$' -benchtime 1x -timeout 20m ./e2e/bench

.PHONY: soak
soak: ## Kill SOAK_KILLS leaders at random times, on SOAK_SITES concurrent sites
	SOAK_KILLS=$(SOAK_KILLS) SOAK_SITES=$(SOAK_SITES) go test -tags e2e -count=1 -v -timeout 3h -parallel $$(($(SOAK_SITES) + 1)) \
		-run TestNothingIsLostWhenLeadersAreKilledAtRandom ./e2e/api

##@ Cluster

.PHONY: cluster
cluster: ## Start a local cluster of three real nodes, without Docker
	go run ./e2e/cmd/cluster up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster
	go run ./e2e/cmd/cluster down

##@ kind (needs Docker)

.PHONY: kind-install
kind-install: ## Install the command kind with Go
	go install sigs.k8s.io/kind@$(KIND_VERSION)

.PHONY: kind-up
kind-up: ## Start a kind cluster of three workers, unless it runs
	@command -v kind >/dev/null && command -v docker >/dev/null || { echo "this machine lacks kind or docker: make kind-install installs kind"; exit 1; }
	kind get clusters | grep -qx $(KIND_CLUSTER) || kind create cluster --name $(KIND_CLUSTER) --config hack/kind.yaml --wait 3m

.PHONY: kind-demo
kind-demo: ## Run one execution on the kind cluster, and show its results
	$(KIND_ENV) go run ./e2e/cmd/demo

.PHONY: kind-e2e
kind-e2e: ## Run the e2e tests on the kind cluster
	$(KIND_ENV) go test -tags e2e -count=1 -v -timeout 60m ./e2e/suite/...

.PHONY: kind-down
kind-down: ## Delete the kind cluster
	kind delete cluster --name $(KIND_CLUSTER)

##@ Release

.PHONY: image
image: build ## Build the image as dist/image.tar, without a Docker daemon
	@mkdir -p dist
	cd e2e/tools/image && go run . -o $(CURDIR)/dist/image.tar -tag $(IMAGE) -binary $(CURDIR)/$(BIN)/batch-job-controller

.PHONY: release
release: ## Build the release VERSION, such as v1.2.3, of the last commit in dist/
	rm -rf dist
	go run ./e2e/cmd/release -version $(VERSION) -repository $(REPOSITORY) -o dist

.PHONY: release-test
release-test: ## Build a release of the last commit twice, and compare
	go test -tags e2e -count=1 -v -timeout 60m ./e2e/cmd/release

.PHONY: publish
publish: ## Build the release VERSION, push its image to REPOSITORY and the rest to GitHub
	rm -rf dist
	go run ./e2e/cmd/release -version $(VERSION) -repository $(REPOSITORY) -o dist -push
	gh release create $(VERSION) --verify-tag --title $(VERSION) --notes "What is new: CHANGELOG.md" dist/*

.PHONY: clean
clean: ## Remove the build output
	rm -rf $(BIN) dist

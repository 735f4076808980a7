# Everything a developer does. `make` alone prints the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
IMAGE    ?= localhost/batch-job-controller:dev
BIN      := bin
GOTAGS   := nomsgpack
FUZZTIME ?= 1m
GOBUILD  := CGO_ENABLED=0 go build -trimpath -tags $(GOTAGS) -ldflags "-s -w"

##@ First steps

.PHONY: help
help: ## Print this help
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} /^[a-z0-9-]+:.*##/ {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Start a local cluster of three nodes, run one execution, show what came back
	go run ./e2e/cmd/demo

.PHONY: test
test: ## Run all tiers of tests this machine can run, and name the ones it cannot
	go run ./e2e/cmd/tiers

##@ Development

.PHONY: build
build: ## Build the server into bin/
	$(GOBUILD) -o $(BIN)/ ./cmd/batch-job-controller

.PHONY: check
check: ## The fast checks: formatting, vet, tidy, unit tests under the race detector
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go mod tidy -diff
	go vet -tags e2e ./...
	go test -race ./...

.PHONY: lint
lint: ## Run golangci-lint (builds it the first time)
	go tool -modfile=e2e/tools/lint/go.mod golangci-lint run ./...

.PHONY: golden
golden: ## Rewrite the golden files
	go test ./controller/jobspec ./controller/metrics ./manifests -update

.PHONY: cover
cover: ## Statement coverage of controller/... and callback/...
	@mkdir -p $(BIN)
	go test -coverprofile=$(BIN)/cover.out -coverpkg=./controller/...,./callback/... ./controller/... ./callback/... ./cmd/...
	go tool cover -func=$(BIN)/cover.out | tail -1

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZTIME each
	@for package in $$(go list ./controller/... ./callback/...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$target of $$package"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

.PHONY: bench
bench: ## Time an execution over 500 simulated nodes against the floor and a native Job
	go test -tags e2e -run '^$$' -bench . -benchtime 1x -timeout 20m ./e2e/bench

##@ Cluster

.PHONY: cluster
cluster: ## Start a local cluster of three real nodes, without Docker
	go run ./e2e/cmd/cluster up

.PHONY: cluster-down
cluster-down: ## Stop it
	go run ./e2e/cmd/cluster down

##@ Release

.PHONY: image
image: build ## Build the image as dist/image.tar, without a Docker daemon
	@mkdir -p dist
	cd e2e/tools/image && go run . -o $(CURDIR)/dist/image.tar -tag $(IMAGE) -binary $(CURDIR)/$(BIN)/batch-job-controller

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(BIN) dist

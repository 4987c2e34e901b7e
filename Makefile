# Every target does its own set-up; long steps are cached by version outside the work tree.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
UV_VERSION := 0.13.8
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
RPC := server/src/modelyard_server/rpc
# Unit tests on several processors at once; the groups are made in tests/conftest.py.
PYTEST := $(BIN)/pytest --numprocesses logical --maxprocesses 4 --dist loadgroup --no-loadscope-reorder
PACKAGES := -e operator -e server -e cli -e devcluster

##@ Use
demo: setup ## Start a cluster, install Modelyard, apply the sentiment example and ask it three things
	@$(BIN)/python -m demo up

demo-rollout: setup ## Roll a good candidate out step by step under load, and see a worse one turned away
	@$(BIN)/python -m demo rollout

demo-down: setup ## Remove what `make demo` made, the embedded cluster included
	@$(BIN)/python -m demo down

##@ Work on it
test: setup ahead lint images ## What every change must pass: lint, unit, integration and end to end
	@$(PYTEST)

unit: setup ## The tests that need no cluster
	@$(PYTEST) -m "not integration and not e2e"

soak: setup ## The long forms: many rollouts, many requests
	@$(BIN)/pytest -m soak --soak

bench: setup ## Measure; one line a goal, and the same as JSON in results/
	@$(BIN)/python -m benchmarks

lint: setup ## Format, lint, types, layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Format, and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# The programs that tests run are built beside what comes before those tests, for as long as this make runs.
ahead: setup
	@mkdir -p build
	@$(BIN)/python -m tests.ahead $$PPID > build/ahead.log 2>&1 < /dev/null &

images: setup ## Build the images with docker, podman or buildah
	@$(BIN)/python -m images build
	@$(BIN)/python -m images sizes

image-openvino: setup ## Build the variant of the server image that has OpenVINO
	@$(BIN)/python -m images build server-openvino
	@$(BIN)/python -m images sizes server-openvino

manifests: setup ## Write CRD, RBAC, the reference of the resource and the schema of modelyard.json from the code
	@$(BIN)/python -m modelyard_operator.manifests --out k8s
	@$(BIN)/python -m charts
	@$(BIN)/python -m modelyard_operator.reference docs/modeldeployment.md
	@$(BIN)/python -m modelyard_server.artifact.schema docs/modelyard.schema.json

dashboards: setup ## Write the dashboards and the rules for the Prometheus operator from their sources, for the chart too
	@$(BIN)/python -m grafana
	@$(BIN)/python -m monitoring
	@$(BIN)/python -m charts

docs: setup ## Build the documentation site into site/; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build -q
	@echo "to read it: .venv/bin/python -m http.server -d site -b 127.0.0.1 8000, then http://127.0.0.1:8000"

stubs: setup ## Make the gRPC messages from their .proto
	@$(UV) run -q --no-project --isolated --python $(BIN)/python --with grpcio-tools==1.85.1 \
	    python -m grpc_tools.protoc -I$(RPC) --python_out=$(RPC) --pyi_out=$(RPC) open_inference.proto

lock: ## Pin every dependency anew
	@$(UV) lock --upgrade
	@$(UV) export -q --all-packages --no-emit-workspace --no-header --no-annotate > requirements.lock
	@for part in server operator; do $(UV) export -q --package modelyard-$$part --no-dev --no-emit-workspace \
	    --no-header --no-annotate > $$part/requirements.lock; done
	@$(UV) export -q --package modelyard-server --extra openvino --no-dev --no-emit-workspace \
	    --no-header --no-annotate > server/requirements-openvino.lock

##@ Set-up
setup: .venv/.ready ## A virtual environment with everything pinned

.venv/.ready: requirements.lock pyproject.toml $(wildcard */pyproject.toml) | $(UV)
	@echo "setting up .venv from requirements.lock"
	@$(UV) venv -q --allow-existing --python '>=3.11' .venv
	@$(UV) pip sync -q --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES)
	@touch $@

.tools/bin/uv:
	@python3 -m venv .tools 2>/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	    && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null && python3 -m venv --clear .tools; } \
	    || { echo "python3 with venv is missing: install python3-venv" >&2; exit 1; }
	@.tools/bin/pip install -q uv==$(UV_VERSION)

clean: ## Forget what set-up made here
	@rm -rf .venv .tools build results site

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: ahead dashboards docs demo demo-down test unit soak bench lint format images image-openvino manifests stubs lock setup clean help

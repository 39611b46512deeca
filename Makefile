# Two commands on a fresh machine: `make demo`, `make test`.
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.dev-installed
RUN := $(VENV)/.installed

.PHONY: demo test check lock interop bench drill clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("cordboard needs Python 3.11 or later; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python requirements.lock pyproject.toml
	@echo "installing cordboard and its locked dependencies into $(VENV)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUN) requirements-dev.lock
	@echo "installing the development extras"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(RUN)
	@$(BIN)/cordboard demo

# Foreign programs and drills are long runs of their own.
test: $(DEV)
	@scripts/install-system-packages tests
	@$(BIN)/pytest -n $(WORKERS) --ignore=tests/interop --ignore=tests/drill

check: $(DEV)
	@$(BIN)/ruff format --check src tests examples bench scripts
	@$(BIN)/ruff check src tests examples bench scripts
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lock:
	@scripts/lock

interop: $(DEV)
	@scripts/install-system-packages interop
	@scripts/install-foreign
	@CORDBOARD_INTEROP=1 $(BIN)/pytest tests/interop

bench: $(RUN)
	@scripts/install-system-packages bench
	@bench/run

drill: $(DEV)
	@scripts/install-system-packages drill
	@CORDBOARD_DRILL=1 $(BIN)/pytest tests/drill

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

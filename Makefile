# Needs make and Python 3.11 or newer. `make run` and `make test` set up what they need in .venv.
# PYTHON=/path/to/python chooses the interpreter; HOME_DIR=… the home that `make run` uses.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
HOME_DIR ?= .home
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: help run test fmt check-fmt lint types contracts unit component system real systemd bench clean

help:
	@echo 'make run     set up, and run the daemon with the example providers (Ctrl-C stops it)'
	@echo 'make test    set up, and run every check'
	@echo 'one by one:  fmt check-fmt lint types contracts unit component system real bench clean'

$(READY): pyproject.toml
	@python=; for candidate in $(or $(PYTHON),$(CANDIDATES)); do \
		if "$$candidate" -c '$(IS_NEW_ENOUGH)' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo 'Python 3.11 or newer is needed; name it with PYTHON=' >&2; exit 1; fi; \
	echo "setting up $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# The home has symlinks to the examples, so an edit of an example's program counts at its next start.
run: $(READY)
	@mkdir -p $(HOME_DIR)/providers
	@for folder in examples/providers/*/; do \
		ln -sfn "$(CURDIR)/$${folder%/}" $(HOME_DIR)/providers/; \
	done
	@echo 'home: $(abspath $(HOME_DIR))   ask it from another terminal:'
	@echo '  $(BIN)/rtm --home $(HOME_DIR) list'
	@exec $(BIN)/runtime-manager serve --home $(HOME_DIR) $(SERVE_ARGS)

test: check-fmt lint types contracts unit component system

fmt: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check-fmt: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

# The pure floors, every branch of them.
unit: $(READY)
	$(BIN)/pytest tests/unit --cov=runtime_manager.model --cov=runtime_manager.lifecycle \
		--cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

# Real processes and sockets.
component: $(READY)
	$(BIN)/pytest tests/component

# The daemon as a child; programs from PyPI too, kept in .real-programs.
system: $(READY)
	$(BIN)/pytest tests/system

real: $(READY)
	$(BIN)/pytest tests/system -m real

# A Debian with systemd, booted in a folder: root, mmdebstrap and systemd-container are needed.
systemd: $(READY)
	$(BIN)/pytest tests/system/systemd -m systemd -s

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .real-programs .home build dist *.egg-info htmlcov .coverage .coverage.*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Everything a newcomer, a developer and CI need. Each target makes the environment when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow test-browser check bench format environment

demo: $(VENV)/demo.stamp
	@$(BIN)/python -m pipelines.sentiment demo
	@echo "  (once in each terminal, before any of these: . $(BIN)/activate)"

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest

# The tests marked slow. `pytest -m hypothesis --hypothesis-profile thorough` tries more examples.
test-slow: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m slow --hypothesis-profile thorough

# The server's page in the system's Chromium: the one that CHROMIUM names, or that is on PATH.
test-browser: $(VENV)/browser.stamp
	$(BIN)/python -m pytest -m browser -n 0 tests/browser

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/bench.stamp
	$(BIN)/python -m benchmarks.speed.classifier

environment: $(VENV)/dev.stamp

# The demo needs the toolkit alone; tests and checks need the `dev` extra; tests in a browser need
# what drives it; benchmarks need PyTorch.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed (this is %d.%d): make PYTHON=python3.12 ..." % v[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

$(VENV)/browser.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev,browser]"
	@touch $@

$(VENV)/bench.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[bench]"
	@touch $@

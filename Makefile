# One word for each thing that one does here. Needs Python >= 3.11 and make; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
COMPILE := build/pip-tools/bin/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --annotation-style line \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --build-deps-for wheel --build-deps-for editable

# Commands that tests and demonstrations start would compile all that they import anew, each of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo demo-service test chromium test-properties test-engines test-system test-slow check-fast check types style docs bench accuracy bench-accuracy bench-full requirements clean

help:
	@echo "make demo          the whole story in a minute, on real patients' data"
	@echo "make demo-service  a server and two agents, three processes, on the same data"
	@echo "make test          all tests but the slow ones, in three processes (test-properties, test-engines, test-system)"
	@echo "make test-slow     the slow ones"
	@echo "make check-fast    linters, types, layers and unit tests"
	@echo "make check         linters, format, types, layers and documentation"
	@echo "make docs          the documentation, in build/docs"
	@echo "make bench         speed and memory (up to 10 minutes)"
	@echo "make bench-full    all at full size, beside peers; bench-accuracy: errors alone"
	@echo "make requirements  pin all dependencies again"
	@echo "make clean         remove all that make made"

demo: .venv/core.stamp
	@$(BIN)/stillroom demo

demo-service: .venv/core.stamp
	@$(BIN)/stillroom demo service

test: .venv/dev.stamp chromium
	@$(MAKE) --no-print-directory -j3 test-properties test-engines test-system

# Three processes for two cores: those of a system often wait for each other, and keep no core busy.
test-properties: .venv/dev.stamp
	$(BIN)/python -m pytest tests/property tests/conformance tests/agent_pages docs

test-engines: .venv/dev.stamp
	$(BIN)/python -m pytest tests/engines tests/unit tests/attack

test-system: .venv/dev.stamp
	$(BIN)/python -m pytest --ignore=tests/property --ignore=tests/conformance --ignore=tests/agent_pages --ignore=docs --ignore=tests/engines --ignore=tests/unit --ignore=tests/attack

# The tests of pages are people in front of a browser.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing Chromium, for the tests of pages ..."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
		else \
			echo "The tests of pages need Chromium. Install it (on Debian: sudo apt-get install chromium), then run this again." >&2; exit 1; \
		fi; }

test-slow: .venv/dev.stamp
	$(BIN)/python -m pytest -m slow

check-fast: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/unit

check: .venv/dev.stamp
	@$(MAKE) --no-print-directory -j2 docs types style

types: .venv/dev.stamp
	$(BIN)/mypy

style: .venv/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

docs: .venv/dev.stamp
	$(BIN)/python -m scripts.sql_reference --check
	$(BIN)/sphinx-build -W --keep-going -q -b html docs build/docs

bench: .venv/dev.stamp
	$(BIN)/python -m bench $(filter accuracy,$(MAKECMDGOALS))

# `make bench accuracy` and `make bench-accuracy` are the same.
accuracy: bench
	@:

bench-accuracy: .venv/dev.stamp
	$(BIN)/python -m bench accuracy

bench-full: .venv/dev.stamp
	$(BIN)/python -m bench --full

requirements: .venv/created.stamp
	$(BIN)/python -m venv build/pip-tools
	build/pip-tools/bin/python -m pip install --quiet 'pip-tools>=7.6,<8'
	CUSTOM_COMPILE_COMMAND="make requirements" $(COMPILE) --output-file requirements/core.txt pyproject.toml
	CUSTOM_COMPILE_COMMAND="make requirements" $(COMPILE) --all-extras --constraint requirements/core.txt --constraint requirements/limits.in --output-file requirements/dev.txt pyproject.toml

clean:
	rm -rf .venv build dist spark-warehouse .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bench docs src tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/created.stamp:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python demo" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Stillroom needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 demo" >&2; exit 1; }
	@echo "Making .venv ..."
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/core.stamp: requirements/core.txt pyproject.toml .venv/created.stamp
	@echo "Installing what Stillroom needs ..."
	@$(PIP) --require-hashes --requirement requirements/core.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/core.stamp
	@echo "Installing what its developers need ..."
	@$(PIP) --require-hashes --requirement requirements/dev.txt
	@touch $@

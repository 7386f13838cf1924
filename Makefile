# Every target works on a fresh machine with Python 3.11+, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
ifneq ($(wildcard ../shared/data),)
export STILLWATCH_DATA ?= ../shared/data
endif

.PHONY: demo test test-slow check bench bench-detection docs readme lock clean

$(VENV)/base.stamp: requirements/base.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x "$(UV)" || $(BIN)/python -m pip install --quiet uv
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirements requirements/base.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/base.stamp
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirements requirements/dev.lock
	touch $@

demo: $(VENV)/base.stamp
	$(BIN)/stillwatch demo --out demo

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 -m slow --hypothesis-profile fuzz

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --quiet --site-dir build/site

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

bench-detection: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks detection $(if $(SIZE),--size $(SIZE))

docs: $(VENV)/dev.stamp
	$(BIN)/mkdocs serve

readme: $(VENV)/dev.stamp
	$(BIN)/python scripts/readme.py $(if $(TESTS),--tests)

lock: $(VENV)/base.stamp
	$(UV) pip compile pyproject.toml --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 --output-file requirements/base.lock
	$(UV) pip compile pyproject.toml --quiet --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 --group dev --output-file requirements/dev.lock

clean:
	rm -rf $(VENV) build site demo

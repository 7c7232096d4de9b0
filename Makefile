# `make demo` and `make test` need Python 3.11 or newer, and no root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_ARGS = $(if $(SOURCE),--from $(SOURCE)) $(if $(LIMIT),--limit $(LIMIT)) $(if $(BUGS),--bugs $(BUGS))

.PHONY: demo test crash-points state-machine soak check lint types layers wheel examples docs losses screenshots benchmarks clean

demo: $(VENV)/.demo  ## a made-up project into both trackers: SOURCE=launchpad:PROJECT LIMIT=200
	@$(BIN)/tracker-migrate demo demo $(DEMO_ARGS)

test: $(VENV)/.test  ## every test, without root
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

state-machine: $(VENV)/.test  ## changes, people, faults, commands in any order: STEPS=… MINUTES=… SEED=…
	STEPS=$(STEPS) MINUTES=$(MINUTES) SEED=$(SEED) $(BIN)/python -m tests.state_machine

soak: $(VENV)/.test  ## a day of sync in minutes, with changes, people, faults and deaths: SEED=… HOURS=… BUGS=…
	SEED=$(SEED) HOURS=$(HOURS) BUGS=$(BUGS) $(BIN)/python -m tests.soak

crash-points: $(VENV)/.test  ## killed at every request and every commit, of every kind of step
	$(BIN)/python -m tests.crash_points

check: lint types layers  ## what CI checks besides the tests

lint: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.check
	$(BIN)/mypy

layers: $(VENV)/.check
	$(BIN)/lint-imports

examples: $(VENV)/.test  ## every script of examples/, every code block and walk of the documents
	$(BIN)/python -m pytest -q tests/examples tests/docs

docs: $(VENV)/.docs  ## the documentation, without a warning: build/docs/index.html
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "look at: build/docs/index.html"

losses: $(VENV)/.demo  ## what becomes of every field, a page for each target: build/losses-*.md
	@mkdir -p build
	$(BIN)/tracker-migrate losses --as storyboard --markdown > build/losses-storyboard.md
	$(BIN)/tracker-migrate losses --as maniphest --markdown > build/losses-maniphest.md

screenshots: $(VENV)/.test  ## every page in a browser without a network: build/screenshots, DOCS=1
	$(BIN)/python -m tests.screenshots $(if $(DOCS),--docs)

benchmarks: $(VENV)/.test
	$(BIN)/python -m benchmarks

wheel: $(VENV)/.check
	rm -rf dist build
	$(BIN)/python -m build --outdir dist .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: setup.cfg | $(VENV)/bin/python
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,postgres]"
	@touch $@

$(VENV)/.check: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,postgres,check]"
	@touch $@

$(VENV)/.docs: setup.cfg | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	@touch $@

clean:
	rm -rf $(VENV) build dist demo *.egg-info

# Every target but `setup` and `help` depends on setup; a second run starts in seconds.
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
SEEDS ?= 5
LESSONS ?=
export OMP_NUM_THREADS ?= 1
# the python3 that makes .venv: the newest of these that is there, unless PYTHON names one
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=120 --nbval-sanitize-with tests/nbval.cfg -p no:cacheprovider

.PHONY: help setup lab test test-fast build claims bench browser lint format progress doctor clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## make .venv and install the course with the versions of constraints.txt

$(VENV)/.ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer was found: install one, or run make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: on Debian or Ubuntu install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

lab: setup  ## open the course: JupyterLab at your first unfinished lesson, in work/
	@OMP_NUM_THREADS= $(BIN)/lstmkit lab $(if $(FRESH),--fresh $(FRESH)) -- $(OPTIONS)

test: setup lint  ## everything: unit tests, then every cell of both folders compared with its stored output
	$(BIN)/python -m pytest tests -n 2
	$(BIN)/python -m pytest $(NBVAL) -n 2 --dist loadscope lessons solutions

test-fast: setup lint  ## unit tests without the slow ones, lint and staleness; under a minute
	$(BIN)/python -m pytest tests -n 2 -m "not slow" -q

build: setup  ## make and execute the notebooks from solutions/*.py (LESSONS="04 05" for some)
	$(BIN)/lstmkit build $(LESSONS)

claims: setup  ## does every claim hold on SEEDS=5 seeds? (LESSONS="04 05" for some)
	$(BIN)/lstmkit claims $(LESSONS) --seeds $(SEEDS)

bench: setup  ## speed, as ratios measured side by side in one run
	$(BIN)/python -m tests.bench

browser: setup  ## a person's first minutes in a real browser (needs Chromium; CHROMIUM=/path)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	$(BIN)/python -m tests.browser.check_lab

progress: setup  ## your exercises: ✓ ✗ ○, and what comes next
	@$(BIN)/lstmkit progress

doctor: setup  ## is this machine ready?
	@$(BIN)/lstmkit doctor

lint: setup  ## ruff: lint and format check
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }

format: setup  ## ruff: mend what it can
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean:  ## remove .venv and caches; never work/
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info

# Two environments in one folder: the learner's ($(VENV)/.lab), and the developer's, which has more ($(VENV)/.ready, `setup`).
# Every target depends on one of them; a second run starts in seconds.
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
WHEELS ?=
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
  $(if $(WHEELS),--no-index -f "$(if $(filter /%,$(WHEELS)),,$(CURDIR)/)$(WHEELS)") -c constraints.txt -e
LSTMKIT := $(BIN)/python -m lstmkit.course

# The parts of a test run. Each runs even when one before it is red; all are told at the end; the worst status is the answer.
lint = $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }
units = $(BIN)/python -m pytest tests -n 2
fast = $(units) -m "not slow" -q
notebooks = $(BIN)/python -m pytest $(NBVAL) -n 2 --dist loadscope lessons solutions
begin = trap 'exit 130' INT TERM; worst=0; told=;
part = ( $(2) ); status=$$?; [ $$status -le $$worst ] || worst=$$status; \
  if [ $$status -eq 0 ]; then mark=✓; else mark="✗ (status $$status)"; fi; told="$$told\n$(1) $$mark";
end = printf "$$told\n"; exit $$worst
# other processors, as far as this one can play them; and two threads
ARITHMETIC ?= MKL_CBWR=COMPATIBLE MKL_ENABLE_INSTRUCTIONS=AVX2 MKL_ENABLE_INSTRUCTIONS=SSE4_2 \
  ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 TEST_THREADS=2

.PHONY: help setup lab test test-fast test-arithmetic build claims book slides bench browser hub lint format wheels progress doctor clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-15s %s\n", $$1, $$2}'

setup: $(VENV)/.ready  ## make .venv and install everything, with the versions of constraints.txt

# A .venv of this folder that was moved here or copied, or whose Python is gone or is another one now, is made anew, whatever is asked.
STALE := $(if $(filter file,$(origin VENV)),$(if $(wildcard $(VENV)/pyvenv.cfg),$(if $(wildcard $(VENV)/.lab),$(shell \
  $(BIN)/python -I -c 'import importlib.util, os, sys; sys.exit(not os.path.samefile(importlib.util.find_spec("lstmkit").origin, sys.argv[1]))' \
  "$(CURDIR)/lstmkit/__init__.py" 2>/dev/null || echo moved))))
.PHONY: moved
moved:
	@echo "the environment in $(VENV) was made in another folder or for another Python: making it anew (work/ stays as it is)"
	@rm -rf $(VENV)

$(VENV)/.lab: pyproject.toml constraints.txt $(STALE)
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer was found: install one, or run make PYTHON=/path/to/python3"; exit 1; }
	@drop() { test ! -e $(VENV)/pyvenv.cfg || rm -rf $(VENV); }; \
	$(BIN)/python -c '' 2>/dev/null || { drop; $(PYTHON) -m venv $(VENV); } || \
	  { drop; echo "$(PYTHON) cannot make a virtual environment: on Debian or Ubuntu install python3-venv"; exit 1; }
	@echo "installing the course in $(VENV): once, a minute or more"
	@begun=$$(date +%s); $(INSTALL) '.[course]' && echo $$(( $$(date +%s) - begun )) > $@

$(VENV)/.ready: $(VENV)/.lab
	$(INSTALL) '.[dev]'
	@touch $@

lab: $(VENV)/.lab  ## open the course: JupyterLab at your first unfinished lesson, in work/
	@OMP_NUM_THREADS= $(LSTMKIT) lab $(if $(FRESH),--fresh $(FRESH)) -- $(OPTIONS)

test: setup  ## everything: lint, unit tests, every cell of both folders compared with its stored output
	@$(begin) $(call part,lint,$(lint)) $(call part,units,$(units)) $(call part,notebooks,$(notebooks)) $(end)

test-fast: setup  ## lint, unit tests without the slow ones, staleness; about a minute
	@$(begin) $(call part,lint,$(lint)) $(call part,units,$(fast)) $(end)

test-arithmetic: setup  ## the unit tests as other processors would compute them, one after the other
	@$(begin) $(foreach setting,$(ARITHMETIC),$(call part,$(setting),$(setting) $(fast))) $(end)

build: setup  ## make and execute the notebooks from solutions/*.py (LESSONS="04 05" for some)
	$(LSTMKIT) build $(LESSONS)

claims: setup  ## does every claim hold on SEEDS=5 seeds? (LESSONS="04 05" for some)
	$(LSTMKIT) claims $(LESSONS) --seeds $(SEEDS)

book: setup  ## the course and the library's reference as a web site, in book/_build/html
	$(LSTMKIT) book $(LESSONS)

slides: setup  ## lessons as decks that need no network, in slides/ (LESSONS="06 22" for some)
	$(LSTMKIT) slides $(LESSONS)

bench: setup  ## speed, as ratios measured side by side in one run
	$(BIN)/python -m tests.bench

browser: setup  ## lessons, site and decks in a real browser (skipped without Chromium; CHROMIUM=/path)
	$(INSTALL) '.[browser]'
	$(BIN)/python -m tests.browser.check_lab && $(BIN)/python -m tests.browser.check_pages

wheels: $(VENV)/.lab  ## fill wheels/ for laptops without network; there: make lab WHEELS=wheels
	$(BIN)/python -m pip download --quiet --disable-pip-version-check -c constraints.txt -d wheels '.[course]' 'setuptools>=77' wheel

progress: $(VENV)/.lab  ## your exercises: ✓ ✗ ○, and what comes next
	@$(LSTMKIT) progress

doctor: $(VENV)/.lab  ## is this machine ready?
	@$(LSTMKIT) doctor

hub: setup  ## eight made learners on a real JupyterHub (needs configurable-http-proxy, from npm)
	$(INSTALL) '.[hub]'
	$(BIN)/python -m tests.hub.check_hub

lint: setup  ## ruff: lint and format check
	@$(lint)

format: setup  ## ruff: mend what it can
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean:  ## remove .venv and caches; never work/
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis *.egg-info

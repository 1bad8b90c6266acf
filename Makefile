# `make quickstart` and `make test` do all the set-up they need; nothing is installed outside .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMP  := $(VENV)/.installed

.PHONY: quickstart test lint types check browser clean

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "robust-ray needs Python 3.11 or newer, but got " + sys.version.split()[0] + "; set PYTHON=python3.11 or newer")'
	@echo "installing into $(VENV): a few minutes, once"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --constraint constraints.txt torch setuptools wheel
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

quickstart: $(STAMP)  ## run the embedded study on a local Ray, then write the report
	$(BIN)/robust-ray run sweeps/quickstart.yaml --on ray
	$(BIN)/python -m analysis.report --store results --sweep quickstart
	@echo "the report is results/report.html, the rows are under results/tables"

test: $(STAMP)  ## the whole suite, a file at a time on every core
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

browser:  ## a Chromium for the tests that read the report, where the system offers one; without it they are skipped
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| dnf install -y -q chromium || apk add -q chromium || brew install --quiet --cask chromium \
		|| echo "no Chromium could be installed: the tests of the report in a browser will be skipped"

check: lint types test

clean:
	rm -rf $(VENV) results

# Quorate: two commands matter, `make up` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKERS ?= auto
ARGS ?=
BIN := .venv/bin
READY := .venv/.ready
SCENARIO ?= scenarios/ha/power-loss.toml
REPORT ?= build/report.html

PYTEST := $(BIN)/python -m pytest
EVERYDAY := not slow and not browser and not real

# program:package of what the tests with real corosyncs need
COROSYNC := corosync:corosync corosync-qdevice:corosync-qdevice corosync-qnetd:corosync-qnetd \
  nft:nftables ip:iproute2 ssh:openssh-client /usr/sbin/sshd:openssh-server

# the same, of what compiles and runs the mounted files
FUSE := gcc:gcc pkg-config:pkg-config fusermount3:fuse3 /usr/include/fuse3/fuse.h:libfuse3-dev

.PHONY: fuse corosync help up rehearse test check format setup bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

up: setup ## serve a simulated cluster: the API on https://127.0.0.11:8006, .12 and .13; ARGS='--speed 60'
	$(BIN)/quorate up $(ARGS)

rehearse: setup ## rehearse a failover: five nodes, one loses power; watch it, then open the report
	@mkdir -p $(dir $(REPORT))
	$(BIN)/quorate rehearse $(SCENARIO) --live --report $(REPORT)

test: check ## everything that can be tested on this machine
	$(PYTEST) -n $(WORKERS) -m "$(EVERYDAY)" --ignore tests/tidy
	@echo "slow suites, and those in a browser:"; \
	$(PYTEST) -n $(WORKERS) -m "(slow or browser) and not real and not nightly" || { code=$$?; [ $$code -eq 5 ] || exit $$code; }
	@$(MAKE) --no-print-directory corosync fuse
	@echo "real corosyncs, in namespaces of their own:"
	$(PYTEST) -n 2 --dist loadscope -rs -m real

nightly: setup ## every operation of the API with 200 random requests; properties with new examples
	$(PYTEST) -n $(WORKERS) -m nightly
	$(PYTEST) -n $(WORKERS) -m "$(EVERYDAY)" --hypothesis-profile search tests/property tests/core tests/model

check: setup ## format, lint, types, architecture, shape of the tree
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -n $(WORKERS) tests/tidy

format: setup ## let ruff format and repair what it can
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: setup ## measure speed and rewrite the table in docs/benchmarks.md
	@mkdir -p build
	$(PYTEST) tests/bench --benchmark-enable --benchmark-only \
	  --benchmark-timer=tests.bench.clock.cpu_s --benchmark-json=build/bench.json
	$(BIN)/python -m tests.bench.table build/bench.json docs/benchmarks.md

# The lock names versions and hashes, never a registry: where packages come from is pip's own setting.
lock: setup ## resolve the newest versions that pyproject.toml allows into requirements.lock
	$(BIN)/pip-compile --quiet --upgrade --extra dev --extra corosync --allow-unsafe --strip-extras \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-emit-options --output-file requirements.lock pyproject.toml
	@! grep -nE '^--|://' requirements.lock || { echo "requirements.lock names a registry"; exit 1; }

# Installing corosync on a machine with systemd starts it there: that is left to its owner.
corosync:
	@for program in $(COROSYNC); do command -v $${program%%:*} >/dev/null || missing=yes; done; \
	if [ -z "$${missing:-}" ]; then exit 0; fi; packages="$(foreach pair,$(COROSYNC),$(lastword $(subst :, ,$(pair))))"; \
	if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && [ ! -d /run/systemd/system ]; then \
	  echo "Installing $$packages (for tests with real corosyncs)"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$packages >/dev/null || echo "That failed; those tests are skipped."; \
	else \
	  echo "For tests with real corosyncs install: $$packages"; \
	fi

# pip fetches what pyfuse3 is built with, by itself. What fails here skips tests.
fuse: setup ## install what `quorate daemon --mount` needs (compiles pyfuse3)
	@if $(BIN)/python -c 'import pyfuse3' 2>/dev/null; then exit 0; fi; \
	for one in $(FUSE); do command -v $${one%%:*} >/dev/null || [ -e $${one%%:*} ] || missing=yes; done; \
	packages="$(foreach pair,$(FUSE),$(lastword $(subst :, ,$(pair)))) libc6-dev python3-dev"; \
	if [ -n "$${missing:-}" ]; then \
	  if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && [ ! -d /run/systemd/system ]; then \
	    echo "Installing $$packages (for the configuration as files)"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y -qq --no-install-recommends $$packages >/dev/null || \
	      { echo "That failed; tests of the mounted files are skipped."; exit 0; }; \
	  else \
	    echo "For the configuration as files install: $$packages"; exit 0; \
	  fi; \
	fi; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes \
	  -r requirements-fuse.lock || echo "pyfuse3 could not be built; tests of the mounted files are skipped."

clean: ## remove the environment and everything that was generated
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Quorate needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv (needed to create .venv)"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; \
	  else \
	    echo "Cannot create .venv: install python3-venv (Debian: apt install python3-venv)" >&2; \
	    exit 1; \
	  fi; }
	@[ -x $(BIN)/python ] && [ -x $(BIN)/pip ] || $(PYTHON) -m venv --clear .venv
	@echo "Installing the packages of requirements.lock into .venv"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes \
	  -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	@touch $(READY)

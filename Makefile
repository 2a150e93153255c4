# make up      set everything up and run the embedded stack
# make web     build the pages only
# make test    set up what the tests need and run them
# make check   format, lint, types, import rules
# make e2e     only the end-to-end tests (browsers, foreign clients, kills)
# make soak    a thousand faults at random; CHANNEL_SOAK_FAULTS and CHANNEL_SOAK_SEED choose others
# make soak-live  ten thousand polls of a live channel under random kills; CHANNEL_SOAK_POLLS chooses another number;
#              and a hundred live encoders killed while they are watched (CHANNEL_FAILOVERS)
# make gateway  build MediaMTX (needs Go) and publish through it as it is deployed: RTMPS, SRT with a stream id, WHIP
# make fuzz    every fuzz target for FUZZ_SECONDS (60) under atheris; FUZZ chooses some
# make bench   measure; the report lands in benchmarks/out
# make pictures  take the README's screenshots again
# make lock    pin the dependencies again after a change of pyproject.toml

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
export PATH := $(CURDIR)/$(BIN):$(PATH)
NPM = npm
JOBS ?= 3

FUZZ_SECONDS ?= 60
FUZZ ?= $(basename $(notdir $(wildcard tests/fuzz/targets/*.py)))

.PHONY: up web test check e2e soak soak-live gateway fuzz bench pictures lock clean

up: $(VENV)/runtime.stamp web/dist/built.stamp
	@exec $(BIN)/channel up

web: web/dist/built.stamp

test: $(VENV)/dev.stamp web/dist/built.stamp tests/e2e/node_modules/installed.stamp
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

e2e: $(VENV)/dev.stamp web/dist/built.stamp tests/e2e/node_modules/installed.stamp
	$(BIN)/pytest -n $(JOBS) --dist worksteal tests/e2e $(ARGS)

soak: $(VENV)/dev.stamp
	CHANNEL_SOAK_FAULTS=$${CHANNEL_SOAK_FAULTS:-1000} CHANNEL_SOAK_SEED=$${CHANNEL_SOAK_SEED:-$$(date +%s)} \
	  $(BIN)/pytest -s tests/e2e/test_soak.py $(ARGS)

soak-live: $(VENV)/dev.stamp
	CHANNEL_SOAK_POLLS=$${CHANNEL_SOAK_POLLS:-10000} CHANNEL_SOAK_SEED=$${CHANNEL_SOAK_SEED:-$$(date +%s)} \
	  $(BIN)/pytest -s tests/e2e/test_live_soak.py $(ARGS)
	CHANNEL_FAILOVERS=$${CHANNEL_FAILOVERS:-100} $(BIN)/pytest -s tests/e2e/test_live_failover.py $(ARGS)

var/mediamtx: tests/e2e/build_mediamtx.sh web/node_modules/installed.stamp
	$< $@ web/node_modules/hls.js/dist/hls.min.js

gateway: $(VENV)/dev.stamp var/mediamtx
	CHANNEL_TEST_MEDIAMTX=$(CURDIR)/var/mediamtx $(BIN)/pytest tests/e2e/test_gateway.py $(ARGS)

fuzz: $(VENV)/dev.stamp
	@for target in $(FUZZ); do echo "== $$target"; $(RUN) -m tests.fuzz $$target --seconds $(FUZZ_SECONDS) || exit 1; done

check: $(VENV)/dev.stamp web/node_modules/installed.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) --prefix web run --silent check

bench: $(VENV)/dev.stamp web/dist/built.stamp
	$(RUN) -m benchmarks $(ARGS)

$(VENV)/python.stamp: infra/local/setup_venv.sh
	@PYTHON="$(PYTHON)" sh infra/local/setup_venv.sh $(VENV)
	@touch $@

$(VENV)/runtime.stamp: $(VENV)/python.stamp constraints/runtime.txt pyproject.toml
	@test -e $(VENV)/dev.stamp || { echo "installing the pinned dependencies (about a minute, once)"; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints/runtime.txt; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/python.stamp constraints/dev.txt pyproject.toml
	@echo "installing the pinned development dependencies (about a minute, once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r constraints/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/runtime.stamp

web/node_modules/installed.stamp: web/package.json web/package-lock.json | $(VENV)/runtime.stamp
	@$(NPM) --prefix web ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/built.stamp: web/node_modules/installed.stamp $(shell find web/src web/public web/*.html web/*.ts -type f 2>/dev/null)
	@echo "building the pages"
	@$(NPM) --prefix web run --silent build
	@touch $@

tests/e2e/node_modules/installed.stamp: tests/e2e/package.json tests/e2e/package-lock.json | $(VENV)/dev.stamp
	@$(NPM) --prefix tests/e2e ci --no-audit --no-fund --loglevel=error
	@touch $@

pictures: $(VENV)/dev.stamp web/dist/built.stamp
	$(RUN) docs/pictures/take.py
	$(RUN) docs/pictures/take_live.py

lock: $(VENV)/dev.stamp
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o constraints/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev -c constraints/runtime.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o constraints/dev.txt

clean:
	rm -rf $(VENV) web/dist web/node_modules tests/e2e/node_modules benchmarks/out

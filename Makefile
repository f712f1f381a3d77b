# The developer's whole day. `make demo` and `make test` set everything up by themselves.
SHELL := /bin/bash
PYTHON ?= python3
HOME_OF_RUN ?= var
# Compiled once at installation, not at every start where nothing may be written beside the sources.
export UV_COMPILE_BYTECODE = 1
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --locked --no-sync
.DEFAULT_GOAL := help
.PHONY: help demo demo-clean test test-system test-docs check format setup setup-dev

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: setup ## three nights of a shop through Airflow, then what came of them
	@$(RUN) care demo --home $(HOME_OF_RUN)

demo-clean: ## forget the demo
	rm -rf $(HOME_OF_RUN)

test: setup-dev ## everything that needs PyPI alone
	$(RUN) pytest -m "not system and not slow" -n 3 --dist loadfile

test-system: setup-dev chromium ## slow suites, and those that need Debian packages
	$(RUN) pytest -m "system or slow" --ignore tests/docs

test-docs: setup-dev ## every command of the pages, pictures and figures, on a demo of its own
	$(RUN) pytest -m slow tests/docs

check: setup-dev ## lint, types, layers
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

format: setup-dev ## put the code in order
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

setup: $(UV) libgomp ## the environment of the demo
	@$(UV) sync --locked --quiet --all-extras --no-default-groups --inexact

setup-dev: $(UV) libgomp ## the environment of a developer
	@$(UV) sync --locked --quiet --all-extras --all-groups

# uv is fetched with pip into a folder of its own where the machine has none.
.uv/bin/uv:
	@echo "fetching uv"
	@$(PYTHON) -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv

.PHONY: chromium
chromium: # the browser that the console is looked at with
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo "installing chromium"; \
	    apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	  else \
	    echo "Chromium is missing. Install it: apt-get install chromium (Debian, Ubuntu)," \
	         "dnf install chromium (Fedora)." >&2; exit 1; fi; }

.PHONY: libgomp
libgomp: # implicit needs the OpenMP runtime that slim systems lack
	@ldconfig -p 2>/dev/null | grep -q libgomp.so.1 || [ "$$(uname)" != Linux ] || { \
	  echo "installing libgomp1 (the OpenMP runtime)"; \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && apt-get install -y -qq libgomp1; \
	  else \
	    echo "libgomp.so.1 is missing. Install it: apt-get install libgomp1 (Debian, Ubuntu)," \
	         "dnf install libgomp (Fedora)." >&2; exit 1; fi; }

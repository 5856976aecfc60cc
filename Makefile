# Targets: demo, test, check, docs, constraints, clean. Needs Python 3.11 or later.
#
# One environment, .venv. It is made anew only where pyproject.toml or constraints.txt changed:
# .venv/.base marks that the package is installed as users have it (no torch), .venv/.dev that the
# extras for training and development are there too.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

FIND_PYTHON = for p in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && exit; \
	done; echo "no Python 3.11 or later; set PYTHON=..." >&2; exit 1

BIN := .venv/bin
comma := ,
# Playwright is 170 MB and of no use where no Chromium is: the browser tests skip there.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# Polars is another 170 MB: its tests skip where a disk has no room to spare.
HAS_ROOM := $(shell test "$$(df -Pk . | awk 'NR == 2 {print $$4}')" -gt 4000000 && echo yes)
SMALL_EXTRAS := pdf,graph,parquet,serve,spacy,mcp,frames,llm-train,train,dev
DEV_EXTRAS := $(SMALL_EXTRAS)$(if $(HAS_ROOM),$(comma)dev-bulky)$(if $(CHROMIUM),$(comma)browser)
# Not compiled to bytecode in advance and torch first, by itself: half a gigabyte less at the peak.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile \
	--constraint constraints.txt

.PHONY: demo test check docs constraints clean

demo: .venv/.base
	rm -rf demo-out
	$(BIN)/somex extract examples/papers --out demo-out
	$(BIN)/somex kb build demo-out/known.sqlite own=examples/known-software.csv
	$(BIN)/somex link demo-out/documents.jsonl --kb demo-out/known.sqlite --out demo-out/software.jsonl
	$(BIN)/somex graph load demo-out/graph demo-out --software demo-out/software.jsonl
	$(BIN)/somex graph query demo-out/graph most-used-software --limit 10
	$(BIN)/somex report demo-out --software demo-out/software.jsonl --out demo-out/report
	@echo "Results: demo-out/documents.jsonl, demo-out/software.jsonl; open demo-out/report/index.html"

test: .venv/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/make_cli_docs.py --check
	$(BIN)/python scripts/make_recipe_docs.py --check
	$(BIN)/python scripts/check_changelog.py

docs: .venv/.dev
	$(BIN)/python scripts/make_cli_docs.py
	$(BIN)/python scripts/make_recipe_docs.py

# Takes the newest versions that pyproject.toml allows; run the tests before you commit the result.
constraints:
	python="$$($(FIND_PYTHON))"; folder="$$(mktemp -d)"; trap 'rm -rf "$$folder"' EXIT; \
	"$$python" -m venv "$$folder"; \
	"$$folder/bin/python" -m pip install --quiet '.[$(SMALL_EXTRAS),dev-bulky,browser]'; \
	"$$folder/bin/python" scripts/make_constraints.py constraints.txt

.venv/bin/python:
	python="$$($(FIND_PYTHON))"; "$$python" -m venv .venv

.venv/.base: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[pdf,graph,serve]'
	touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) torch
	$(PIP) --editable '.[$(DEV_EXTRAS)]'
	touch .venv/.base $@

clean:
	rm -rf .venv demo-out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

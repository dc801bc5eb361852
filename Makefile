# make demo and make test work as the first command on a fresh machine.
.PHONY: setup demo dev test lint docs torture bench superset test-superset lock
.DELETE_ON_ERROR:

BIN := .venv/bin
PYTHON ?= python3
export DAGSTER_HOME ?= $(CURDIR)/dagster_home
# Whatever the environment says: without kept bytecode every process compiles its libraries, 4 s.
export PYTHONDONTWRITEBYTECODE :=

setup: .venv/complete

# The lock holds exact versions and hashes; the editable install adds the kith command.
.venv/complete: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: setup
	env -u DAGSTER_HOME $(BIN)/kith demo

dev: setup
	$(BIN)/kith ui

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pipelines.portable_subset

# The pages that are made from the SQL; a test fails while one is stale.
docs: setup
	$(BIN)/python -m pipelines.pages

# All seeds of faults, two years of the village and a kill at every place, where `make test` tries a
# few, half a year and every third.
torture: setup
	KITH_TORTURE=1 $(BIN)/python -m pytest --dist=load tests/pipelines/test_faults_*.py \
		tests/pipelines/test_village_over_http.py tests/pipelines/test_kills_*.py

# Never part of the tests.
bench: setup
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.publishing --messages 1e6 5e6
	$(BIN)/python -m benchmarks.reading
	$(BIN)/python -m benchmarks.parsing_pages
	$(BIN)/python -m benchmarks.reading_parquet
	$(BIN)/python -m benchmarks.pulling

# A BI server on the published tables, in an environment of its own: docs/bi.md.
superset: setup .venv-superset/complete
	$(BIN)/python -m bi.serve

# Minutes, and a browser: not among the tests of every day.
test-superset: setup .venv-superset/complete
	KITH_TEST_SUPERSET=1 $(BIN)/python -m pytest -n 0 tests/bi

# Superset's own libraries are older than ours. The lock is complete, so nothing is resolved here.
.venv-superset/complete: bi/requirements.lock | .venv/complete
	$(BIN)/uv venv --quiet --clear --no-python-downloads --python '>=3.11,<3.13' .venv-superset
	$(BIN)/uv pip install --quiet --python .venv-superset --no-deps --require-hashes \
		--only-binary :all: -r bi/requirements.lock
	touch $@

# After a change of a pyproject.toml. No index address enters the file.
lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --only-binary :all: \
		--quiet --output-file requirements.lock
	cd bi && ../$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --only-binary :all: \
		--quiet --output-file requirements.lock

# make        sets up .venv once, then runs the pipeline (dvc repro)
# make test   the same set-up, then ruff, mypy and every test
# make lock   pins the dependencies of pyproject.toml anew (needs uv)

PYTHON ?= python3
VENV   := .venv
READY  := $(VENV)/requirements.lock

# Stages are run as `python -m stages.<stage>`: DVC finds that python on PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: repro test lock clean

repro: $(READY)
	@python -m stages.preprocess --table-is-there
	dvc repro

test: $(READY)
	ruff check .
	ruff format --check .
	mypy stages tests
	pytest

# The copy of the lock inside the environment says what was installed: set-up runs again only
# when the lock has changed, and an installation broken off halfway is not taken for a whole one.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@cmp -s requirements.lock $(READY) || { \
	  $(PYTHON) -m venv --clear $(VENV) && \
	  python -m pip install --disable-pip-version-check --quiet --progress-bar on --require-hashes -r requirements.lock; }
	@cp requirements.lock $(READY)

lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	  --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

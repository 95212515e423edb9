# make run     start the server with its embedded store; make run ARGS="--port 9000" passes arguments on
# make test    install what the tests need, then run all of them; make test ARGS="tests/protocol" for a part
# make check   style, types and the direction of imports
# make newest  run the checks and tests with the newest versions of the dependencies, in a separate environment
# make lock    resolve the dependencies again, and lock their versions with hashes
# make bench   measure the server on this machine
# make clean   delete everything that these created
#
# Each works in a clean clone, with make and Python 3.11 or newer. PYTHON=/path/to/python3 chooses one.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help run test check newest lock bench clean

help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile

run: $(VENV)/.installed
	@exec $(BIN)/bussa serve $(ARGS)

# Four at a time, file by file: most tests wait for something (a server to start, a limit to expire).
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

# A scheduled job, not one for each change: whether the newest versions still work.
newest:
	@rm -rf .venv-newest
	@.ci/venv .venv-newest newest
	@$(MAKE) --no-print-directory VENV=.venv-newest DEPENDENCIES= check test

lock: $(VENV)/.installed-dev
	@PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/python -m requirements $(ARGS)

clean:
	rm -rf $(VENV) .venv-newest node_modules build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# make compares these stamps with pyproject.toml. A server needs no development tools, so `make run` installs none.
# A venv whose Python is gone, or was upgraded, is recreated whatever its stamps say.
ANEW := $(shell $(BIN)/python -c '' 2>/dev/null || echo anew)
.PHONY: anew

# What an environment is made from.
DEPENDENCIES = pyproject.toml requirements/run.txt requirements/dev.txt $(ANEW)

$(VENV)/.installed: $(DEPENDENCIES)
	@.ci/venv $(VENV) run
	@touch $@

$(VENV)/.installed-dev: $(DEPENDENCIES)
	@.ci/venv $(VENV) dev
	@touch $(VENV)/.installed $@

# What checks the web client: a type checker, and accessibility rules. The web client itself needs neither.
node_modules/.installed: package-lock.json $(VENV)/.installed-dev
	@echo "Installing the tools that check the web client ..." >&2
	@.ci/node npm ci --silent
	@touch $@

.DEFAULT_GOAL := help
# Debian's own Python first: python-ldap is compiled against its headers.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
BIN := .venv/bin
LOCK := --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --upgrade
WITH_SAMPLE_SETTINGS := DJANGO_SETTINGS_MODULE=tests.settings PYTHONPATH=.

.PHONY: help run test lint fix security bench lock messages code tools

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: ## Start the portal with sample people on http://localhost:8000 (PORT=8001 for another port)
	@bin/system-packages run
	@$(MAKE) --silent --no-print-directory .venv/run.stamp
	@$(BIN)/python bin/make-env
	@$(BIN)/python -m demo.run

test: ## Check and test everything that CI does
	@bin/system-packages test
	@$(MAKE) --silent --no-print-directory tools
	@$(BIN)/python -m tests.run_all

lint: tools ## Check style, types, import contracts, templates and migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(WITH_SAMPLE_SETTINGS) $(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates mfa accounts
	$(WITH_SAMPLE_SETTINGS) $(BIN)/python manage.py makemigrations --check --dry-run

fix: tools ## Put imports, style and formatting right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

security: tools ## Show each claimed row of the security yardstick with the tests that prove it
	@$(BIN)/python bin/security-rows

bench: tools ## Measure: make bench NAME=sync
	@$(BIN)/python -m bench $(NAME)

lock: tools ## Pin the newest allowed version of every requirement, with hashes
	$(BIN)/pip-compile --quiet --strip-extras $(LOCK) requirements.in
	$(BIN)/pip-compile --quiet --strip-extras $(LOCK) requirements-dev.in

messages: ## Collect the texts for translation and compile what is translated (needs gettext)
	$(WITH_SAMPLE_SETTINGS) $(BIN)/python manage.py makemessages --all --no-wrap --add-location file --no-obsolete \
		--ignore .venv --ignore tests --ignore node_modules --ignore bench --ignore demo --ignore var
	$(WITH_SAMPLE_SETTINGS) $(BIN)/python manage.py compilemessages --ignore .venv

code: ## Show the present code of a sample account: make code USER=alice [KIND=motp]
	@$(BIN)/python -m demo.code "$(USER)" "$(KIND)"

tools: .venv/dev.stamp

# Made last of all by venv, so that an interrupted one is made again.
.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3")'
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.txt | .venv/bin/pip
	@echo "Installing what the portal runs on ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	@echo "Installing what the tests and linters need ..."
	@# Also as constraints: a pin without its extras does not hold for who asks with them (coverage[toml]).
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt -c requirements-dev.txt
	@touch $@

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo check test thorough mutants fix bench clean

help:  ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/ready: pyproject.toml
	@$(PYTHON) -m venv .venv || { echo "python3 -m venv does not work here: install the package python3-venv (Debian, Ubuntu) and run make again" >&2; rm -rf .venv; exit 1; }
	$(BIN)/pip install -qq --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: .venv/ready  ## Check the bundled student files and show what a user sees
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python examples/demo.py

check: .venv/ready  ## Format, lint, types, tests with branch coverage, doctests
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -n 2 --hypothesis-profile=ci
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report

test: .venv/ready  ## The tests alone
	$(BIN)/pytest -n 2

thorough: .venv/ready  ## The tests with 2,000 examples each, the slow ones included
	$(BIN)/pytest -n 2 --hypothesis-profile=thorough --slow

bench: .venv/ready  ## Measure the judge, and its peers beside it: two hours
	$(BIN)/pip install -qq --disable-pip-version-check '.[bench]'
	for part in right_gradients wrong_gradients certificate white_noise localisation cost_by_size peers; do \
		$(BIN)/python -W ignore benchmarks/$$part.py || exit 1; done

mutants:  ## Mutation testing of a sample of 1,000 (SAMPLE=300, SAMPLE=all, SEED=7)
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/pip install --quiet '.[dev]' mutmut && .venv-mutants/bin/pip uninstall --quiet --yes gradcheck
	.venv-mutants/bin/python benchmarks/mutants.py $(SAMPLE)

fix: .venv/ready  ## Format, and mend what the linter can mend
	$(BIN)/ruff format . ; $(BIN)/ruff check --fix .

clean:  ## Remove what these targets made
	rm -rf .venv .venv-mutants mutants .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info

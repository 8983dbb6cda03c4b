.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 8888
BROWSER ?= yes
RELEASE ?= release
GRADED ?= graded

UV_VERSION := $(shell sed -n 's/^required-version = "==\(.*\)"/\1/p' pyproject.toml)
UV := .tools/bin/uv
BIN := .venv/bin

.PHONY: help lab test test-lowest test-browser test-grading bench lint notebooks \
	solutions exercises check-bank release grade weights stamp lock clean

help:  ## Print these lines
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

lab: .venv/.lab  ## Open the course in JupyterLab (PORT=8888, BROWSER=no to only print the address)
	@$(BIN)/jupyter lab --ip=127.0.0.1 --port=$(PORT) --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		$(if $(filter no,$(BROWSER)),--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root)

test: .venv/.test lint  ## Run every check: lint, unit tests, notebooks in step and executed from top to bottom
	$(BIN)/python -m tools.lock --check
	$(BIN)/pytest -n 2 --dist loadfile tests --ignore=tests/browser --ignore=tests/grading/test_class.py
	$(BIN)/pytest -n 2 --dist loadscope -p tools.patience --nbval-lax notebooks solutions

test-lowest: $(UV)  ## Run the unit tests with the lowest versions that pyproject.toml allows
	$(UV) venv --quiet --clear --python $(PYTHON) .venv-lowest
	$(UV) pip install --quiet --python .venv-lowest --resolution lowest-direct --group test --editable .
	.venv-lowest/bin/pytest tests/unit tests/exercises

test-browser: .venv/.test  ## Run lessons and explorers in JupyterLab in a real browser (needs Chromium)
	$(BIN)/pytest tests/browser

test-grading: .venv/.test  ## Grade a class of honest and hostile submissions (needs bubblewrap)
	$(BIN)/pytest tests/grading

bench: .venv/.test  ## Measure what the course promises and write benchmarks/RESULTS.md (ONLY=peers for one part)
	$(BIN)/python -m benchmarks $(ONLY)

lint: .venv/.test  ## Check the style of code and notebooks
	$(BIN)/ruff check
	$(BIN)/ruff format --check

notebooks: .venv/.test  ## Rebuild the notebooks from notebooks/scripts and execute them (ONLY=02 for one)
	$(BIN)/python -m tools.notebooks build $(ONLY)

solutions: .venv/.test  ## Rebuild the solutions from solutions/scripts and execute them (ONLY=02 for one)
	$(BIN)/python -m tools.notebooks build $(ONLY) --folder solutions

exercises: .venv/.test  ## Make the exercises from the solutions
	$(BIN)/python -m tools.exercises

check-bank: .venv/.test  ## Count the wrong answers that the checks of the exercises reject, and how
	$(BIN)/python -m tests.exercises.bank

release: .venv/.test  ## Write the folder for a class of learners, without anything of a teacher's (RELEASE=folder)
	$(BIN)/python -m deploy.release $(RELEASE)

grade: .venv/.test  ## Grade SUBMISSIONS=folder, with a folder for each learner; see deploy/README.md
	@test -n "$(SUBMISSIONS)" || { echo "name the folder with a folder for each learner: make grade SUBMISSIONS=folder"; exit 2; }
	$(BIN)/python -m deploy.grade "$(SUBMISSIONS)" --out "$(GRADED)"

weights: .venv/.test  ## Train the weights that the package ships, from nothing
	$(BIN)/python -m tools.make_weights

stamp: .venv/.test  ## Write the repository's address and the measured results to where learners read them
	$(BIN)/python -m tools.stamp

lock: .venv/.test  ## Renew the locked versions and environment.yml from pyproject.toml
	$(BIN)/python -m tools.lock

clean:  ## Remove the environment
	rm -rf .venv .venv-lowest .tools

$(UV): pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "TensorFlow needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d: name another, for example make PYTHON=python3.12 lab" % v[:2])'
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.lab: requirements.lock pyproject.toml $(UV)
	test -d .venv || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --compile-bytecode --python .venv requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --editable .
	$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements 2>/dev/null
	@rm -f .venv/.test
	@touch $@

.venv/.test: requirements-test.lock requirements.lock pyproject.toml $(UV)
	test -d .venv || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip sync --quiet --compile-bytecode --python .venv requirements-test.lock
	$(UV) pip install --quiet --python .venv --no-deps --editable .
	$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements 2>/dev/null
	$(BIN)/jupyter labextension disable --level=sys_prefix @jupyter/nbgrader 2>/dev/null
	for name in formgrader validate_assignment assignment_list course_list; do \
		$(BIN)/jupyter server extension disable --sys-prefix nbgrader.server_extensions.$$name >/dev/null 2>&1; done
	@touch .venv/.lab $@

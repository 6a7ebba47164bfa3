# Every target makes or refreshes the virtual environment in .venv when it has to.
#
#   EXTRAS=cuda    extras of pyproject.toml to install as well, by commas; `cuda` is JAX on a GPU
#   PYTHON=…       the Python to make .venv with, 3.11 to 3.13; found by itself otherwise
#
# Extras stay installed until `make clean`.

EXTRAS ?=
PYTHON ?=

bin := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# The stamp lists the extras that are installed. It is written last, so that an installation
# cut short is done again.
stamp := .venv/installed
tested := test test-slow test-peers test-pages test-notebooks pictures lint types format docs-check
benched := bench bench-check
comma := ,
installed := $(shell cat $(stamp) 2>/dev/null)
needed := $(subst $(comma), ,$(EXTRAS)) $(if $(filter $(tested),$(MAKECMDGOALS)),test) \
  $(if $(filter test-peers $(benched),$(MAKECMDGOALS)),bench) \
  $(if $(filter test-pages,$(MAKECMDGOALS)),pages) $(if $(filter docs,$(MAKECMDGOALS)),docs)
extras := $(sort $(installed) $(needed))
missing := $(filter-out $(installed),$(needed))

empty :=
space := $(empty) $(empty)
requirement := .$(if $(extras),[$(subst $(space),$(comma),$(extras))])

.DEFAULT_GOAL := help
.PHONY: help demo docs $(tested) $(benched) clean missing-extras

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(stamp)  ## explain photographs with the shipped network: a page in demo/
	$(bin)/vizjax demo --out demo
	@echo 'The page: $(CURDIR)/demo/index.html'

# On all cores, four at most: each process takes one or two gigabytes.
test: $(stamp)  ## the tests, doctests included
	$(bin)/pytest -n auto --maxprocesses 4 --dist worksteal

# The second line proves what holds to the bit in the machine code that everyone has.
test-slow: $(stamp)  ## the tests that take minutes
	$(bin)/pytest -m slow
	$(bin)/pytest -m 'not slow' tests/ops tests/rules

test-peers: $(stamp)  ## the same results from torch, captum and keras (fetches gigabytes)
	KERAS_BACKEND=jax $(bin)/pytest -m peers tests/peers

test-pages: $(stamp)  ## the pages in a browser, which must be there: Chromium or Chrome
	$(bin)/pytest -m browser tests/report

test-notebooks: $(stamp)  ## every notebook from end to end
	$(bin)/pytest -m notebooks tests/test_notebooks.py

bench: $(stamp)  ## vizjax against torch, captum and opencv: ratios, in bench/ (an hour)
	$(bin)/python -m experiments.bench --out bench
	$(bin)/python -m experiments.bench.scaling --out bench

bench-check: $(stamp)  ## the same, against the ratios that are kept
	$(bin)/python -m experiments.bench --check

lint: $(stamp)  ## ruff: the rules and the formatting
	$(bin)/ruff check
	$(bin)/ruff format --check

types: $(stamp)  ## pyright
	$(bin)/pyright

format: $(stamp)  ## let ruff mend what it can
	$(bin)/ruff check --fix
	$(bin)/ruff format

docs-check: $(stamp)  ## what the documents and docstrings say, executed
	$(bin)/pytest tests/test_docs.py --doctest-modules vizjax

# Offline; every warning is an error. The variable keeps the theme from announcing another program.
docs: $(stamp)  ## the pages, in site/index.html
	NO_MKDOCS_2_WARNING=1 $(bin)/mkdocs build --strict --quiet
	@echo 'The pages: $(CURDIR)/site/index.html'

pictures: $(stamp)  ## the pictures of the README and the pages, from the notebooks
	$(bin)/python docs/pictures.py

clean:  ## remove .venv, demo/, build products and caches
	rm -rf .venv demo bench site build dist *.egg-info .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(stamp): pyproject.toml constraints.txt $(if $(missing),missing-extras)
	@rm -f $@
	@$(bin)/python -m pip --version >/dev/null 2>&1 || { $(create); }
	@echo 'Installing vizjax$(requirement:.%=%) in .venv (minutes, the first time) …'
	@$(bin)/python -m pip install -qq -c constraints.txt -e '$(requirement)'
	@echo '$(extras)' > $@

# Debian and Ubuntu ship Python without ensurepip unless python3-venv is installed.
pythons := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
suitable := 'import ensurepip, sys, venv; assert (3, 11) <= sys.version_info < (3, 14)'
define create
for python in $(pythons); do \
  if $$python -c $(suitable) >/dev/null 2>&1; then exec $$python -m venv --clear .venv; fi; \
done; \
echo 'vizjax needs Python 3.11, 3.12 or 3.13 with its module venv; tried: $(pythons).' >&2; \
echo 'On Debian and Ubuntu: apt install python3-venv. Or name one: make PYTHON=… TARGET' >&2; \
exit 1
endef

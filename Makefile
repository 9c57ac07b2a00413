SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .uv/bin/uv)
PYTHON := .venv/bin/python
CHECKOV_VERSION := 3.3.30
IMAGE := rental-lakehouse
SYNCED := .venv/.synced
JAVA_PACKAGE := openjdk-17-jre-headless
UI_VENV := .cache/ui-venv
GLUE_VENV := .cache/glue-venv

# $(call apt,PACKAGE): installs a Debian package where we may, else says the one line to run.
apt = if ! command -v apt-get > /dev/null; then echo "error: please install $(1)" >&2; exit 1; \
	elif [ "$$(id -u)" = 0 ]; then as=env; elif sudo -n true 2> /dev/null; then as="sudo -n env"; \
	else echo "error: please run: sudo apt-get install $(1)" >&2; exit 1; fi; \
	echo "installing $(1)" >&2; $$as apt-get -qq update; \
	$$as DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $(1) > /dev/null

.PHONY: help demo up down test test-real test-faults test-stateful test-ui test-glue lint lock-glue lint-aws format jars java clean image image-test chromium bench-generate bench-extract bench-checks bench-text bench-marts bench-release bench-scale builder buildah

help: ## print what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: jars ## run the whole pipeline on a made-up marketplace and show that the figures are right
	@$(PYTHON) -m demo.run $(ARGS)

up: jars ## start the databases and Prefect, leave them running, and tell where they are
	@$(PYTHON) -m demo.up

down: $(SYNCED) ## stop what `make up` started and remove its data
	@$(PYTHON) -m demo.down

test: jars ## run all tests; ARGS='-k name' runs some
	@$(PYTHON) -m pytest tests -m 'not long' --ignore=tests/transforms --ignore=tests/metrics $(ARGS)
	@$(PYTHON) -m pytest tests/transforms -m 'not long' $(ARGS)
	@$(PYTHON) -m pytest tests/metrics $(ARGS)

test-real: jars ## run 10,000 real listings through the pipeline; LAKEHOUSE_REAL_DATA names their CSV file
	@$(PYTHON) -m pytest tests/real/uci_listings.py $(ARGS)

test-faults: jars ## run the long tests too: runs killed at every point, races; ARGS='-k name' runs some
	@$(PYTHON) -m pytest tests -m long --ignore=tests/stateful --ignore=tests/transforms $(ARGS)

test-stateful: jars ## play transactions, runs, crashes and zombies in any order, on real servers
	@$(PYTHON) -m pytest tests/stateful $(ARGS)
	@$(PYTHON) -m pytest tests/transforms -m long $(ARGS)

test-ui: jars chromium $(UI_VENV)/.synced ## start a run in a real browser by the form of the Prefect UI, and read what it shows
	@$(UI_VENV)/bin/python -m pytest tests/ui/ad_hoc_run.py $(ARGS)

test-glue: jars $(GLUE_VENV)/.synced ## run the jobs of AWS Glue on its Spark, each in a process of its own, and compare with a Prefect run
	@$(PYTHON) -m deployments.glue.artifacts
	@$(PYTHON) -m pytest tests/glue/platform.py $(ARGS)
	@$(PYTHON) -m pytest tests/glue/separate_jobs.py $(ARGS)

lint: $(SYNCED) ## check style, types and the direction of imports
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

lint-aws: $(SYNCED) .cache/checkov/bin/checkov ## check the AWS templates and the Dockerfile by cfn-lint and checkov
	@.venv/bin/cfn-lint deployments/aws/*.yaml
	@.cache/checkov/bin/checkov --skip-download --framework cloudformation dockerfile --compact --quiet \
		--file deployments/aws/*.yaml Dockerfile

format: $(SYNCED) ## put the code into the agreed style
	@.venv/bin/ruff check --fix
	@.venv/bin/ruff format

jars: java ## fetch and verify the Java libraries and the embedded MariaDB
	@$(PYTHON) -m lakehouse.jars --demo

image: builder ## build the container image with docker or else buildah, and tell its size and how long it took
	@deployments/image/build.sh $(IMAGE)

image-test: jars buildah ## try the built image: read-only, as its own user, without a network; needs root
	@tests/image/run.sh $(IMAGE)

bench-generate: jars ## make 3,000,000 bookings in an embedded MariaDB, and tell how long it took
	@$(PYTHON) -m demo.marketplace.bench

bench-checks: jars ## take 3,000,000 bookings to silver with and without rules, and tell the ratio
	@$(PYTHON) -m benchmarks.checks $(ARGS)

bench-text: jars ## take 300,000 listings to silver with their text tidied and as it is, and tell the ratio
	@$(PYTHON) -m benchmarks.text $(ARGS)

bench-marts: jars ## build all marts of 3,000,000 bookings and of twice as many, change one booking, and tell the ratios
	@$(PYTHON) -m benchmarks.marts $(ARGS)

bench-release: jars ## release 1,000,000 rows to PostgreSQL beside a bare COPY, and tell the ratios
	@$(PYTHON) -m benchmarks.release $(ARGS)

bench-scale: jars ## take whole marketplaces of two sizes to silver and marts, and tell how each stage grows
	@$(PYTHON) -m benchmarks.scale $(ARGS)

bench-extract: jars ## read 3,000,000 bookings side by side with the bare reader, and tell the ratios
	@$(PYTHON) -m benchmarks.extract

clean: ## stop the servers and remove everything that was made here
	@if [ -x $(PYTHON) ] && [ -d .demo ]; then $(PYTHON) -m demo.down; fi
	@rm -rf .venv .uv .demo .cache dist test-output spark-warehouse *.egg-info
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

java: $(SYNCED)
	@$(PYTHON) -c 'from lakehouse import jars; jars.find_java()' 2> /dev/null || { $(call apt,$(JAVA_PACKAGE)); }

.cache/checkov/bin/checkov:
	@python3 -m venv .cache/checkov
	@.cache/checkov/bin/pip install --quiet --disable-pip-version-check checkov==$(CHECKOV_VERSION)

builder:
	@timeout 20 docker info > /dev/null 2>&1 || $(MAKE) --no-print-directory buildah

buildah:
	@command -v buildah > /dev/null || { $(call apt,buildah); }
	@command -v debootstrap > /dev/null || { $(call apt,debootstrap); }
	@command -v ip > /dev/null || { $(call apt,iproute2); }

chromium:
	@command -v chromium > /dev/null || { $(call apt,chromium); }

$(UI_VENV)/.synced: pyproject.toml uv.lock | $(UV)
	@UV_PROJECT_ENVIRONMENT=$(UI_VENV) $(UV) sync --frozen --quiet --group ui
	@touch $@

$(GLUE_VENV)/.synced: deployments/glue/requirements.txt deployments/glue/spark.txt | $(UV)
	@$(UV) venv --quiet --clear --python $(PYTHON) $(GLUE_VENV)
	@$(UV) pip install --quiet --require-hashes --python $(GLUE_VENV)/bin/python $(foreach file,$^,-r $(file))
	@touch $@

lock-glue: $(SYNCED) ## lock what a Glue job imports, in the versions of uv.lock
	@mkdir -p .cache && $(UV) export --frozen --quiet --no-hashes --no-emit-project --no-default-groups \
		--no-emit-package pyspark --no-emit-package py4j -o .cache/glue-constraints.txt
	@for name in requirements spark; do $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header $$([ $$name = spark ] || echo -c .cache/glue-constraints.txt) \
		deployments/glue/$$name.in -o deployments/glue/$$name.txt; done

$(SYNCED): pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --quiet
	@touch $@

.uv/bin/uv:
	@python3 -m venv .uv 2> /dev/null || { $(call apt,python3-venv); python3 -m venv --clear .uv; }
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

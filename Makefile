# Spoonful's front door. `make` alone lists the targets.
# Needs python3 >= 3.11, git and make; everything else is fetched into .venv and review_ui.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup demo test chromium bench lint fix messages pictures

BIN := .venv/bin
ROOMS := stages tones store flows review_ui

# The first Python new enough; name one with `make setup PYTHON=/path/to/python3`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$python"; break; }; done)

# Words for the command: make demo ARGS=--once, make test ARGS="tests/chop -x"
ARGS ?=

help: ## This list
	@echo "Spoonful: guides in, reviewed posts out."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "New here? make demo. Words for a command: make test ARGS=\"tests/chop -x\"."

setup: ## Create .venv and install everything; does nothing when nothing changed
	@python="$(PYTHON)"; if [ -z "$$python" ]; then \
		echo "setup: Python 3.11 or newer is needed and none was found on PATH." >&2; \
		echo "       Debian/Ubuntu: sudo apt-get install python3 python3-venv   macOS: brew install python" >&2; \
		echo "       or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; \
	fi; exec "$$python" .ci/setup.py

demo: setup ## Run the line on the bundled sample site and open the review queue; Ctrl-C ends it
	@$(BIN)/spoonful demo $(ARGS)

test: setup chromium ## Run all tests; finds or installs Chromium for those in a browser
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

chromium: setup
	@$(BIN)/python -m tests.chromium

bench: setup ## Measure speed and memory beside trafilatura, Scrapy, LangChain; fails below our marks
	@$(BIN)/python .ci/setup.py bench
	@$(BIN)/python -m pytest tests/bench -q -s $(ARGS)

lint: setup ## Check form, rules and types without changing a file
	@status=0; \
	$(BIN)/ruff format --check --output-format concise . || { status=1; echo "lint: \`make fix\` formats these"; }; \
	$(BIN)/ruff check --output-format concise . || status=1; \
	$(BIN)/mypy $(ROOMS) || status=1; \
	exit $$status

fix: setup ## Format, and mend what ruff can mend by itself
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet . ; $(BIN)/ruff check .

messages: setup ## Find the interface's words and list them in review_ui/locale for translation
	@$(BIN)/python -m tests.messages

pictures: setup chromium ## Take pictures of every review page into docs/pictures
	@$(BIN)/python -m tests.pictures $(ARGS)

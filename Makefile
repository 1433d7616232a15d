# Two commands on a fresh machine: `make demo` and `make test`. Python 3.11 or newer is all they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
JOBS ?= auto

.PHONY: demo up test check accuracy learn lock clean

demo: $(VENV)/run.done
	$(BIN)/nurture demo $(ARGS)

up: $(VENV)/run.done
	$(BIN)/nurture up $(ARGS)

test: $(VENV)/test.done
	$(BIN)/pytest -n $(JOBS) $(ARGS)

accuracy: $(VENV)/test.done
	$(BIN)/python -m tests.accuracy $(ARGS)

# What examples teach about replies, anew from nurture/core/data/intents.
learn: $(VENV)/test.done
	$(BIN)/python -m tests.accuracy.learn

check: $(VENV)/test.done
	$(BIN)/ruff check nurture workers tests
	$(BIN)/ruff format --check nurture workers tests
	$(BIN)/mypy --strict nurture workers

# The environment is made again when the locked requirements change.
$(VENV)/run.done: config/requirements/run.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r config/requirements/run.txt
	$(PIP) install --no-deps --editable .
	touch $@

$(VENV)/test.done: config/requirements/test.txt $(VENV)/run.done
	$(PIP) install --require-hashes -r config/requirements/test.txt
	touch $@

# Resolves the requirements anew and writes them with their hashes; needs uv.
lock:
	uv pip compile --quiet pyproject.toml --extra embedded --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --no-emit-index-url \
		--output-file config/requirements/run.txt --upgrade
	uv pip compile --quiet pyproject.toml --extra embedded --extra test --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --no-emit-index-url \
		--constraint config/requirements/run.txt --output-file config/requirements/test.txt --upgrade

clean:
	rm -rf $(VENV) dist data

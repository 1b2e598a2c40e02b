# make run            set up .venv, open the app       (make run ARGS="--no-ui --preset notebook")
# make test           set up, run all tests
# make check          linter, formatter, types
# make bench          speed beside the notebook's loop, Lightning, and Keras where installed
# make bench-app      speed of the app: first paint, keys, how much a run slows down under it
# make bench-gpu      an NVIDIA GPU: its tests, speed, exact resume; 4 minutes
# make bench-accuracy accuracy and time of the presets over seeds; an hour on 2 cores
# make bench-sweeps   trials an hour, several at once; half an hour on 2 cores
# make bench-large    bytes on the link; memory and speed with long runs and many of them
# make soak           random runs, killed and resumed, for 5 minutes   (ARGS="--seconds 60 --seed 1")
# make pictures       the screenshots and the recording in docs/, from the real app
# make clean          remove .venv and caches
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ARGS ?=

.PHONY: run test check bench bench-app bench-accuracy bench-sweeps bench-large bench-gpu soak pictures clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@$(BIN)/bilstm-tui $(ARGS)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal $(ARGS)

check: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --warnings

bench: $(VENV)/.installed-bench
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-app: $(VENV)/.installed-test
	$(BIN)/python -m tests.benchmarks.app_speed $(ARGS)

bench-accuracy: $(VENV)/.installed-test
	$(BIN)/python -m tests.benchmarks.accuracy $(ARGS)

bench-sweeps: $(VENV)/.installed-test
	$(BIN)/python -m tests.benchmarks.sweeps $(ARGS)

bench-large: $(VENV)/.installed-test
	$(BIN)/python -m tests.benchmarks.link $(ARGS)
	$(BIN)/python -m tests.benchmarks.large

bench-gpu: $(VENV)/.installed-test
	$(BIN)/python -m tests.benchmarks.gpu $(ARGS)

soak: $(VENV)/.installed-test
	$(BIN)/python -m tests.soak $(ARGS)

pictures: $(VENV)/.installed-test
	$(BIN)/python -m tests.pictures

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find core tui tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found: \
	install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# of the extras those that take less than 30 MB on the disk: onnx takes 110 MB
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Setting up $(VENV); PyTorch is several GB, so the first time takes some minutes"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[tensorboard]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

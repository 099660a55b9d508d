# make demo   a synthetic survey, its faults predicted by the bundled model, scored and drawn
# make test   the whole test suite
# make lint   ruff and mypy
# make bench  speed and memory, also against other engines (they get an environment of their own; takes an hour and a half)
#
# Each sets up what it needs: an environment of its own in .venv, with the project installed in it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
DEMO   := demo
SHAPE  ?= 96,192,288
# The training data come from seeds of a million and more; this survey was never among them.
SEED   ?= 2024

.PHONY: demo test lint bench install clean
.DELETE_ON_ERROR:

install: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'error: geointerp needs Python 3.11 or later: make PYTHON=python3.12' >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing geointerp and what it needs into $(VENV): once, and some minutes where torch is not cached'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --editable '.[dev]'
	@touch $@

demo: $(READY)
	@mkdir -p $(DEMO)
	$(BIN)/geointerp synth survey -o $(DEMO)/survey.sgy --shape $(SHAPE) --seed $(SEED) --overwrite
	$(BIN)/geointerp predict $(DEMO)/survey.sgy --task faults -o $(DEMO)/faults.zarr --overwrite
	$(BIN)/geointerp evaluate $(DEMO)/faults.zarr $(DEMO)/survey_faults.sgy --tolerance 2
	$(BIN)/python examples/draw_labels.py $(DEMO)/survey.sgy $(DEMO)/faults.zarr $(DEMO)/survey_faults.sgy $(DEMO)/faults.png

test: $(READY)
	$(BIN)/python -m pytest

bench: $(READY)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/trace_map.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/host.py
	$(BIN)/python benchmarks/segy_labels.py
	$(BIN)/python benchmarks/engine_overhead.py
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/precision.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/gpu.py
	$(BIN)/python benchmarks/interruptions.py

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(DEMO) build dist

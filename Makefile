# make demo   both stages on synthetic radiographs; results in demo/results/index.html
# make test   lint, types, import contracts, tests
# Both make .venv and install what they need with the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TESTED := $(VENV)/.installed-test
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint unit slow real-data benchmark benchmark-explain install clean

demo: $(INSTALLED)
	$(BIN)/monai-covid demo --out demo --overwrite

test: lint unit

lint: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(TESTED)
	$(BIN)/python -m pytest -m "not slow and not real_data and not pacs and not deploy"

slow: $(TESTED)
	$(BIN)/python -m pytest -m "slow and not real_data"

real-data: $(TESTED)
	$(BIN)/python -m pytest -m "real_data"

benchmark: $(TESTED)
	$(BIN)/python -W ignore -m tests.benchmarks.throughput
	$(BIN)/python -W ignore -m tests.benchmarks.throughput --precision bfloat16
	$(BIN)/python -W ignore -m tests.benchmarks.memory

benchmark-explain: $(TESTED)
	$(BIN)/python -W ignore -m tests.benchmarks.relevance

install: $(INSTALLED)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), f"Python 3.11 or newer is needed, this is {sys.version}"'
	$(PYTHON) -m venv $(VENV)

# PyTorch first and by itself: an installed build that fits, CUDA or not, is then left alone by
# all that follows.
$(INSTALLED): pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install -q "$$(grep '^torch==' constraints.txt)"
	grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt
	$(BIN)/python -c 'import torch; print("torch==" + torch.__version__)' >> $(VENV)/constraints.txt
	$(BIN)/python -m pip install -q -c $(VENV)/constraints.txt -e .
	touch $@

# zennit asks for torchvision, which may bring another PyTorch and is not needed here.
$(TESTED): $(INSTALLED)
	$(BIN)/python -m pip install -q -c $(VENV)/constraints.txt -e '.[test]'
	$(BIN)/python -m pip install -q -c $(VENV)/constraints.txt --no-deps zennit
	touch $@

clean:
	rm -rf $(VENV) demo runs build *.egg-info

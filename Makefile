# make demo   both stages on synthetic radiographs; results in demo/results/index.html
# make test   lint, types, import contracts, tests
# make test-deploy   the MONAI Deploy application, in an environment of its own
# make test-pacs     the DICOM service against Orthanc; as root, since it may install Debian packages
# All make .venv and install what they need with the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TESTED := $(VENV)/.installed-test
DEPLOY := .venv-deploy
DEPLOYED := $(DEPLOY)/.installed
XRAYVISION := torchxrayvision==1.5.7 torchvision==0.28.0 scikit-image==0.26.0 imageio==2.38.1 \
	tifffile==2026.3.3 lazy_loader==0.6
DEBIAN := dcmtk dicom3tools iproute2 orthanc orthanc-dicomweb orthanc-gdcm
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint unit slow real-data benchmark benchmark-explain benchmark-service benchmark-audit \
	install install-deploy test-deploy install-pacs test-pacs clean

demo: $(INSTALLED)
	$(BIN)/monai-covid demo --out demo --overwrite

test: lint unit

lint: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# One process a processor core; more threads than cores would wait for each other.
unit: $(TESTED)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder \
		-m "not slow and not real_data and not pacs and not deploy and not zoo"

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

benchmark-service: $(TESTED)
	$(BIN)/python -W ignore -m tests.benchmarks.service
	$(BIN)/python -W ignore -m tests.benchmarks.service --architecture densenet201 --studies 50

benchmark-audit: $(TESTED)
	$(BIN)/python -W ignore -m tests.benchmarks.audit_cost
	$(BIN)/python -W ignore -m tests.benchmarks.words

test-deploy: $(DEPLOYED)
	$(DEPLOY)/bin/python -m pytest -m "deploy" tests/deploy

# Orthanc 1.10 listens on every address, so it runs where there is none but the loopback.
test-pacs: $(TESTED) install-pacs
	unshare --net sh -c 'PATH=$$PATH:/usr/sbin:/sbin ip link set lo up && exec $(BIN)/python -m pytest -m pacs tests/dicom'

install-pacs:
	dpkg -s $(DEBIAN) >/dev/null 2>&1 || (apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBIAN))

install: $(INSTALLED)

install-deploy: $(DEPLOYED)

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

# zennit asks for torchvision, which may bring another PyTorch and is not needed here. One oracle of
# the tests needs it, and lies where nothing else finds it.
$(TESTED): $(INSTALLED)
	$(BIN)/python -m pip install -q -c $(VENV)/constraints.txt -e '.[test]'
	$(BIN)/python -m pip install -q -c $(VENV)/constraints.txt --no-deps zennit rapidocr-onnxruntime
	$(BIN)/python -m pip install -q --no-deps --upgrade --target $(VENV)/torchxrayvision $(XRAYVISION)
	touch $@

# MONAI imports the SDK wherever it is installed, so it has an environment of its own; it needs other
# versions of three packages than the tests.
$(DEPLOYED): pyproject.toml constraints.txt
	test -x $(DEPLOY)/bin/python || $(PYTHON) -m venv $(DEPLOY)
	$(DEPLOY)/bin/python -c 'import torch' 2>/dev/null || $(DEPLOY)/bin/python -m pip install -q "$$(grep '^torch==' constraints.txt)"
	grep -Ev '^(torch|packaging|protobuf|ml_dtypes)==' constraints.txt > $(DEPLOY)/constraints.txt
	$(DEPLOY)/bin/python -c 'import torch; print("torch==" + torch.__version__)' >> $(DEPLOY)/constraints.txt
	$(DEPLOY)/bin/python -m pip install -q -c $(DEPLOY)/constraints.txt -e '.[deploy]' pytest 'setuptools>=77'
	touch $@

clean:
	rm -rf $(VENV) $(DEPLOY) demo runs build *.egg-info

"""A study of a few seconds: tiny network, tiny collections, 32 pixels."""

import json
import shutil
from functools import partial

import pytest
import torch
import yaml

from monai_covid.cli.main import main
from monai_covid.lab.studies.study_file import study_from
from tests.models.tiny import tiny_densenet
from tests.training.stages import BUNDLE, write_covid, write_findings

QUICK = {"image_size": 32, "batch_size": 4, "head_epochs": 1, "validation_fraction": 0.3}

SMALL = {
    "title": "Keeping",
    "question": "Does keeping output neurons help?",
    "folds": [0],
    "seeds": [0],
    "first_epochs": 2,
    "stage2": {**QUICK, "max_epochs": 1, "head_epochs": 0},
    "options": {**QUICK, "max_epochs": 2},
    "baseline": "twice",
    "arms": [
        {"name": "twice", "start": "stage2", "options": {"head": "random"}},
        {"name": "keep", "start": "stage2", "options": {"head": "keep"}},
    ],
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def collections(tmp_path_factory):
    """Folders of ChestX-ray14 and of a manifest."""
    root = tmp_path_factory.mktemp("collections")
    return write_findings(root / "nih"), write_covid(root / "covid")


def run_study(folder, collections, content, *arguments, out="out"):
    """Run a study given by its content; return exit status and results."""
    nih, covid = collections
    file = folder / "small.yaml"
    file.write_text(yaml.safe_dump(content))
    places = ["--nih", str(nih), "--data", str(covid), "--out", str(folder / out)]
    fixed = ["--bundle", str(BUNDLE), "--imagenet", "none", "--device", "cpu"]
    status = main(["study", str(file), *places, *fixed, "--resamples", "40", *arguments])
    return status, json.loads((folder / out / "study.json").read_text())


@pytest.fixture
def study(tmp_path, collections):
    """Run a study given by its content; returns exit status and results."""
    return partial(run_study, tmp_path, collections)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, collections):
    """Folder of the study `SMALL`, which no test changes."""
    folder = tmp_path_factory.mktemp("trained")
    with tiny_densenet():
        assert run_study(folder, collections, SMALL)[0] == 0
    return folder / "out"


@pytest.fixture
def finished(trained, tmp_path):
    """Let the arms of `SMALL` be trained already where ``study`` works."""
    shutil.copytree(trained, tmp_path / "out")


def built(**changes):
    return study_from({**SMALL, **changes}, "study.yaml")

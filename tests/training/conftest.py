"""Fixtures for training with a tiny network on tiny collections."""

import shutil
from collections import Counter

import pytest

from monai_covid.data.datalists import stage3_datalist
from monai_covid.preprocessing import prepare as read
from tests.training.stages import write_covid, write_findings


@pytest.fixture(scope="session")
def covid(tmp_path_factory):
    """Folder of a manifest with 24 pictures."""
    return write_covid(tmp_path_factory.mktemp("covid"))


@pytest.fixture(scope="session")
def nih(tmp_path_factory):
    """Folder in the layout of ChestX-ray14 with 60 pictures."""
    return write_findings(tmp_path_factory.mktemp("nih"))


@pytest.fixture
def images(covid, tmp_path):
    """A datalist whose files a test may change."""
    folder = shutil.copytree(covid, tmp_path / "covid")
    return stage3_datalist(folder, "training")


@pytest.fixture
def reads(monkeypatch):
    """Count how often each file is read."""
    counted = Counter()
    original = read.read_image

    def counting(path):
        counted[str(path)] += 1
        return original(path)

    monkeypatch.setattr(read, "read_image", counting)
    return counted

"""The bundle, and networks with random weights for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from monai_covid.labels import NIH_LABELS
from monai_covid.models.model_file import ModelInfo, save_model
from tests.bundle.offline import no_network
from tests.conftest import REPOSITORY
from tests.models.tiny import tiny_densenet

__all__ = ["no_network"]

SMALL = 64
"""Input size in pixels of the model files, for speed."""


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The bundle's folder."""
    return REPOSITORY / "bundle"


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, which must still be empty afterwards."""
    folder = tmp_path / "working-folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    assert list(folder.iterdir()) == []


def _lively(info: ModelInfo) -> torch.nn.Module:
    # Trained statistics instead of 0 and 1, so that an export that drops them gives other logits.
    with torch.random.fork_rng(), tiny_densenet():
        torch.manual_seed(0)
        network = info.build()
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.running_mean.uniform_(-0.2, 0.2)
                    module.running_var.uniform_(0.8, 1.2)
    return network.eval()


@pytest.fixture(scope="session")
def covid_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model file of a stage-3 network with random weights."""
    info = ModelInfo(image_size=SMALL)
    path = tmp_path_factory.mktemp("covid") / "model.pt"
    save_model(path, _lively(info).state_dict(), info)
    return path


@pytest.fixture(scope="session")
def nih_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model file of a stage-2 network with random weights."""
    info = ModelInfo(labels=NIH_LABELS, image_size=SMALL, multilabel=True)
    path = tmp_path_factory.mktemp("nih") / "model.pt"
    save_model(path, _lively(info).state_dict(), info)
    return path

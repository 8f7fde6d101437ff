"""A model file that audits can be tried with."""

import pytest
import torch

from monai_covid.models.model_file import ModelInfo, save_model
from tests.models.tiny import tiny_densenet


@pytest.fixture(scope="module", autouse=True)
def small(tiny_network):
    """Use the tiny network in all these tests: they are of what is around it."""


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Model file of a stage-3 network with random weights, 64 px."""
    info = ModelInfo(image_size=64)
    path = tmp_path_factory.mktemp("model") / "model.pt"
    with torch.random.fork_rng(), tiny_densenet():
        torch.manual_seed(0)
        save_model(path, info.build().state_dict(), info)
    return path

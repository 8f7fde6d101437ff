"""A model file that audits can be tried with."""

import pytest
import torch

from monai_covid.models.model_file import ModelInfo, save_model


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Model file of a stage-3 network with random weights, 64 px."""
    info = ModelInfo(image_size=64)
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "model.pt"
    save_model(path, info.build().state_dict(), info)
    return path

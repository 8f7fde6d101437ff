"""Servers and a network for the tests against them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from monai_covid.inference.study import StudyPipeline
from monai_covid.models.model_file import ModelInfo, save_model
from monai_covid.models.tensor_names import HEAD
from monai_covid.preprocessing.chains import preprocess_pixels
from tests.dicom.orthanc.hospital import Hospital, hospital
from tests.dicom.orthanc.namespace import require_loopback_only
from tests.dicom.orthanc.programs import require_programs
from tests.dicom.orthanc.studies import picture

SMALL = 64
"""Input size in pixels of the network, for speed."""

CALIBRATED_ON = 8
"""Pictures over which the logits of the random network get mean 0."""

SPREAD = 0.1
"""Standard deviation of the logits over these pictures."""


@pytest.fixture(scope="session", autouse=True)
def isolated() -> None:
    """Refuse to start servers where others could reach them."""
    require_programs()
    require_loopback_only()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model file of a network with random weights."""
    info = ModelInfo(image_size=SMALL)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = info.build().eval()
    path = tmp_path_factory.mktemp("model") / "model.pt"
    save_model(path, _telling_apart(network), info)
    return path


@torch.inference_mode()
def _telling_apart(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    # Random weights say nearly the same of every image; mixed-up results would go unnoticed. Much
    # more spread would enlarge the rounding errors of float32 beyond what is compared.
    pictures = [picture(number).astype(np.float32) for number in range(CALIBRATED_ON)]
    batch = torch.stack([preprocess_pixels(pixels, SMALL, 1) for pixels in pictures])
    logits = network(batch)
    state = network.state_dict()
    factor, mean = SPREAD / logits.std(dim=0), logits.mean(dim=0)
    state[f"{HEAD}.weight"] = state[f"{HEAD}.weight"] * factor[:, None]
    state[f"{HEAD}.bias"] = (state[f"{HEAD}.bias"] - mean) * factor
    return state


@pytest.fixture(scope="session")
def pipeline(model: Path) -> StudyPipeline:
    """The same processing without a network between."""
    return StudyPipeline(model)


@pytest.fixture(scope="session")
def shared(
    isolated: None, tmp_path_factory: pytest.TempPathFactory, model: Path
) -> Iterator[Hospital]:
    """A PACS and a service that tests share and leave running."""
    with hospital(tmp_path_factory.mktemp("hospital"), model) as servers:
        yield servers

"""A model file and images of every format."""

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from monai_covid.models.model_file import ModelInfo, save_model
from tests.dicom.instances import instance, saved
from tests.inference.chests import narrow_chest
from tests.models.tiny import tiny_densenet

SIZE = 64


@pytest.fixture(scope="module", autouse=True)
def small(tiny_network):
    """Use the tiny network in all these tests: they are of what is around it."""


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Model file of a stage-3 network with random weights, 64 px."""
    info = ModelInfo(image_size=SIZE)
    path = tmp_path_factory.mktemp("model") / "model.pt"
    with torch.random.fork_rng(), tiny_densenet():
        torch.manual_seed(0)
        save_model(path, info.build().state_dict(), info)
    return path


@pytest.fixture
def radiographs(tmp_path):
    """One phantom chest, 192 x 160, as PNG, JPEG, DICOM and NIfTI (stored bottom-up)."""
    folder = tmp_path / "radiographs"
    folder.mkdir()
    pixels = narrow_chest()
    Image.fromarray(pixels).save(folder / "a.png")
    Image.fromarray(pixels).save(folder / "b.jpg", quality=100)
    saved(instance(pixels), folder / "c.dcm")
    stored = np.ascontiguousarray(pixels[::-1].T)[..., None]
    affine = np.diag([-0.2, 0.2, 1.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(stored, affine), folder / "d.nii.gz")
    return folder

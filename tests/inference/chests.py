"""Phantom chests in files of every format, as they should be and spoilt."""

from pathlib import Path

import nibabel
import numpy as np
from PIL import Image

from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.preprocessing.suitability.assess import REASONS
from tests.dicom.instances import instance, saved

SUITABLE = ("a.png", "b.jpg", "c", "series/d.nii.gz")
"""The same chest, in the order of tables; b.jpg is another one."""

UPSIDE_DOWN = ("turned.png", "turned.dcm", "turned.nii.gz")
MIRRORED = "mirrored.png"
NOISE = (REASONS["noise"], REASONS["other"])
"""What speaks against ``noise.png``."""


def chest(index: int = 0) -> np.ndarray:
    """Pixels (192, 192) of a phantom."""
    return generate_covid_case(3, index, "pneumonia", PhantomOptions(size=192)).pixels


def narrow_chest(index: int = 0) -> np.ndarray:
    """Pixels (192, 160) of a phantom."""
    return np.asarray(Image.fromarray(chest(index)).resize((160, 192)))


def save_nifti(pixels: np.ndarray, path: Path) -> None:
    """Write pixels, left and posterior positive: the first axis runs to the patient's left."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(pixels.T)[:, :, None], affine), path)


def write_suitable(folder: Path) -> Path:
    """Write PNG, JPEG, DICOM without a suffix and NIfTI of upright chests."""
    (folder / "series").mkdir(parents=True)
    Image.fromarray(chest()).save(folder / "a.png")
    Image.fromarray(chest(1)).save(folder / "b.jpg")
    saved(instance(chest()), folder / "c")
    save_nifti(chest(), folder / "series/d.nii.gz")
    return folder


def write_spoilt(folder: Path) -> Path:
    """Write a chest upside-down in three formats, noise, and a mirrored chest."""
    folder.mkdir(parents=True, exist_ok=True)
    turned = np.ascontiguousarray(np.rot90(chest(), 2))
    Image.fromarray(turned).save(folder / "turned.png")
    saved(instance(turned), folder / "turned.dcm")
    save_nifti(turned, folder / "turned.nii.gz")
    noise = np.random.default_rng(0).integers(0, 256, (160, 160), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    Image.fromarray(np.ascontiguousarray(chest()[:, ::-1])).save(folder / MIRRORED)
    return folder

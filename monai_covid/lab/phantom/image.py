"""A synthetic radiograph with its ground truth, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_covid.lab.phantom.formulas import BoolArray
from monai_covid.lab.phantom.patient import Sex, View


@dataclass(frozen=True, eq=False)
class PhantomImage:
    """A synthetic radiograph with its ground truth; all arrays are (H, W).

    Attributes:
        pixels: Grey values, 0 to 255; air is dark (MONOCHROME2).
        lesion_mask: Where the findings change the attenuation.
        text_mask: Where letters are burnt in.
        lung_mask: Where lung is seen in the chest without its findings.
        label: Class of the COVID set, or the findings of the NIH set joined by ``|``.
        findings: Findings that were drawn; empty for a healthy chest.
        view: AP or PA.
        sex: F or M.
        age: Age in years.
        patient_id: Number of the patient within the data set.
        words: What is burnt in, in no particular order.
        pixel_spacing: Millimetres per pixel at the patient.
    """

    pixels: NDArray[np.uint8]
    lesion_mask: BoolArray
    text_mask: BoolArray
    lung_mask: BoolArray
    label: str
    findings: tuple[str, ...]
    view: View
    sex: Sex
    age: int
    patient_id: int
    words: tuple[str, ...]
    pixel_spacing: float


def save_image(folder: Path, name: str, image: PhantomImage) -> None:
    """Write ``images/<name>`` and ``masks/<stem>_{lesion,text,lung}.png`` into ``folder``.

    Masks are eight-bit PNGs of 0 and 255.
    """
    for part in ("images", "masks"):
        (folder / part).mkdir(exist_ok=True)
    Image.fromarray(image.pixels).save(folder / "images" / name)
    masks = {"lesion": image.lesion_mask, "text": image.text_mask, "lung": image.lung_mask}
    for kind, mask in masks.items():
        path = folder / "masks" / f"{Path(name).stem}_{kind}.png"
        Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(path)

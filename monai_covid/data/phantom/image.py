"""What the generator returns for one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.phantom.arrays import BoolArray
from monai_covid.data.phantom.patient import Sex, View


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

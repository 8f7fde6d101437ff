"""The finding of each label, and the sum of several findings in one chest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from monai_covid.lab.phantom.anatomy import Anatomy
from monai_covid.lab.phantom.findings.airspace import (
    consolidation,
    covid_ground_glass,
    edema,
    infiltration,
    lobar_pneumonia,
)
from monai_covid.lab.phantom.findings.focal import hernia, mass, nodule
from monai_covid.lab.phantom.findings.pleura import effusion, pleural_thickening, pneumothorax
from monai_covid.lab.phantom.findings.volume import atelectasis, cardiomegaly, emphysema, fibrosis
from monai_covid.lab.phantom.formulas import FloatArray
from monai_covid.lab.phantom.randomness import Stream, random_stream

Finding = Callable[[Anatomy, np.random.Generator], FloatArray]
"""Returns what a finding adds to the attenuation, (H, W); it may be negative."""

COVID_PATTERN = "covid19"

FINDINGS: Mapping[str, Finding] = MappingProxyType(
    {
        "Atelectasis": atelectasis,
        "Cardiomegaly": cardiomegaly,
        "Effusion": effusion,
        "Infiltration": infiltration,
        "Mass": mass,
        "Nodule": nodule,
        "Pneumonia": lobar_pneumonia,
        "Pneumothorax": pneumothorax,
        "Consolidation": consolidation,
        "Edema": edema,
        "Emphysema": emphysema,
        "Fibrosis": fibrosis,
        "Pleural_Thickening": pleural_thickening,
        "Hernia": hernia,
        COVID_PATTERN: covid_ground_glass,
    }
)
"""The finding of each label; labels without a finding are absent."""

LEAST_CHANGE = 0.025
"""Change of attenuation below which nothing is drawn, so that a lesion has a definite outline."""


def render_findings(
    anatomy: Anatomy, names: Sequence[str], seed: int, image: tuple[int, int], conspicuity: float
) -> FloatArray:
    """Return what all findings together add to the attenuation.

    Args:
        anatomy: The healthy chest.
        names: Keys of ``FINDINGS``.
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
        conspicuity: Factor on the attenuation.

    Returns:
        Array (H, W), exactly 0 outside the lesions.
    """
    order = list(FINDINGS)
    total = np.zeros(anatomy.grid.shape)
    for name in names:
        random = random_stream(seed, Stream.FINDING, *image, order.index(name))
        total += conspicuity * FINDINGS[name](anatomy, random)
    shrunk: FloatArray = np.sign(total) * np.maximum(0.0, np.abs(total) - LEAST_CHANGE)
    return shrunk

"""Phantom radiographs, drawn once."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monai_covid.lab.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS

FRESH = 90210
"""A seed that nothing was built with."""


@pytest.fixture(scope="session")
def phantoms() -> dict[str, NDArray[np.uint8]]:
    options = PhantomOptions(size=256, vary_shape=True)
    drawn = {
        f"{label} {index}": generate_covid_case(FRESH, index, label, options).pixels
        for label in COVID_LABELS
        for index in range(3)
    }
    findings = ["Effusion", "Mass"]
    return drawn | {"nih": generate_nih_case(FRESH, 0, findings, options).pixels}

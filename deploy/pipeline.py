"""The processing of studies, with the network loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from monai_covid.dicom.results.instances import RESULT_KINDS
from monai_covid.inference.study import StudyPipeline
from monai_covid.models.default_model import find_model


def load_pipeline(
    path: Path,
    device: str | None = None,
    results: Sequence[str] = RESULT_KINDS,
    *,
    keep_unsuitable: bool = False,
    trust_photometric: bool = False,
) -> StudyPipeline:
    """Load the model that ``path`` means.

    Args:
        path: A model file or a folder with one, see `find_model`.
        device: Where to compute; None: on a GPU if there is one.
        results: Which kinds of results are made.
        keep_unsuitable: Process images that do not look like an upright frontal chest radiograph
            too.
        trust_photometric: Take MONOCHROME2 with the Presentation LUT Shape INVERSE for MONOCHROME2.

    Raises:
        OptionError: If there is no model file.
        WeightsError: If it cannot be used.
    """
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return StudyPipeline(
        find_model(path),
        device,
        results,
        keep_unsuitable=keep_unsuitable,
        trust_photometric=trust_photometric,
    )

"""What the service ought to answer, from the library without servers."""

from collections.abc import Iterable, Mapping

import pytest
from pydicom.dataset import Dataset

from monai_covid.inference.study import StudyPipeline
from monai_covid.labels import display_name

TOLERANCE = 1e-6
"""Of probabilities, which reports hold with 8 decimals."""


def probabilities(
    pipeline: StudyPipeline, datasets: Iterable[Dataset]
) -> dict[str, dict[str, float]]:
    """Probabilities by shown name of the class, by SOP Instance UID of the image."""
    answers = {}
    for dataset in datasets:
        (finding,) = pipeline.infer(pipeline.select([dataset]).images)
        names = [display_name(label) for label in finding.labels]
        answers[str(dataset.SOPInstanceUID)] = dict(zip(names, finding.probabilities, strict=True))
    return answers


def close_to(values: Mapping[str, float]) -> object:
    """What equals ``values`` within the tolerance."""
    return pytest.approx(dict(values), rel=0, abs=TOLERANCE)

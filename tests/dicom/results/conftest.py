"""A finding in a radiograph, and what is made of it."""

import numpy as np
import pytest

from monai_covid.dicom.results.algorithm import Algorithm
from monai_covid.dicom.results.finding import ImageFinding
from monai_covid.dicom.results.instances import result_instances
from monai_covid.dicom.results.source import source_header
from monai_covid.labels import known_labels
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph

LABELS = ("covid19", "pneumonia", "normal")
PROBABILITIES = (0.71234567, 0.2, 0.08765433)
ALGORITHM = Algorithm("0123456789abcdef" * 4)


def found_in(dataset, labels=LABELS, probabilities=PROBABILITIES, explained="covid19"):
    """A finding in ``dataset``; its relevance rises from the top left to 1 at the bottom right."""
    rows, columns = dataset.Rows, dataset.Columns
    down, right = np.mgrid[0:rows, 0:columns]
    relevance = (down + right) / (rows + columns - 2)
    overlay = np.zeros((90, 60, 3), np.uint8)
    overlay[:, :, 0] = np.arange(60)
    overlay[:, :, 1] = np.arange(90)[:, None]
    return ImageFinding(
        header=source_header(dataset),
        classes=known_labels(labels),
        probabilities=probabilities,
        explained=explained,
        relevance=relevance.astype(np.float32),
        overlay=overlay,
    )


def by_modality(instances):
    """The results of one image by their modality: SR, PR, OT (secondary capture), SEG."""
    return {each.Modality: each for each in instances}


@pytest.fixture(params=["CR", "DX"])
def source(request):
    """A chest radiograph of either kind."""
    return radiograph(PEOPLE[0], "results", modality=request.param)


@pytest.fixture
def results(source):
    """Its results by modality."""
    return by_modality(result_instances(found_in(source), ALGORITHM))

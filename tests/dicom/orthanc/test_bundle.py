"""The same pixels as PNG through the bundle and as DICOM through the service."""

from pathlib import Path

import monai.bundle
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from monai_covid.labels import COVID_LABELS, display_name
from tests.conftest import REPOSITORY
from tests.dicom.orthanc import reports
from tests.dicom.orthanc.expected import TOLERANCE
from tests.dicom.orthanc.hospital import Hospital
from tests.dicom.orthanc.people import numbered
from tests.dicom.orthanc.results import awaited, by_kind
from tests.dicom.orthanc.studies import picture, radiograph, save

pytestmark = pytest.mark.pacs

VARIANTS = (("CR", False), ("CR", True), ("DX", False), ("DX", True))
"""Modality, and whether the stored values are inverted."""


@pytest.fixture
def of_the_bundle(model: Path, tmp_path: Path) -> pd.DataFrame:
    """Probabilities that inference.yaml writes, by file name."""
    folder = tmp_path / "png"
    folder.mkdir()
    for number in range(len(VARIANTS)):
        Image.fromarray(picture(number)).save(folder / f"{number}.png")
    monai.bundle.run(
        config_file=str(REPOSITORY / "bundle/configs/inference.yaml"),
        bundle_root=str(REPOSITORY / "bundle"),
        dataset_dir=str(folder),
        output_dir=str(tmp_path / "predictions"),
        checkpoint=str(model),
        device="cpu",
        progress=False,
        logging_file=False,
    )
    return pd.read_csv(tmp_path / "predictions/predictions.csv", index_col="image")


def test_bundle_and_service_say_the_same(
    of_the_bundle: pd.DataFrame, shared: Hospital, tmp_path: Path
) -> None:
    people = numbered(len(VARIANTS), "BUNDLE")
    sources = [
        radiograph(
            people[number], "bundle", modality=modality, number=number, inverted=inverted, bits=8
        )
        for number, (modality, inverted) in enumerate(VARIANTS)
    ]
    shared.store(save(sources, tmp_path / "dicom"))
    columns = [f"probability_{label}" for label in COVID_LABELS]
    for number, source in enumerate(sources):
        results = by_kind(awaited(shared.orthanc, source.StudyInstanceUID))
        said = reports.read_by_highdicom(results["report"].content).probabilities
        served = [said[display_name(label)] for label in COVID_LABELS]
        bundled = of_the_bundle.loc[f"{number}.png", columns].astype(float)
        np.testing.assert_allclose(served, bundled, rtol=0, atol=TOLERANCE)
    # The test must be able to fail: the pictures are told apart.
    assert of_the_bundle["probability_covid19"].diff().abs().min() > 1000 * TOLERANCE

"""An image for setting up everything that the first study would have to wait for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from monai_covid.dicom.results import source_header
from monai_covid.dicom.results.uids import derived_uid

SIDE = 512


def rehearsal_image() -> tuple[Dataset, NDArray[np.float32]]:
    """Return header and pixels of an image of nobody."""
    image = Dataset()
    image.SOPClassUID = ComputedRadiographyImageStorage
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(image, keyword, derived_uid("rehearsal", keyword))
    image.Modality = "CR"
    image.PatientOrientation, image.ImagerPixelSpacing = ["L", "F"], [0.7, 0.7]
    image.Rows = image.Columns = SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    pixels = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    return source_header(image), pixels

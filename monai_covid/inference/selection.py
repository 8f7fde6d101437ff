"""Which images of a study are processed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.dicom.results.source import source_header
from monai_covid.dicom.study import Refusal, StudyError, patient_of
from monai_covid.errors import ImageReadError
from monai_covid.preprocessing.suitability.assess import assess


class EligibleImage(NamedTuple):
    """An image that is processed.

    Attributes:
        header: Its header, as `source_header` makes it.
        pixels: Displayed grey values (H, W) float32, larger is brighter.
        file: The file it was in, where there was one.
        cautions: What a reader should know of it, in plain words.
    """

    header: Dataset
    pixels: NDArray[np.float32]
    file: Path | None = None
    cautions: tuple[str, ...] = ()


class Selection(NamedTuple):
    """The images of a study, sorted out.

    Attributes:
        images: Those that are processed.
        refusals: The others.
    """

    images: tuple[EligibleImage, ...]
    refusals: tuple[Refusal, ...]


def read_headers(files: Sequence[Path]) -> tuple[list[Dataset], list[Refusal]]:
    """Return the headers of files, and a refusal for each that is no DICOM image.

    Raises:
        OSError: If a file cannot be read although it is there.
    """
    datasets, unreadable = [], []
    for file in files:
        try:
            datasets.append(read_header(file))
        except ImageReadError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from error
            unreadable.append(Refusal("", _without_place(error, file), file))
    return datasets, unreadable


def select_images(datasets: Iterable[Dataset], *, keep_unsuitable: bool = False) -> Selection:
    """Sort out which instances of a study are processed, and read their pixels.

    Args:
        datasets: Headers as `read_headers` makes them, or whole instances.
        keep_unsuitable: Process images whose pixels do not look like an upright frontal chest
            radiograph too, with a caution.

    Raises:
        StudyError: If the instances belong to several studies or patients.
    """
    datasets = list(datasets)
    _check_one_patient(datasets)
    images: dict[str, EligibleImage] = {}
    refusals = []
    for dataset in datasets:
        uid = str(dataset.get("SOPInstanceUID") or "")
        file = _file_of(dataset)
        if uid in images:
            refusals.append(Refusal(uid, "is there twice; the first one is processed", file))
            continue
        try:
            images[uid] = _eligible(dataset, keep_unsuitable)
        except (ImageReadError, StudyError) as error:
            refusals.append(Refusal(uid, _without_place(error, file), file))
    return Selection(tuple(images.values()), tuple(refusals))


def _check_one_patient(datasets: Sequence[Dataset]) -> None:
    # Without a study an instance is refused, whoever's it is.
    known = [each for each in datasets if each.get("StudyInstanceUID")]
    found = {(str(each.StudyInstanceUID), *patient_of(each)) for each in known}
    if len(found) > 1:
        raise StudyError(
            f"the {len(datasets)} instances belong to {len(found)} different studies or patients; "
            "one study of one patient is processed at a time"
        )


def _eligible(dataset: Dataset, keep_unsuitable: bool) -> EligibleImage:
    reasons = ineligibility(dataset)
    if reasons:
        raise ImageReadError("; ".join(reasons))
    header, pixels = source_header(dataset), read_radiograph(dataset)
    suitability = assess(pixels)
    if suitability.suitable or keep_unsuitable:
        cautions = (*suitability.reasons, *suitability.cautions)
        return EligibleImage(header, pixels, _file_of(dataset), cautions)
    raise ImageReadError("; ".join(reason.rstrip(".") for reason in suitability.reasons))


def _file_of(dataset: Dataset) -> Path | None:
    file = getattr(dataset, "filename", None)
    return Path(file) if isinstance(file, str | Path) and str(file) else None


def _without_place(error: Exception, file: Path | None) -> str:
    """Return the message of ``error`` without the file that a refusal names by itself."""
    return str(error).removeprefix(f"{file}: ")

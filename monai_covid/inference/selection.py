"""Which images of a study are processed: by their headers first, then by their pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pydicom.dataset import Dataset

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.pixel_checks import header_cautions
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.dicom.results.source import source_header
from monai_covid.dicom.study import Refusal, StudyError, patient_of
from monai_covid.errors import ImageReadError
from monai_covid.inference.image import Radiograph, radiograph_of


class EligibleImage(NamedTuple):
    """An image that is processed.

    Attributes:
        header: Its header, as `source_header` makes it.
        radiograph: What was decoded and assessed.
        file: The file it was in, where there was one.
    """

    header: Dataset
    radiograph: Radiograph
    file: Path | None = None


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


def select_images(
    datasets: Iterable[Dataset],
    *,
    keep_unsuitable: bool = False,
    trust_photometric: bool = False,
    known: Mapping[Path, Selection] = MappingProxyType({}),
) -> Selection:
    """Sort out which instances of a study are processed, and read their pixels.

    Args:
        datasets: Headers as `read_headers` makes them, or whole instances.
        keep_unsuitable: Process images whose pixels do not look like an upright frontal chest
            radiograph too, with a caution.
        trust_photometric: As for `read_radiograph`.
        known: What became of single files when they were selected before; their pixels are not
            read again.

    Raises:
        StudyError: If the instances belong to several studies or patients.
    """
    datasets = list(datasets)
    _check_one_patient(datasets)
    images: dict[str, EligibleImage] = {}
    refusals: list[Refusal] = []
    for dataset in datasets:
        uid = str(dataset.get("SOPInstanceUID") or "")
        file = _file_of(dataset)
        if uid in images:
            refusals.append(Refusal(uid, "is there twice; the first one is processed", file))
            continue
        before = known.get(file) if file is not None else None
        selection = before or _select(dataset, uid, file, keep_unsuitable, trust_photometric)
        for image in selection.images:
            images[uid] = image._replace(file=file)
        refusals += [refusal._replace(file=file) for refusal in selection.refusals]
    return Selection(tuple(images.values()), tuple(refusals))


def _check_one_patient(datasets: Sequence[Dataset]) -> None:
    # Without a study an instance is refused, whoever's it is.
    identified = [each for each in datasets if each.get("StudyInstanceUID")]
    studies = {(str(each.StudyInstanceUID), *patient_of(each)) for each in identified}
    if len(studies) > 1:
        raise StudyError(
            f"the {len(datasets)} instances belong to {len(studies)} different studies or "
            "patients; one study of one patient is processed at a time"
        )


def _select(
    dataset: Dataset, uid: str, file: Path | None, keep_unsuitable: bool, trust_photometric: bool
) -> Selection:
    try:
        image = _eligible(dataset, file, keep_unsuitable, trust_photometric)
    except (ImageReadError, StudyError) as error:
        return Selection((), (Refusal(uid, _without_place(error, file), file),))
    return Selection((image,), ())


def _eligible(
    dataset: Dataset, file: Path | None, keep_unsuitable: bool, trust_photometric: bool
) -> EligibleImage:
    reasons = ineligibility(dataset, trust_photometric)
    if reasons:
        raise ImageReadError("; ".join(reasons))
    header = source_header(dataset)
    name = str(file or header.SOPInstanceUID)
    cautions = header_cautions(dataset)
    pixels = read_radiograph(dataset, trust_photometric)
    radiograph = radiograph_of(pixels, name, cautions=cautions)
    if radiograph.unsuitable and not keep_unsuitable:
        raise ImageReadError("; ".join(each.rstrip(".") for each in radiograph.unsuitable))
    return EligibleImage(header, radiograph, file)


def _file_of(dataset: Dataset) -> Path | None:
    file = getattr(dataset, "filename", None)
    return Path(file) if isinstance(file, str | Path) and str(file) else None


def _without_place(error: Exception, file: Path | None) -> str:
    """Return the message of ``error`` without the file that a refusal names by itself."""
    return str(error).removeprefix(f"{file}: ")

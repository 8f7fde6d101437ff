"""Can results refer to it?"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import config
from pydicom.dataset import Dataset
from pydicom.uid import UID

from monai_covid.dicom.layout import named

_NEEDED = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_MAXIMUM_LENGTH = 64


def identifier_problems(dataset: Dataset) -> Iterator[str]:
    """Say which identifiers that results refer to are missing or unusable.

    The values are not shown, because they tell which patient it is to who can search the archive.
    """
    for keyword in _NEEDED:
        value = str(dataset.get(keyword) or "")
        if not value:
            yield f"{named(keyword)} is missing or empty; results refer to it"
        elif not UID(value, validation_mode=config.IGNORE).is_valid:
            yield (
                f"{named(keyword)} is not a UID ({len(value)} characters); numbers without "
                f"leading zeros and dots, {_MAXIMUM_LENGTH} characters at most, are needed"
            )

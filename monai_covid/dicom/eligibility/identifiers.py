"""Can results refer to it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.dataset import Dataset

from monai_covid.dicom.layout import named

_NEEDED = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_MAXIMUM_LENGTH = 64


def identifier_problems(dataset: Dataset) -> Iterator[str]:
    """Say which identifiers that results refer to are missing or unusable.

    The values are not shown, because they tell which patient it is to who can search the archive.
    """
    for keyword in _NEEDED:
        value = str(dataset.get(keyword) or "")
        if not value:
            yield f"{named(keyword)} is missing or empty; results refer to it"
        elif not _UID.fullmatch(value) or len(value) > _MAXIMUM_LENGTH:
            yield (
                f"{named(keyword)} is not a UID ({len(value)} characters); digits and dots, "
                f"{_MAXIMUM_LENGTH} at most, are needed"
            )

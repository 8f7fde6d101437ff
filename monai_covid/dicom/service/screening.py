"""What is known of an image before it is acknowledged: whether it can be read and is processed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.reading.header import read_header
from monai_covid.dicom.reading.layout import named
from monai_covid.dicom.reading.pixel_checks import header_problems, kind_problems
from monai_covid.dicom.service.acceptance import CANNOT_UNDERSTAND, MISMATCH, RefusedError
from monai_covid.errors import ImageReadError


class Screening:
    """Looks at an image as processing will, all but its decoded pixels.

    An image of a kind that is not processed, such as a lateral view, is taken all the same: who
    routes everything must not be held up. One that is of the right kind and cannot be read for its
    header or the structure of its frame is refused, so that the sender knows.
    """

    def __init__(
        self, not_processed: Callable[[str], None], *, trust_photometric: bool = False
    ) -> None:
        """Call ``not_processed`` with the reason why an image that is taken will not be.

        Args:
            not_processed: Is told the first reason.
            trust_photometric: As for `header_problems`.
        """
        self._trust_photometric = trust_photometric
        self._not_processed = not_processed
        # One at a time, so that no more than one image is held for it.
        self._lock = Lock()

    def __call__(self, file: Path) -> None:
        """Look at the image in ``file``.

        Raises:
            RefusedError: It is of the right kind and cannot be read.
            OSError: The file cannot be opened.
        """
        with self._lock:
            reasons = _reasons(file, self._trust_photometric)
        if reasons:
            self._not_processed(reasons[0])


def _reasons(file: Path, trust_photometric: bool) -> list[str]:
    """Return why the image is of a kind that is not processed.

    Raises:
        RefusedError: It is of the right kind and cannot be read.
    """
    try:
        dataset = read_header(file)
    except ImageReadError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
        reason = str(error).removeprefix(f"{file}: ")
        raise RefusedError(CANNOT_UNDERSTAND, "unreadable", reason) from error
    defects = header_problems(dataset, trust_photometric)
    reasons = ineligibility(dataset, trust_photometric)
    others = [*kind_problems(dataset), *(one for one in reasons if one not in defects)]
    if others or not defects:
        return others
    broken_pixels = defects[0].startswith(named("PixelData"))
    status = CANNOT_UNDERSTAND if broken_pixels else MISMATCH
    raise RefusedError(status, "unreadable", "; ".join(defects))

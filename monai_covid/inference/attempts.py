"""Steps that one image can fail at without costing the others their results."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from pydicom.dataset import Dataset

from monai_covid.dicom.study import Refusal, StudyError

NOT_THE_IMAGE = (MemoryError, OSError, torch.OutOfMemoryError, StudyError)
"""Errors that come out as they are: memory and disks may be there again later, and an error of the
study concerns all its images."""


class OfAnImage(Protocol):
    """What belongs to one image, such as its pixels or what was found in them."""

    @property
    def header(self) -> Dataset:
        """Header of the image."""


T = TypeVar("T", bound=OfAnImage)
R = TypeVar("R")


def one_by_one(step: Callable[[T], R], images: Iterable[T]) -> tuple[list[R], tuple[Refusal, ...]]:
    """Apply ``step`` to each of ``images``.

    Headers hold everything; one that no check knows must not cost the others their results.

    Returns:
        What the step returned, and a refusal for each image at which it failed unexpectedly.

    Raises:
        MemoryError, OSError, StudyError: Of the step, see ``NOT_THE_IMAGE``.
    """
    done, failed = [], []
    for image in images:
        try:
            done.append(step(image))
        except NOT_THE_IMAGE:
            raise
        except Exception as error:
            uid, file = str(image.header.SOPInstanceUID), getattr(image, "file", None)
            failed.append(Refusal(uid, _place_of(error), file, failed=True))
    return done, tuple(failed)


def _place_of(error: Exception) -> str:
    """Return kind and place of an error; its text may hold patient data."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}"
    return f"fails unexpectedly: {type(error).__name__} in {place}"

"""Images to classify, among which some may be unreadable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from monai.transforms import Compose
from torch.utils.data import Dataset

from monai_covid.data.images import find_images
from monai_covid.errors import ImageReadError, InputError, Problem, caused_by


def folder_datalist(folder: Path | str) -> list[dict[str, str]]:
    """Return the images below ``folder`` (PNG, JPEG, DICOM, NIfTI and others) as a datalist.

    A single file may be given instead of a folder.

    Returns:
        Items with ``image`` (path) and ``name`` (path relative to the folder).

    Raises:
        InputError: If there is no such folder, or no image in it.
    """
    folder = Path(folder)
    if folder.is_file():
        return [{"image": str(folder), "name": folder.name}]
    if not folder.is_dir():
        raise InputError([Problem(folder, None, "no such file or folder")])
    images = find_images(folder)
    if not images:
        raise InputError([Problem(folder, None, "no images found (PNG, JPEG, DICOM, NIfTI, …)")])
    return [{"image": str(path), "name": str(path.relative_to(folder))} for path in images]


class ReadableOrNot(Dataset[dict[str, Any]]):
    """Preprocessed images; an unreadable one becomes a black image with the reason.

    Args:
        data: Items with ``image`` (path) and ``name``.
        transform: Preprocessing, from path to ``(C, S, S)``.
        channels: C.
        size: S.
    """

    def __init__(
        self, data: Sequence[dict[str, Any]], transform: Compose, channels: int, size: int
    ) -> None:
        """Note what to read."""
        self.data = list(data)
        self.transform = transform
        self.shape = (channels, size, size)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return ``image``, ``label`` (always 0), ``name`` and ``error`` (empty if readable)."""
        item = self.data[index]
        try:
            image, error = self.transform({"image": item["image"]})["image"], ""
        except Exception as failure:
            unreadable = caused_by(failure, (ImageReadError,))
            if unreadable is None:
                raise
            image, error = torch.zeros(self.shape), str(unreadable)
        return {"image": image, "label": 0, "name": item["name"], "error": error}

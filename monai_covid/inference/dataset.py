"""Images to classify, among which some may be unreadable."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.transforms import Compose
from torch.utils.data import Dataset

from monai_covid.data.images import find_images
from monai_covid.errors import ImageReadError, InputError, Problem, caused_by
from monai_covid.inference.assessing import CAUTIONS, UNSUITABLE, with_caution
from monai_covid.inference.shown import BOX, WHOLE, fallback_caution


def datalist_of(paths: Sequence[Path | str]) -> list[dict[str, str]]:
    """Return several files and the images below several folders as one datalist.

    Images of a single folder are named by their path from that folder on, all others by their path
    as it is given. A file that is given twice is taken once.

    Raises:
        InputError: Naming every path that does not exist or holds no image.
    """
    items: list[dict[str, str]] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found = folder_datalist(path)
        except InputError as error:
            problems += error.problems
            continue
        is_alone = len(paths) == 1 and Path(path).is_dir()
        items += found if is_alone else [{**item, "name": item["image"]} for item in found]
    if problems:
        raise InputError(problems)
    return list({Path(item["image"]).resolve(): item for item in items}.values())


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
        transform: Preprocessing, from path to ``(C, S, S)``; with `assessed_transforms` it is asked
            whether the image is suitable.
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
        """Return ``image``, ``label`` (always 0) and texts.

        These are ``name``, ``path``, ``error``, ``unsuitable`` and ``cautions``; the last three are
        empty where there is nothing to say or nothing was asked. ``box``: what of the image is
        shown, see `box_of`.
        """
        item = self.data[index]
        sample: dict[Hashable, Any] = {"image": item["image"]}
        error = ""
        try:
            sample = self.transform(sample)
        except Exception as failure:
            unreadable = caused_by(failure, (ImageReadError,))
            if unreadable is None:
                raise
            sample, error = {"image": torch.zeros(self.shape)}, str(unreadable)
        known = {"name": item["name"], "path": str(item["image"]), "error": error}
        asked = {what: sample.get(what, "") for what in (UNSUITABLE, CAUTIONS)}
        fallback = sample.get("image_fallback", "")
        if fallback:
            asked[CAUTIONS] = with_caution(asked[CAUTIONS], fallback_caution(fallback))
        box = sample.get("image_box", WHOLE)
        return {"image": sample["image"], "label": 0, BOX: box, **known, **asked}

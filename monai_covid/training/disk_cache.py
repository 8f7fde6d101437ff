"""Preprocessed images on disk, for this run and later ones."""

from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose
from torch.utils.data import Dataset

from monai_covid.data.files import atomic_path
from monai_covid.errors import OptionError

logger = logging.getLogger(__name__)


class DiskCache(Dataset[dict[str, Any]]):
    """Items whose transform is run once; the results are kept in files.

    MONAI's ``PersistentDataset`` is not used because a run killed while it copies a result from
    the temporary folder to another disk leaves half a file, at which every later run stops.

    Args:
        data: Items with a path under ``image``.
        transform: Deterministic transforms.
        folder: Results of different transforms are kept apart in it.

    Raises:
        OptionError: If the folder cannot be made.
    """

    def __init__(
        self, data: Sequence[Mapping[str, Any]], transform: Compose, folder: str | Path
    ) -> None:
        """Make the folder."""
        self.data = data
        self.transform = transform
        self.folder = Path(folder) / transform_hash(transform)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(
                f"--cache_dir {folder}: cannot be written to ({error.strerror})"
            ) from error

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return the transformed item."""
        item = self.data[index]
        if not Path(item["image"]).is_file():
            return self._transformed(item)  # which says what is wrong
        file = self.folder / f"{item_hash(item)}.pt"
        cached = _read(file)
        if cached is None:
            cached = self._transformed(item)
            with atomic_path(file) as temporary:
                torch.save(cached, temporary)
        return cached

    def _transformed(self, item: Mapping[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self.transform(dict(item))
        return result


def _read(file: Path) -> dict[str, Any] | None:
    if not file.is_file():
        return None
    try:
        content: dict[str, Any] = torch.load(file, weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        logger.warning("%s: damaged, rebuilt (%s)", file, error)
        return None
    return content


def item_hash(item: Mapping[str, Any]) -> str:
    """Return the key of an item: its fields, and its file's size and modification time."""
    stat = Path(item["image"]).stat()
    described = repr((sorted(item.items()), stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(described.encode()).hexdigest()


def transform_hash(transform: Compose) -> str:
    """Return a short hash of the transforms' classes and plain settings."""
    described = [(type(step).__name__, _plain(vars(step))) for step in transform.transforms]
    return hashlib.sha256(repr(described).encode()).hexdigest()[:16]


def _plain(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    plain = (str, int, float, bool, tuple, list, type(None))
    arrays = {
        name: value.tolist()
        for name, value in settings.items()
        if isinstance(value, (torch.Tensor, np.ndarray))
    }
    simple = {name: value for name, value in settings.items() if isinstance(value, plain)}
    return sorted((name, repr(value)) for name, value in {**simple, **arrays}.items())

"""Radiographs for training: the deterministic part cached, the random part new each epoch."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.data import CacheDataset
from monai.transforms import Compose
from monai.transforms.traits import RandomizableTrait
from torch.utils.data import Dataset

from monai_covid.errors import ImageReadError, caused_by
from monai_covid.preprocessing.prepare import looks_for_lungs
from monai_covid.training.disk_cache import DiskCache
from monai_covid.training.relevance_guidance import LUNG_MASK

logger = logging.getLogger(__name__)

GIGABYTE = 2**30

BATCHED = ("image", "label", "name", "patient_id")
"""Fields of an item that every datalist has and that are put together into batches."""


class RadiographDataset(Dataset[dict[str, Any]]):
    """A datalist with its preprocessing.

    The transforms before the first random one run once an image; their results are kept in memory
    up to ``cache_gb``, or on disk in ``cache_dir``. The others run at each access, seeded by
    (seed, epoch, index) and by the repetition, where an epoch takes an image several times, so that
    results depend neither on the number of workers or processes nor
    on whether the run was interrupted.

    Args:
        data: Items with ``image`` (path), ``label``, ``name`` and ``patient_id``.
        transform: The whole chain, deterministic transforms first.
        seed: Seed of the random transforms.
        cache_gb: Memory for cached images in GiB; images beyond it are read at each access. The
            first image is read once more, to learn its size.
        cache_dir: Folder for a cache on disk instead, which later runs reuse. An entry belongs to
            the file's path, size and modification time and to the transforms.
        cache_threads: Threads that fill the memory cache.
        progress: Whether to show a progress bar while the memory cache is filled.
    """

    def __init__(
        self,
        data: Sequence[Mapping[str, Any]],
        transform: Compose,
        *,
        seed: int = 0,
        cache_gb: float = 4.0,
        cache_dir: str | Path | None = None,
        cache_threads: int = 2,
        progress: bool = True,
    ) -> None:
        """Note what to read; nothing is read before :meth:`prepare` or the first access."""
        self.data = [dict(item) for item in data]
        self.transform = transform
        self.seed = seed
        self.cache_gb = cache_gb
        self.cache_dir = cache_dir
        self.cache_threads = cache_threads
        self.progress = progress
        first = _first_random(transform)
        self._deterministic = Compose(transform.transforms[:first])
        self._random = Compose(transform.transforms[first:])
        self._cache: Dataset[Any] | None = None

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.data)

    def __getitem__(self, key: int | tuple[int, int] | tuple[int, int, int]) -> dict[str, Any]:
        """Return an item with its preprocessed image.

        Args:
            key: ``(epoch, index)``, or the index alone for epoch 0; with the repetition for an
                image that the epoch took before.
        """
        epoch, index, *repetition = key if isinstance(key, tuple) else (0, key)
        return self._varied(self._preprocessed(index), epoch, index, *repetition)

    def views(self, epoch: int, index: int, count: int) -> list[dict[str, Any]]:
        """Return an item several times, each with random transforms of its own.

        The first is the item ``(epoch, index)``, the others are its repetitions.
        """
        cached = self._preprocessed(index)
        return [self._varied(cached, epoch, index, repetition) for repetition in range(count)]

    def _varied(
        self, cached: dict[str, Any], epoch: int, index: int, repetition: int = 0
    ) -> dict[str, Any]:
        """Return a preprocessed item after the random transforms of one access."""
        item = {name: cached[name] for name in (*BATCHED, LUNG_MASK) if name in cached}
        item["label"] = torch.as_tensor(item["label"])
        self._random.set_random_state(seed=transform_seed(self.seed, epoch, index, repetition))
        result: dict[str, Any] = self._random(item)
        return result

    def prepare(self) -> None:
        """Fill the cache, and say in how many images lungs were looked for in vain.

        Raises:
            RuntimeError: Caused by an ImageReadError, for an image that cannot be read.
            OptionError: If ``cache_dir`` cannot be made.
        """
        if self._cache is None:
            self._cache = self._disk_cache() if self.cache_dir else self._memory_cache()
            if looks_for_lungs(self._deterministic) and (self.cache_dir or self.cache_gb > 0):
                self._say_fallbacks()

    def _say_fallbacks(self) -> None:
        items = map(self._preprocessed, range(len(self)))
        missed = sum(bool(item["image_fallback"]) for item in items)
        logger.info("Lungs not found in %d of %d images: used whole", missed, len(self))

    def _preprocessed(self, index: int) -> dict[str, Any]:
        self.prepare()
        assert self._cache is not None
        try:
            item: dict[str, Any] = self._cache[index]
        except RuntimeError as error:
            # A loader process passes on the error itself, but not its cause.
            cause = caused_by(error, (ImageReadError,))
            if cause is None:
                raise
            raise ImageReadError(str(cause)) from None
        return item

    def _memory_cache(self) -> Dataset[Any]:
        return CacheDataset(  # type: ignore[no-any-return]
            self.data,
            self._deterministic,
            cache_num=self._images_that_fit(),
            num_workers=self.cache_threads,
            progress=self.progress,
            copy_cache=False,
        )

    def _disk_cache(self) -> Dataset[Any]:
        assert self.cache_dir is not None
        return DiskCache(self.data, self._deterministic, self.cache_dir)

    def _images_that_fit(self) -> int:
        if not self.data or self.cache_gb <= 0:
            return 0
        item = self._deterministic(dict(self.data[0]))
        size = sum(value.nbytes for value in item.values() if isinstance(value, torch.Tensor))
        return min(len(self.data), int(self.cache_gb * GIGABYTE / max(size, 1)))


def cache_share(
    cache_gb: float, own: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]
) -> float:
    """Return a data set's part of the memory that a run may use for cached images, in GiB.

    The processes of a machine and the run's two data sets share it, so that all together stay
    within ``cache_gb``.

    Args:
        cache_gb: Memory for the whole run on this machine in GiB.
        own: Datalist of the data set.
        other: Datalist of the other data set.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return cache_gb / processes * len(own) / max(len(own) + len(other), 1)


def _first_random(transform: Compose) -> int:
    for position, step in enumerate(transform.transforms):
        if isinstance(step, RandomizableTrait):
            return position
    return len(transform.transforms)


def transform_seed(seed: int, epoch: int, index: int, repetition: int = 0) -> int:
    """Return the seed of one image's random transforms in one epoch, below 2**32."""
    parts = [seed, epoch, index, repetition] if repetition else [seed, epoch, index]
    return int(np.random.SeedSequence(parts).generate_state(1)[0])

"""Images that are decoded and answered before their study is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pydicom.dataset import Dataset

from monai_covid.dicom.study import StudyError, StudyOutcome
from monai_covid.inference.selection import EligibleImage, Selection, read_headers
from monai_covid.inference.study import StudyPipeline

MOST_KEPT = 8
"""Images whose results are kept at most; one takes as much memory as a few copies of it."""

STALE = 3600.0
"""Seconds after which results that nobody asked for make room for others."""


class FileStamp(NamedTuple):
    """What tells the content of a file, also after it was moved within its file system."""

    device: int
    inode: int
    modified_ns: int
    size: int

    @classmethod
    def of(cls, file: Path) -> FileStamp:
        """Return that of ``file``.

        Raises:
            OSError: It is not there.
        """
        status = file.stat()
        return cls(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


class _Prefetched(NamedTuple):
    """What became of one file: its image without pixels, or why it is refused; its results."""

    made: float
    selection: Selection
    results: tuple[Dataset, ...]


class PrefetchingPipeline:
    """A pipeline that can answer an image while its study is still waiting for more.

    A study is answered once nothing has come for a while. That time is long enough for the network
    and its explanation, so that nothing but writing is left to do at its end. No image is decoded,
    assessed or answered again that was so before.

    Args:
        pipeline: What answers.
        most: Images whose results are kept at most.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        pipeline: StudyPipeline,
        most: int = MOST_KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep nothing yet."""
        self._pipeline = pipeline
        self._most = most
        self._clock = clock
        self._kept: dict[FileStamp, _Prefetched] = {}

    def look_ahead(self, file: Path) -> bool:
        """Answer the image of ``file`` and keep that; see `Prefetches`.

        Nothing is kept of a file that is no DICOM image or at which something fails unexpectedly:
        the study's turn tells about it.

        Raises:
            OSError: The file cannot be read.
        """
        if not self._has_room():
            return False
        stamp = FileStamp.of(file)
        datasets, unreadable = read_headers([file])
        try:
            selection = self._pipeline.select(datasets)
        except StudyError:
            return True
        results, failed = self._pipeline.answers(selection.images)
        if not unreadable and not failed:
            images = tuple(_without_pixels(image) for image in selection.images)
            selection = selection._replace(images=images)
            self._kept[stamp] = _Prefetched(self._clock(), selection, results)
        return True

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Process the files of one study of one patient; see `StudyPipeline`.

        Raises:
            StudyError: If they belong to several studies or patients.
            OSError: If a file cannot be read although it is there.
        """
        ready = self._taken(files)
        datasets, unreadable = read_headers(files)
        known = {file: prefetched.selection for file, prefetched in ready.items()}
        selection = self._pipeline.select(datasets, known=known)
        outcomes = [self._answer(image, ready) for image in selection.images]
        results = chain.from_iterable(outcome.results for outcome in outcomes)
        failed = chain.from_iterable(outcome.refusals for outcome in outcomes)
        return StudyOutcome(tuple(results), (*unreadable, *selection.refusals, *failed))

    def _answer(self, image: EligibleImage, ready: Mapping[Path, _Prefetched]) -> StudyOutcome:
        if image.file is not None and image.file in ready:
            return StudyOutcome(ready[image.file].results, ())
        return StudyOutcome(*self._pipeline.answers([image]))

    def _taken(self, files: Sequence[Path]) -> dict[Path, _Prefetched]:
        """Return what is kept for ``files``, and keep it no longer."""
        stamps = {file: FileStamp.of(file) for file in files if file.is_file()}
        kept = {file: self._kept.pop(stamp, None) for file, stamp in stamps.items()}
        return {file: prefetched for file, prefetched in kept.items() if prefetched is not None}

    def _has_room(self) -> bool:
        if len(self._kept) >= self._most:
            oldest = self._clock() - STALE
            self._kept = {stamp: each for stamp, each in self._kept.items() if each.made > oldest}
        return len(self._kept) < self._most


def _without_pixels(image: EligibleImage) -> EligibleImage:
    return image._replace(radiograph=image.radiograph.without_pixels())

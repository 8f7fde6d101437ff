"""Images that are decoded and answered before their study is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pydicom.dataset import Dataset

from monai_covid.dicom.study import Refusal, StudyError, StudyOutcome
from monai_covid.inference.selection import EligibleImage, Selection, read_headers
from monai_covid.inference.study import StudyPipeline

MOST_KEPT = 8
"""Images whose results are kept at most; one takes as much memory as a few copies of it."""

MOST_BYTES = 128 << 20
"""Bytes of the results that are kept, beyond which no more are made ahead."""

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
    """What became of one file, without its pixels.

    Attributes:
        made: When.
        header: Its data set; None if it is no DICOM image.
        selection: Its image, or why it is refused.
        results: The instances that answer it.
        failed: A refusal if that failed unexpectedly.
    """

    made: float
    header: Dataset | None
    selection: Selection
    results: tuple[Dataset, ...]
    failed: tuple[Refusal, ...]

    @property
    def size(self) -> int:
        """Return about how many bytes the results take: those of their pixels."""
        return sum(len(result.get("PixelData", b"")) for result in self.results)


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
        try:
            answered = self._answered(file)
        except StudyError:
            return True
        if answered.header is not None and not answered.failed:
            self._kept[stamp] = answered
        return True

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Process the files of one study of one patient; see `StudyPipeline`.

        One image after the other, so that the pixels of one are held at a time.

        Raises:
            StudyError: If they belong to several studies or patients.
            OSError: If a file cannot be read although it is there.
        """
        known = self._taken(files)
        each = {file: known.get(file) or self._answered(file) for file in files}
        unreadable = [one.selection.refusals for one in each.values() if one.header is None]
        headers = [_at(file, one.header) for file, one in each.items() if one.header is not None]
        selections = {file: one.selection for file, one in each.items()}
        selection = self._pipeline.select(headers, known=selections)
        chosen = [each[image.file] for image in selection.images if image.file is not None]
        results = chain.from_iterable(one.results for one in chosen)
        failed = chain.from_iterable(one.failed for one in chosen)
        refusals = (*chain.from_iterable(unreadable), *selection.refusals, *failed)
        return StudyOutcome(tuple(results), refusals)

    def _answered(self, file: Path) -> _Prefetched:
        """Read, select and answer one image.

        Raises:
            StudyError: If trying again would not help.
            OSError: If the file cannot be read although it is there.
        """
        datasets, unreadable = read_headers([file])
        if unreadable:
            return _Prefetched(self._clock(), None, Selection((), tuple(unreadable)), (), ())
        selection = self._pipeline.select(datasets)
        (header,) = datasets
        if "PixelData" in header:
            del header.PixelData
        results, failed = self._pipeline.answers(selection.images)
        images = tuple(_without_pixels(image) for image in selection.images)
        selection = selection._replace(images=images)
        return _Prefetched(self._clock(), header, selection, results, failed)

    def _taken(self, files: Sequence[Path]) -> dict[Path, _Prefetched]:
        """Return what is kept for ``files``, and keep it no longer."""
        stamps = {file: FileStamp.of(file) for file in files if file.is_file()}
        kept = {file: self._kept.pop(stamp, None) for file, stamp in stamps.items()}
        return {file: prefetched for file, prefetched in kept.items() if prefetched is not None}

    def _has_room(self) -> bool:
        if len(self._kept) >= self._most:
            oldest = self._clock() - STALE
            self._kept = {stamp: each for stamp, each in self._kept.items() if each.made > oldest}
        size = sum(each.size for each in self._kept.values())
        return len(self._kept) < self._most and size < MOST_BYTES


def _at(file: Path, header: Dataset) -> Dataset:
    """Return ``header`` as that of ``file``, which may have been moved since it was read."""
    header.filename = str(file)
    return header


def _without_pixels(image: EligibleImage) -> EligibleImage:
    return image._replace(radiograph=image.radiograph.without_pixels())

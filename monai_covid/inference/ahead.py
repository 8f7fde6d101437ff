"""Answers that are ready before their study is complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pydicom.dataset import Dataset

from monai_covid.dicom.study import StudyError, StudyOutcome
from monai_covid.inference.selection import EligibleImage, read_headers
from monai_covid.inference.study import StudyPipeline

KEPT = 8
"""Images whose answers are kept at most; one takes as much memory as a few copies of it."""

STALE = 3600.0
"""Seconds after which an answer that nobody asked for makes room for another."""


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
        found = file.stat()
        return cls(found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


class _Answer(NamedTuple):
    made: float
    results: tuple[Dataset, ...]


class PrefetchingPipeline:
    """A pipeline that can answer an image while its study is still waiting for more.

    A study is answered once nothing has come for a while. That time is long enough for the network
    and its explanation, so that nothing but writing is left to do at its end.

    Args:
        pipeline: What answers.
        kept: Images whose answers are kept at most.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        pipeline: StudyPipeline,
        kept: int = KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep nothing yet."""
        self._pipeline = pipeline
        self._most = kept
        self._clock = clock
        self._answers: dict[FileStamp, _Answer] = {}

    def look_ahead(self, file: Path) -> bool:
        """Answer the image of ``file`` and keep that; see `Prefetches`.

        Nothing is kept of an image that is refused or fails: the study's turn tells about it.

        Raises:
            OSError: The file cannot be read.
        """
        if not self._has_room():
            return False
        stamp = FileStamp.of(file)
        datasets, _ = read_headers([file])
        try:
            images = self._pipeline.select(datasets).images
        except StudyError:
            return True
        results, failed = self._pipeline.answers(images)
        if results and not failed:
            self._answers[stamp] = _Answer(self._clock(), results)
        return True

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Process the files of one study of one patient; see `StudyPipeline`.

        Raises:
            StudyError: If they belong to several studies or patients.
            OSError: If a file cannot be read although it is there.
        """
        ready = self._taken(files)
        datasets, unreadable = read_headers(files)
        selection = self._pipeline.select(datasets)
        outcomes = [self._answer(image, ready) for image in selection.images]
        results = chain.from_iterable(outcome.results for outcome in outcomes)
        failed = chain.from_iterable(outcome.refusals for outcome in outcomes)
        return StudyOutcome(tuple(results), (*unreadable, *selection.refusals, *failed))

    def _answer(self, image: EligibleImage, ready: dict[Path, tuple[Dataset, ...]]) -> StudyOutcome:
        if image.file in ready:
            return StudyOutcome(ready[image.file], ())
        return StudyOutcome(*self._pipeline.answers([image]))

    def _taken(self, files: Sequence[Path]) -> dict[Path, tuple[Dataset, ...]]:
        """Return what is kept for ``files``, and keep it no longer."""
        stamps = {file: FileStamp.of(file) for file in files if file.is_file()}
        found = {file: self._answers.pop(stamp, None) for file, stamp in stamps.items()}
        return {file: answer.results for file, answer in found.items() if answer is not None}

    def _has_room(self) -> bool:
        if len(self._answers) >= self._most:
            oldest = self._clock() - STALE
            self._answers = {key: one for key, one in self._answers.items() if one.made > oldest}
        return len(self._answers) < self._most

"""A processor that lives in one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from monai_covid.dicom.study import LooksAhead, StudyOutcome, StudyProcessor


class OneThread:
    """Makes a processor in a thread of its own and calls it there and nowhere else.

    Numerical libraries keep threads of their own for every thread that calls them. When a second
    one calls them there are more than processors, and all of them wait for each other: a study then
    takes half as long again.
    """

    def __init__(self, load: Callable[[], StudyProcessor]) -> None:
        """Make the processor with ``load``; its errors come out as they are."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="processor")
        try:
            self._processor = self._thread.submit(load).result()
        except BaseException:
            self.close()
            raise

    def __call__(self, files: Sequence[Path]) -> StudyOutcome:
        """Have the processor process ``files``; its errors come out as they are."""
        return self._thread.submit(self._processor, files).result()

    def look_ahead(self, file: Path) -> bool:
        """Have the processor look ahead, if it can; see `LooksAhead`."""
        if not isinstance(self._processor, LooksAhead):
            return False
        return self._thread.submit(self._processor.look_ahead, file).result()

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        self._thread.shutdown(wait=False)

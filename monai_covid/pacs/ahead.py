"""Having images worked on while their study may still get more."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from monai_covid.dicom.study import LooksAhead, StudyProcessor
from monai_covid.pacs.arrivals import Arrivals
from monai_covid.pacs.logs import log_event, place_of

MARK = ".ahead"
"""Lies in a study's folder while one of its images is worked on."""


class Ahead:
    """Uses the quiet time of studies for a processor that can look ahead.

    An image that ends the whole process does so once: the mark it leaves in the folder of its study
    says that this study is left to its turn, which counts the attempts.

    Args:
        arrivals: Images that have been received.
        processor: What processes studies.
    """

    def __init__(self, arrivals: Arrivals, processor: StudyProcessor) -> None:
        """Have nothing worked on yet."""
        self._arrivals = arrivals
        self._processor = processor if isinstance(processor, LooksAhead) else None
        self._seen: set[str] = set()

    def step(self) -> bool:
        """Have one image worked on; return whether there was one."""
        if self._processor is None:
            return False
        waiting = self._arrivals.waiting()
        self._seen &= {file.name for file in waiting}
        for file in waiting:
            if file.name not in self._seen and not (file.parent / MARK).exists():
                return self._look_ahead(self._processor, file)
        return False

    def _look_ahead(self, processor: LooksAhead, file: Path) -> bool:
        mark = file.parent / MARK
        # Not synchronised: it is for crashes of this process, not for those of the machine.
        mark.touch()
        try:
            done = processor.look_ahead(file)
        # A processor is code of others, and the study's turn will tell.
        except Exception as error:
            log_event("looking ahead failed", logging.WARNING, reason=place_of(error))
            done = True
        with suppress(FileNotFoundError):
            mark.unlink()
        if done:
            self._seen.add(file.name)
        return done

"""Whether the process ended by a signal of its own: what a study does, and what others do to it.

A library that runs into damaged data raises SIGSEGV, SIGABRT, SIGBUS, SIGFPE or SIGILL in the
process itself, which can still leave a note. Who ends it from outside (SIGKILL, the kernel when
another program takes all memory, a failing power supply) gives it no time for one.
"""

from __future__ import annotations

import faulthandler
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monai_covid.dicom.service.logs import log_event, place_of

NOTE = ".crash"
"""File in the spool, empty while the process lives; it names code, but no data."""

_LONGEST = 200


def last_crash(spool: Path) -> str:
    """Return by which signal of its own the last process ended; empty if none is known."""
    try:
        text = (spool / NOTE).read_text(errors="replace")
    except OSError:
        return ""
    return text.strip().partition("\n")[0].removeprefix("Fatal Python error: ")[:_LONGEST]


@contextmanager
def crashes_noted(spool: Path) -> Iterator[None]:
    """Have a signal of the process itself noted in ``spool``; for one process at a time.

    The note of the process before is lost: `last_crash` is asked first.
    """
    path = spool / NOTE
    try:
        note = path.open("wb")
    except OSError as error:
        log_event("crashes cannot be noted", logging.WARNING, reason=place_of(error))
        yield
        return
    before = faulthandler.is_enabled()
    with note:
        faulthandler.enable(note)
        try:
            yield
        finally:
            faulthandler.disable()
            if before:
                faulthandler.enable()
    path.unlink(missing_ok=True)

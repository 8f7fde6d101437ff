"""Claims on folders, so that several processes work on one study without meeting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

CLAIM = ".claim"


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Yield whether this process may work in ``folder``; it keeps others out until the block ends.

    The system lets go of a claim when a process dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / CLAIM)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()

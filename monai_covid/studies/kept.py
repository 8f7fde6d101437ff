"""Results that are computed once, and anew when a file behind them has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


class Kept:
    """Remembers results under the names and the times of the files that they were made of."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: dict[tuple[Any, ...], Any] = {}

    def get(self, key: tuple[Any, ...], files: Iterable[Path], make: Callable[[], Any]) -> Any:
        """Return what ``make`` gives, or gave for the same key and unchanged files.

        Args:
            key: What the result is, and everything but files that it depends on.
            files: The files that it is made of; one that is missing counts as such.
            make: Makes it.
        """
        named = tuple(map(str, files))
        whole = (*key, *named, *map(_time, named))
        if whole not in self._known:
            self._known[whole] = make()
        return self._known[whole]


def _time(file: str) -> int:
    path = Path(file)
    return path.stat().st_mtime_ns if path.is_file() else 0

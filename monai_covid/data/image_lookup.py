"""Images by the names that a table gives them, also from Windows, Excel or another disk."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from monai_covid.data.listings import Folders, Listing

SEARCHED_AT_MOST = 5000
"""Files among which a misspelt name is looked for; among more it takes too long."""

PREFIXES_AT_MOST = 20
"""Places, such as drives, from which the images of one table may have moved."""

TRIED_AT_MOST = 3
"""Images of a folder that are looked for elsewhere, in case the first ones are lost."""

Parts = tuple[str, ...]


class ImageLookup:
    r"""Looks images up in folders.

    A name is a file name, or a path relative to one of the folders, or an absolute one; ``\`` is
    ``/``. Case, the form of accents and a missing ending do not count where one file alone fits.
    Where the beginning of a path is of another place (``C:\Data\covid\images\a.png``), the rest
    is looked for in the folders, the same beginning being left out of all paths that have it.

    Args:
        folders: Absolute paths, searched in this order.

    Attributes:
        moved: Beginning of paths that was left out -> how many images were found without it.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Note the folders; they are listed when they are needed."""
        self.places = [str(folder) for folder in folders]
        self.moved: dict[str, int] = {}
        self._folders = Folders()

    def find(self, names: Sequence[str]) -> list[str]:
        """Return the absolute path of each image, empty where there is none."""
        paths = [self._direct(name) for name in names]
        missing = [row for row, path in enumerate(paths) if not path and names[row]]
        if missing:
            self._find_moved(names, missing, paths)
        return paths

    def hint(self, name: str) -> str:
        """Return what might be meant by a name that is not found, as the end of a message."""
        parts = _parts(name)
        if not parts:
            return ""
        listings = [self._folders.listing(place) for place in self.places]
        near = [file for listing in listings for file in _near(parts[-1], listing)]
        return f"; did you mean {' or '.join(map(repr, near[:2]))}?" if near else ""

    def _direct(self, name: str) -> str:
        for place in self.places:
            if name in self._folders.listing(place).files:
                return self._folders.listing(place).files[name]
        parts = _parts(name)
        if not parts:
            return ""
        if _is_absolute(name):
            return self._absolute(name, parts)
        return self._below(parts)

    def _absolute(self, name: str, parts: Parts) -> str:
        if not Path(name).is_absolute():
            return ""
        folder = str(Path(name).parent)
        return self._folders.file(folder, parts[-1:]) if Path(folder).is_dir() else ""

    def _below(self, parts: Parts) -> str:
        found = (self._folders.file(place, parts) for place in self.places)
        return next(filter(None, found), "")

    def _find_moved(self, names: Sequence[str], missing: list[int], paths: list[str]) -> None:
        """Fill in ``paths`` of ``missing`` rows by leaving out beginnings that they share."""
        shared = Counter(_parts(name)[:-1] for name in names if name)
        parts_of = {row: _parts(names[row]) for row in missing}
        for _ in range(PREFIXES_AT_MOST):
            start = self._beginning(names, missing, shared)
            if not start:
                return
            moved = [row for row in missing if parts_of[row][: len(start)] == start]
            for row in moved:
                paths[row] = self._below(parts_of[row][len(start) :])
            missing = [row for row in missing if not paths[row]]
            root = "/" if names[moved[0]].startswith("/") else ""
            self.moved[root + "/".join(start)] = sum(bool(paths[row]) for row in moved)

    def _beginning(
        self, names: Sequence[str], missing: Sequence[int], shared: Counter[Parts]
    ) -> Parts:
        """Return what has to be left out of a missing path so that there is such an image.

        A file name alone says little: without any folder it counts only if all images of the table
        lay in one folder, so that no two have the same name.
        """
        tried: Counter[Parts] = Counter()
        for row in missing:
            parts = _parts(names[row])
            tried[parts[:-1]] += 1
            if tried[parts[:-1]] > TRIED_AT_MOST:
                continue
            for cut in range(1, len(parts)):
                if cut == len(parts) - 1 and len(shared) > 1:
                    break
                if self._below(parts[cut:]):
                    return parts[:cut]
        return ()


def _parts(name: str) -> Parts:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in {"", "."})


def _is_absolute(name: str) -> bool:
    return name.startswith(("/", "\\")) or name[1:3] in {":\\", ":/"}


def _near(name: str, listing: Listing) -> list[str]:
    if name in listing.files:
        return [name]
    others = listing.other_endings(name)
    if others or len(listing.files) > SEARCHED_AT_MOST:
        return others
    return difflib.get_close_matches(name, listing.files, n=1, cutoff=0.8)

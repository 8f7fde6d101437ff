"""Folders that are listed once, and names in them that a person would take for the same."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from functools import cached_property

from monai_covid.data.image_formats import without_suffix


class Listing:
    """What lies directly in a folder.

    Asking for each of 100,000 files by name takes far longer than one listing, above all on
    network drives.

    Args:
        folder: May be missing; it holds nothing then.

    Attributes:
        exists: Whether there is such a folder.
        files: Name of each file -> path.
        folders: Name of each subfolder -> path.
    """

    def __init__(self, folder: str) -> None:
        """List the folder."""
        self.exists = True
        self.files: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir():
                        self.folders[entry.name] = entry.path
                    elif entry.is_file():
                        self.files[entry.name] = entry.path
        except (FileNotFoundError, NotADirectoryError):
            self.exists = False

    def file(self, name: str) -> str:
        """Return the path of a file, empty if it is not there or several might be meant.

        The exact name wins; else upper and lower case and the form of accents (NFC or NFD) do not
        count, nor, last, an ending that ``name`` lacks.
        """
        if name in self.files:
            return self.files[name]
        near = self._alike.get(loose(name)) or self._without_ending.get(loose(name), [])
        return self.files[near[0]] if len(near) == 1 else ""

    def folder(self, name: str) -> str:
        """Return the path of a subfolder, as :meth:`file` does."""
        if name in self.folders:
            return self.folders[name]
        near = [path for other, path in self.folders.items() if loose(other) == loose(name)]
        return near[0] if len(near) == 1 else ""

    def other_endings(self, name: str) -> list[str]:
        """Return the files that differ from ``name`` in their ending."""
        return self._without_ending.get(loose(without_suffix(name)), [])

    @cached_property
    def _alike(self) -> dict[str, list[str]]:
        return _grouped(self.files, {name: loose(name) for name in self.files})

    @cached_property
    def _without_ending(self) -> dict[str, list[str]]:
        return _grouped(self.files, {name: loose(without_suffix(name)) for name in self.files})


class Folders:
    """Listings of folders and of those below them, each made when it is first asked for."""

    def __init__(self) -> None:
        """List nothing yet."""
        self._listings: dict[str, Listing] = {}
        self._below: dict[tuple[str, tuple[str, ...]], str] = {}

    def listing(self, folder: str) -> Listing:
        """Return what lies in ``folder``."""
        if folder not in self._listings:
            self._listings[folder] = Listing(folder)
        return self._listings[folder]

    def file(self, folder: str, parts: Sequence[str]) -> str:
        """Return the path of the file at ``parts`` below ``folder``, empty if there is none."""
        *above, name = parts
        place = self._folder_below(folder, tuple(above))
        return self.listing(place).file(name) if place else ""

    def _folder_below(self, folder: str, parts: tuple[str, ...]) -> str:
        if not parts:
            return folder
        key = (folder, parts)
        if key not in self._below:
            # Most are there as they are written, and need no look at the folders above them.
            exact = os.path.normpath("/".join((folder, *parts)))
            known = self.listing(exact).exists
            self._below[key] = exact if known else self._alike_below(folder, parts)
        return self._below[key]

    def _alike_below(self, folder: str, parts: tuple[str, ...]) -> str:
        above = "" if os.pardir in parts else self._folder_below(folder, parts[:-1])
        return self.listing(above).folder(parts[-1]) if above else ""


def loose(name: str) -> str:
    """Return ``name`` without what Windows and macOS do not tell apart: case, form of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _grouped(names: dict[str, str], keys: dict[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(keys[name], []).append(name)
    return groups

"""Finding files: manifests, and folders whose files are listed only once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from monai_covid.errors import InputError, Problem

MANIFEST_NAME = "metadata.csv"


def manifest_file(manifest: Path | str) -> Path:
    """Return the absolute path of a manifest, given as CSV or as folder with ``metadata.csv``."""
    path = Path(manifest).absolute()
    return path / MANIFEST_NAME if path.is_dir() else path


def as_paths(paths: Path | str | Sequence[Path | str] | None) -> list[Path]:
    """Return a list of absolute paths; a single path, as configs often give it, becomes a list."""
    if paths is None or paths == "":
        return []
    if isinstance(paths, str | Path):
        return [Path(paths).absolute()]
    return [Path(path).absolute() for path in paths]


def existing_folder(folder: Path | str) -> Path:
    """Return the absolute path of a folder.

    Raises:
        InputError: There is no such folder.
    """
    path = Path(folder).absolute()
    if not path.is_dir():
        state = "is not a folder" if path.exists() else "does not exist; expected a folder"
        raise InputError([Problem(path, None, state)])
    return path


def index_files(folders: Iterable[Path]) -> dict[str, str]:
    """Return file name -> path for the files directly in ``folders``; the first folder wins.

    Missing folders are passed over. Listing a folder is far quicker than asking for each file of
    ChestX-ray14 by name, above all on network drives.
    """
    index: dict[str, str] = {}
    for folder in folders:
        if folder.is_dir():
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_file():
                        index.setdefault(entry.name, entry.path)
    return index

"""ChestX-ray14 in its official layout."""

from __future__ import annotations

from pathlib import Path

from monai_covid.data.collections.layout import Inspection, Layout, Request
from monai_covid.data.nih import inspect_nih, is_nih_folder
from monai_covid.labels import NIH_LABELS


def fits(path: Path) -> bool:
    """Return whether a path is a folder with the table of ChestX-ray14."""
    return is_nih_folder(path)


def inspect(request: Request) -> Inspection:
    """Read ChestX-ray14; see :func:`monai_covid.data.nih.inspect_nih`.

    Raises:
        InputError: A file is missing or is not what it should be.
    """
    read = inspect_nih(request.path, request.labels or NIH_LABELS)
    notes = [f"{read.unlisted} images are in neither list and left out"] if read.unlisted else []
    return Inspection(read.records, read.problems, notes)


LAYOUT = Layout("nih", "a folder with Data_Entry_2017*.csv and the two lists", fits, inspect)

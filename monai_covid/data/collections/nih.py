"""ChestX-ray14 in its official layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from monai_covid.data.collections.layout import Inspection, Layout, Request
from monai_covid.data.collections.named_labels import match_labels
from monai_covid.data.nih import inspect_nih, is_nih_folder
from monai_covid.errors import InputError
from monai_covid.labels import NIH_LABELS


def fits(path: Path) -> bool:
    """Return whether a path is a folder with the table of ChestX-ray14."""
    return is_nih_folder(path)


def inspect(request: Request) -> Inspection:
    """Read ChestX-ray14; see :func:`monai_covid.data.nih.inspect_nih`.

    Raises:
        InputError: A file is missing or is not what it should be, or a label is no finding.
    """
    matched = match_labels(request.path, NIH_LABELS, request.labels, "finding", all_claimed=False)
    if matched.problems:
        raise InputError(matched.problems)
    finding_of = {label: finding for finding, label in matched.names.items()}
    read = inspect_nih(request.path, [finding_of[label] for label in matched.labels])
    notes = [f"{read.unlisted} images are in neither list and left out"] if read.unlisted else []
    return Inspection(replace(read.records, labels=matched.labels), read.problems, notes)


LAYOUT = Layout("nih", "a folder with Data_Entry_2017*.csv and the two lists", fits, inspect)

"""A manifest: a CSV with one row an image, and one class in the column ``label``."""

from __future__ import annotations

from pathlib import Path

from monai_covid.data.collections.layout import Inspection, Layout, Request
from monai_covid.data.collections.tables import columns_of, read_rows, records_of
from monai_covid.data.found_labels import labels_found, misspelt_labels
from monai_covid.data.row_checks import empty_cells, one_hot


def fits(path: Path) -> bool:
    """Return whether a path is a CSV, or a folder with ``metadata.csv``, of that kind."""
    return {"image", "label"} <= {*columns_of(path)}


def inspect(request: Request) -> Inspection:
    """Read a manifest.

    Labels that are given have to be written in it as they are; without, likely misspellings are a
    problem.

    Raises:
        InputError: It is no table, or a folder is missing.
    """
    rows = read_rows(request, ("image", "label"))
    cells = rows.frame["label"]
    labels = labels_found(cells) if request.labels is None else request.labels
    targets, problems = one_hot(rows.file, cells, labels)
    if request.labels is None:
        problems = [*misspelt_labels(rows.file, cells), *empty_cells(rows.file, cells, "a class")]
    return records_of(rows, request, labels, targets, problems=problems)


LAYOUT = Layout(
    "manifest",
    "a CSV, or a folder with metadata.csv, that has the columns image and label",
    fits,
    inspect,
)

"""A CSV with one row an image and one column a label, so that an image may have several."""

from __future__ import annotations

from pathlib import Path

from monai_covid.data.collections.label_columns import label_columns, read_label_columns
from monai_covid.data.collections.layout import Inspection, Layout, Request
from monai_covid.data.collections.tables import columns_of, read_rows, records_of
from monai_covid.data.records import ATTRIBUTES

NO_LABELS = frozenset(
    (
        *("image", "patient_id", "fold", "split", "follow_up", "study_id", "original_file"),
        *("orig_width", "orig_height", "width", "height"),
        *ATTRIBUTES,
    )
)
"""Columns that are no labels, whatever they hold."""


def fits(path: Path) -> bool:
    """Return whether a path is a CSV with the column ``image`` and none called ``label``."""
    columns = columns_of(path)
    return "image" in columns and "label" not in columns


def inspect(request: Request) -> Inspection:
    """Read a CSV whose labels are columns.

    Raises:
        InputError: It is no table, or no column holds labels.
    """
    rows = read_rows(request, ("image",))
    present = label_columns(rows.frame, NO_LABELS)
    said = read_label_columns(rows.file, rows.frame, present, request)
    inspection = records_of(
        rows, request, said.labels, said.targets, said.known, problems=said.problems
    )
    return inspection._replace(notes=[*said.notes, *inspection.notes])


LAYOUT = Layout(
    "one_hot",
    "a CSV, or a folder with metadata.csv, with the column image and one a label: 1, 0, -1 or "
    "nothing",
    fits,
    inspect,
)

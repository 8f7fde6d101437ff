"""CSV files in the form of CheXpert: ``Path``, attributes, and columns of findings.

Irvin et al., "CheXpert: A Large Chest Radiograph Dataset with Uncertainty Labels and Expert
Comparison", AAAI 2019. A finding is 1 (present), 0 (absent), -1 (uncertain) or blank (not
mentioned).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from monai_covid.data.collections.label_columns import label_columns, read_label_columns
from monai_covid.data.collections.layout import Inspection, Layout, Request
from monai_covid.data.collections.tables import PATIENT, Rows, columns_of, records_of, table_of
from monai_covid.data.tables import read_table
from monai_covid.data.unknown_patients import patients_of_names
from monai_covid.errors import InputError, Problem

FIXED = IMAGE, SIDE, PROJECTION = "Path", "Frontal/Lateral", "AP/PA"

ATTRIBUTES = {"Sex": "sex", "Age": "age"}
"""Column -> ours."""

PATIENT_PATTERN = r"(?P<patient>patient\d+)"
"""``CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg``"""


def fits(path: Path) -> bool:
    """Return whether a path is such a CSV, or a folder with one alone."""
    return {IMAGE, SIDE} <= {*columns_of(path)}


def inspect(request: Request) -> Inspection:
    """Read a CSV in the form of CheXpert; lateral views are left out.

    Args:
        request: The patient is told from ``patient00001`` in the path, unless there is a pattern.

    Raises:
        InputError: It is no table, or has no finding or frontal view.
    """
    file = table_of(request.path)
    whole = read_table(file, (IMAGE, SIDE))
    frame = whole[whole[SIDE].str.casefold() != "lateral"]
    if frame.empty:
        raise InputError([Problem(file, None, "has no frontal view")])
    present = label_columns(whole, {name.lower() for name in (*FIXED, *ATTRIBUTES)})
    said = read_label_columns(file, frame, present, request)
    rows = Rows(file, _ours(frame, request.patient_pattern or PATIENT_PATTERN))
    inspection = records_of(
        rows, request, said.labels, said.targets, said.known, problems=said.problems
    )
    lateral = len(whole) - len(frame)
    notes = [f"{lateral} lateral views are left out"] if lateral else []
    return inspection._replace(notes=[*notes, *said.notes, *inspection.notes])


def _ours(frame: pd.DataFrame, pattern: str) -> pd.DataFrame:
    names = {IMAGE: "image", **ATTRIBUTES, PROJECTION: "view"}
    frame = frame.rename(columns=names)
    return frame.assign(**{PATIENT: patients_of_names(frame["image"], pattern)})


LAYOUT = Layout(
    "chexpert",
    "a CSV with the columns Path and Frontal/Lateral and one a finding: 1, 0, -1 or nothing",
    fits,
    inspect,
)

r"""Patients by the names of images, and images whose patient nobody knows.

Such an image gets a patient of its own, whose id says so; it stays with the predictions, so that
every result can tell that its intervals are by image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from monai_covid.errors import OptionError

UNKNOWN = "image:"
"""Beginning of the id of a patient who is not known; the image's name follows."""

GROUP = "patient"

PLACEHOLDERS = frozenset(
    ("nan", "none", "null", "na", "n/a", "#n/a", "#ref!", "#value!", "#name?", "?", "-", "unknown")
)


def patients_of_names(names: Iterable[str], pattern: str) -> list[str]:
    r"""Return the patient of each image by its name.

    Args:
        names: Names of images.
        pattern: Regular expression with the group ``patient``, such as
            ``person(?P<patient>\d+)_``; looked for anywhere in a name with ``/`` between folders.
            Empty, or where it does not occur: the patient is unknown.

    Raises:
        OptionError: The pattern is none, or has no such group.
    """
    if not pattern:
        return [f"{UNKNOWN}{name}" for name in names]
    search = checked_pattern(pattern).search
    found = ((name, search(name.replace("\\", "/"))) for name in names)
    return [(match and match[GROUP]) or f"{UNKNOWN}{name}" for name, match in found]


def checked_pattern(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern.

    Raises:
        OptionError: It is none, or has no group ``patient``.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        message = f"patient_pattern {pattern!r} is no regular expression: {error}"
        raise OptionError(message) from error
    if GROUP not in compiled.groupindex:
        example = r"such as person(?P<patient>\d+)_"
        raise OptionError(f"patient_pattern {pattern!r} has no group named patient, {example}")
    return compiled


def count_unknown(patients: Iterable[str]) -> int:
    """Return how many of the images have no known patient."""
    return sum(str(patient).startswith(UNKNOWN) for patient in patients)


def unknown_patients_note(patients: Iterable[str]) -> str:
    """Return the sentence for results on images without patients, empty if all are known."""
    ids = list(patients)
    unknown = count_unknown(ids)
    if not unknown:
        return ""
    if unknown == len(ids):
        return "Patients unknown: intervals by image."
    return f"Patients unknown for {unknown:,} of {len(ids):,} images: intervals by image for these."


def patient_notes(patients: pd.Series[str]) -> list[str]:
    """Return what is suspicious about patient ids: what spreadsheets and programs leave behind.

    Args:
        patients: Patient of each image, indexed by line.
    """
    known = patients[~patients.str.startswith(UNKNOWN)]
    rounded = known[known.str.fullmatch(r"\d([.,]\d+)?[eE]\+\d+")]
    empty = known[known.str.lower().isin(PLACEHOLDERS)]
    decimal = known[known.str.fullmatch(r"\d+\.0+")]
    notes = [
        _note(rounded, "a rounded number of a spreadsheet, which may stand for several patients"),
        _note(empty, "no id; all these images count as one patient"),
        _note(decimal, "a number with decimals; elsewhere it may be written without"),
        unknown_patients_note(patients),
    ]
    return [note for note in notes if note]


def _note(rows: pd.Series[str], what: str) -> str:
    if rows.empty:
        return ""
    images = f"{len(rows)} images" if len(rows) > 1 else "1 image"
    return f"patient_id {rows.iloc[0]!r} (row {rows.index[0]}, {images} like it) is {what}"

"""The classes that a collection has, where nobody named them."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import pandas as pd

from monai_covid.data.tables import numbered
from monai_covid.errors import Problem
from monai_covid.labels import in_known_order

_ALIKE = 0.8
_RARE = 0.1


def labels_found(column: pd.Series[str]) -> tuple[str, ...]:
    """Return the classes of a column of labels.

    They are in the order of the shipped label set that has exactly these, else sorted. Of names
    that are written in two ways, or nearly alike and one of them rare, the more frequent counts;
    `misspelt_labels` names the others.
    """
    names = set(column) - {""} - set(_misspelt(column))
    return in_known_order(sorted(names))


def misspelt_labels(file: Path, column: pd.Series[str]) -> list[Problem]:
    """Return a problem for each row whose label looks like a misspelling of another."""
    likely = _misspelt(column)
    rows = column[column.isin(likely)]
    return [
        Problem(
            file,
            line,
            f"label {name!r} is nearly {likely[name]!r}; correct it, or name both with --classes",
        )
        for line, name in numbered(rows)
    ]


def _misspelt(column: pd.Series[str]) -> dict[str, str]:
    counts = column[column != ""].value_counts()
    names = [str(name) for name in counts.index]
    return {
        name: better
        for place, name in enumerate(names)
        for better in names[:place]
        if _is_same(name, better)
        or (counts[name] <= max(1, _RARE * counts[better]) and _is_alike(name, better))
    }


def _is_same(first: str, second: str) -> bool:
    return _folded(first) == _folded(second)


def _is_alike(first: str, second: str) -> bool:
    return SequenceMatcher(None, _folded(first), _folded(second)).ratio() >= _ALIKE


def _folded(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())

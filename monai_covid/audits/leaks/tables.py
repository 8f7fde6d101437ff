"""Tables of pairs, patients and copies made on purpose."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.audits.leaks.pairs import Collection, Pair, label_of
from monai_covid.audits.leaks.parts import part_names
from monai_covid.audits.leaks.patients import SharedPatient
from monai_covid.audits.leaks.trial import Trial
from monai_covid.evaluation.summary_tables import Table, Value
from monai_covid.files import write_text

SHOWN = 100
"""Rows of a table in the report; the CSV has all."""

COLUMNS = ("image", "part", "label", "patient_id")


def pair_table(own: Collection, pairs: Sequence[Pair]) -> Table:
    """Return the first pairs for the report."""
    heads = ("Images", "Kind", "Score", "Hash bits", "Parts", "Labels", "Patients")
    rows = pair_frame(own, pairs[:SHOWN]).to_dict("records")
    return Table(heads, [(_both(row, "image"), _cells(row)) for row in rows])


def pair_frame(own: Collection, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Return one row per pair: both images with part, label and patient, and how alike they are."""
    names = {
        id(one): part_names(one.records, one.name)
        for one in {id(own): own, **{id(pair.other): pair.other for pair in pairs}}.values()
    }
    rows = []
    for pair in pairs:
        sides = (("a", own, pair.first), ("b", pair.other, pair.second))
        row = {
            f"{column}_{side}": value
            for side, collection, index in sides
            for column, value in _image(collection, names[id(collection)], index).items()
        }
        row |= {"kind": str(pair.kind), "orientation": pair.orientation}
        rows.append(row | {"score": pair.score, "hash_bits": pair.bits})
    return pd.DataFrame(rows)


def write_pairs(own: Collection, pairs: Sequence[Pair], path: Path) -> None:
    """Write the pairs as CSV; lines end with a newline alone."""
    frame = pair_frame(own, pairs)
    write_text(path, frame.to_csv(index=False, float_format="%.4f", lineterminator="\n"))


def patient_table(found: Sequence[SharedPatient]) -> Table:
    """Return the first patients who are in two parts or spelled in two ways."""
    heads = ("Patient", "Parts", "Images", "Why one patient", "Leak")
    rows = [
        (
            " = ".join(one.spellings),
            (
                "; ".join(one.parts),
                f"{one.images:,}",
                one.basis,
                "yes" if one.is_leak else "no",
            ),
        )
        for one in found[:SHOWN]
    ]
    return Table(heads, rows)


def trial_table(trials: Mapping[str, Trial]) -> Table:
    """Return how many copies made on purpose were found, and their scores."""
    heads = ("Copy", "Found", "Lowest score", "Median score")
    rows = []
    for kind, trial in trials.items():
        scores = sorted(trial.scores)
        found = f"{trial.found} of {len(scores)}"
        middle = scores[len(scores) // 2]
        rows.append((kind, (found, Value(scores[0]), Value(middle))))
    return Table(heads, rows)


def _image(collection: Collection, parts: Sequence[str], row: int) -> dict[str, str]:
    records = collection.records
    values = (
        str(records.frame["image"].iloc[row]),
        parts[row],
        label_of(records, row),
        str(records.patients[row]),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _both(row: Mapping[Hashable, Any], name: str) -> str:
    first, second = str(row[f"{name}_a"]), str(row[f"{name}_b"])
    return first if first == second else f"{first} / {second}"


def _cells(row: Mapping[Hashable, Any]) -> list[Value | str]:
    kind = f"{row['kind']} ({row['orientation']})"
    known = [_both(row, name) for name in COLUMNS[1:]]
    return [kind, Value(row["score"]), str(row["hash_bits"]), *known]

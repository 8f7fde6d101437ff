"""Tables and figures of pairs, patients and planted copies."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from monai_covid.audits.leaks.pairs import Collection, Pair, label_of
from monai_covid.audits.leaks.patients import SharedPatient, part_names
from monai_covid.audits.leaks.similarity import THRESHOLD
from monai_covid.audits.leaks.trial import Trial
from monai_covid.data.files import write_text
from monai_covid.data.images import read_image
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.plots.style import INK, PALETTE, SMALL_SIZE, new_figure, style_axes

ROWS_SHOWN = 100
"""Rows of a table in the report; the CSV has all."""

COLUMNS = ("image", "part", "label", "patient_id")

PAIRS_SHOWN = 12

PAIRS_IN_A_ROW = 3

CELL_WIDTH, CELL_HEIGHT = 3.0, 1.95

BIN = 0.05


def pair_table(own: Collection, pairs: Sequence[Pair]) -> Table:
    """Return the first pairs for the report."""
    heads = ("Images", "Kind", "Score", "Hash bits", "Splits", "Labels", "Patients")
    rows = pair_frame(own, pairs[:ROWS_SHOWN]).to_dict("records")
    return Table(heads, [(_both(row, "image"), _cells(row)) for row in rows])


def pair_frame(own: Collection, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Return one row per pair: both images with part, label and patient, and their similarity."""
    collections = {id(own): own, **{id(pair.other): pair.other for pair in pairs}}
    names = {
        key: part_names(collection.records, collection.name)
        for key, collection in collections.items()
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


def patient_table(patients: Sequence[SharedPatient]) -> Table:
    """Return the first patients who are in two splits or spelled in two ways."""
    heads = ("Patient", "Splits", "Images", "Why one patient", "Leak")
    rows = [
        (
            " = ".join(patient.spellings),
            (
                "; ".join(patient.parts),
                f"{patient.images:,}",
                patient.basis,
                "yes" if patient.is_leak else "no",
            ),
        )
        for patient in patients[:ROWS_SHOWN]
    ]
    return Table(heads, rows)


def trial_table(trials: Mapping[str, Trial]) -> Table:
    """Return how many planted copies were found, and their scores."""
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
    others = [_both(row, name) for name in COLUMNS[1:]]
    return [kind, Value(row["score"]), str(row["hash_bits"]), *others]


def pair_sheet(own: Collection, pairs: Sequence[Pair], title: str) -> Figure:
    """Draw the first 12 pairs, each image as its file shows it.

    Args:
        own: The audited collection.
        pairs: At least one.
        title: Title of the sheet.
    """
    drawn = pairs[:PAIRS_SHOWN]
    columns = min(PAIRS_IN_A_ROW, len(drawn))
    rows = -(-len(drawn) // columns)
    width = max(CELL_WIDTH * columns, 5.5)
    subtitle = f"{len(drawn)} of {len(pairs):,}; the second image as it lies in its file"
    figure = new_figure(width, CELL_HEIGHT * rows + 0.9, title, subtitle)
    # One more column keeps the pairs apart from each other.
    axes = figure.subplots(rows, 2 * columns, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for place, pair in enumerate(drawn):
        row, column = divmod(place, columns)
        sides = ((own, pair.first), (pair.other, pair.second))
        for offset, (collection, index) in enumerate(sides):
            axis = axes[row, 2 * column + offset]
            axis.imshow(read_image(collection.records.paths[index]), cmap="gray", aspect="equal")
        text = f"{place + 1}: {pair.kind}, {pair.orientation}, score {pair.score:.2f}"
        axes[row, 2 * column].set_title(text, loc="left", size=SMALL_SIZE - 1, color=INK)
    return figure


def score_histogram(
    copies: Sequence[float], others: Sequence[float], candidates: Sequence[float]
) -> Figure:
    """Draw the scores of planted copies, of random pairs, and of the candidates.

    Args:
        copies: Scores of the planted copies.
        others: Scores of random pairs of different patients.
        candidates: Scores of the pairs that were looked at.
    """
    figure = new_figure(
        6.5, 4.2, "Scores of pairs", f"pairs at {THRESHOLD:.2f} and above count as duplicates"
    )
    axes = figure.subplots()
    groups = (
        (others, f"random pairs of different patients ({len(others):,})", PALETTE[5], "-"),
        (candidates, f"candidates ({len(candidates):,})", PALETTE[0], "-"),
        (copies, f"planted copies ({len(copies):,})", PALETTE[1], "--"),
    )
    edges = np.arange(-0.2, 1.0 + 1.5 * BIN, BIN)
    for values, name, hue, line in groups:
        counts, _ = np.histogram(np.clip(values, -0.2, 1.0), bins=edges)
        axes.stairs(counts, edges, color=hue, label=name, linewidth=1.5, linestyle=line)
    axes.axvline(THRESHOLD, color=INK, linewidth=1, linestyle=":", label="threshold")
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="correlation of fine structure after registration", ylabel="pairs", ylim=0)
    style_axes(axes, grid="y")
    # Above the bars, where a collection of any size leaves room.
    axes.legend(
        fontsize=SMALL_SIZE - 1, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2
    )
    return figure

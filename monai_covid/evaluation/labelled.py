"""Predictions joined with the labels of a manifest, image by image.

``predict`` names an image as it was given, a manifest often by its file name alone. Two names mean
the same image if they agree from the end: in as many folders as possible, at least in the file
name, or in the file name without the suffix of an image. Where that fits several images, nothing is
guessed.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pandas as pd

from monai_covid.data.folders import manifest_file
from monai_covid.data.image_formats import without_suffix
from monai_covid.data.patients import canonical_patient_id
from monai_covid.data.row_checks import duplicate_images, empty_cells, one_hot
from monai_covid.data.tables import numbered
from monai_covid.data.tables import read_table as read_text_table
from monai_covid.data.unknown_patients import patients_of_names
from monai_covid.errors import SHOWN_AT_MOST, InputError, Problem
from monai_covid.evaluation.columns import (
    IMAGE,
    LABEL,
    PATIENT,
    class_names_in,
    probability_column,
    target_column,
    target_names_in,
)
from monai_covid.evaluation.prediction_checks import FIRST_ROW, check_predictions
from monai_covid.evaluation.predictions import read_table, with_prediction

UNREADABLE, REJECTED, EMPTY = "unreadable", "not upright frontal chest radiographs", "empty"
REASONS = {"error": UNREADABLE, "unsuitable": REJECTED}
"""Columns of ``predict`` that say why an image has no probabilities."""

NO_ANSWER = "no_answer"

Parts: TypeAlias = tuple[str, ...]


class LabelledPredictions(NamedTuple):
    """Predictions with labels.

    Attributes:
        table: Checked predictions table (see ``columns``) with the further columns of both files.
        unanswered: The images without probabilities, with the same columns and why in NO_ANSWER.
        unpredicted: Number of labelled images without a prediction.
    """

    table: pd.DataFrame
    unanswered: pd.DataFrame
    unpredicted: int = 0


class Match(NamedTuple):
    """Which of the other names one name means.

    Attributes:
        rows: Positions of the names that it agrees with best; empty: with none.
        rivals: How many names, itself included, agree with those as well as it does.
    """

    rows: tuple[int, ...] = ()
    rivals: int = 1

    @property
    def is_clear(self) -> bool:
        """Whether it means exactly one, which no other means."""
        return len(self.rows) == 1 and self.rivals == 1


def read_labelled_predictions(
    predictions: Path | str, labels: Path | str | None = None
) -> LabelledPredictions:
    """Read a predictions CSV, such as that of ``predict``, and join it with labels.

    Args:
        predictions: CSV with ``image`` and ``probability_<class>``.
        labels: CSV with ``image``, ``label`` or ``target_<class>``, and ``patient_id``, without
            which the patients are unknown; or the folder of its ``metadata.csv``; None:
            ``predictions`` has these columns itself.

    Raises:
        InputError: Naming every row that is wrong, lacks a label or fits several.
    """
    file = Path(predictions)
    if not file.is_file():
        state = "is a folder" if file.is_dir() else "no such file"
        raise InputError([Problem(file, None, f"{state}; give a predictions.csv of predict")])
    table = read_table(file)
    names = class_names_in(table)
    _check_columns(table, file, names, labels)
    unpredicted = 0
    if labels is not None:
        table, unpredicted = _join(table, file, read_labels(labels), manifest_file(labels), names)
    probabilities = table[[probability_column(name) for name in names]]
    empty = (probabilities.isna() | (probabilities == "")).all(axis=1)
    answered = table[~empty]
    if answered.empty and not table.empty:
        raise InputError([Problem(file, None, "no image has probabilities")])
    _check_answered(answered, names, file)
    unanswered = table[empty].assign(**{NO_ANSWER: _reasons(table[empty])})
    complete = with_prediction(answered.reset_index(drop=True), names)
    return LabelledPredictions(complete, unanswered.reset_index(drop=True), unpredicted)


def read_labels(labels: Path | str, patient_pattern: str = "") -> pd.DataFrame:
    """Return the rows of a manifest as text, indexed by line; its images need not be there.

    Args:
        labels: CSV, or the folder of its ``metadata.csv``.
        patient_pattern: Where there is no column ``patient_id``: what tells the patient from an
            image's name, see :func:`monai_covid.data.unknown_patients.patients_of_names`.

    Raises:
        InputError: Naming every row that is wrong.
    """
    file = manifest_file(labels)
    table = read_text_table(file, (IMAGE,))
    if not target_names_in(table):
        table = read_text_table(file, (IMAGE, LABEL))
    if PATIENT not in table:
        table = table.assign(**{PATIENT: patients_of_names(table[IMAGE], patient_pattern)})
    truth = table[LABEL] if LABEL in table else pd.Series("", index=table.index)
    keys = table[IMAGE].map(lambda name: "/".join(_parts(name)))
    problems = [
        *empty_cells(file, table[IMAGE], "a file name"),
        *empty_cells(file, table[PATIENT], "an id shared by all images of the patient"),
        *duplicate_images(file, table[IMAGE], truth, keys),
    ]
    if problems:
        raise InputError(sorted(problems, key=lambda problem: problem.row or 0))
    targets = [target_column(name) for name in target_names_in(table)]
    numbers = {name: pd.to_numeric(table[name], errors="coerce") for name in targets}
    return table.assign(**{PATIENT: table[PATIENT].map(canonical_patient_id), **numbers})


def match_names(names: Sequence[str], others: Sequence[str]) -> list[Match]:
    """Return for each of ``names`` which of ``others`` it means; see the module."""
    here, there = [_parts(name) for name in names], [_parts(name) for name in others]
    matches = [Match()] * len(names)
    for key in _keys(max(map(len, [*here, *there, ()]))):
        rows = defaultdict(list)
        for row, parts in enumerate(there):
            rows[key(parts)].append(row)
        rivals = Counter(map(key, here))
        for position, parts in enumerate(here):
            own = key(parts)
            if not matches[position].rows and own in rows:
                matches[position] = Match(tuple(rows[own]), rivals[own])
    return matches


def _keys(longest: int) -> Iterator[Callable[[Parts], Parts]]:
    """Yield what names have to agree in, the strictest first."""
    for count in range(longest, 0, -1):
        yield itemgetter(slice(-count, None))
    yield _stem


def _stem(parts: Parts) -> Parts:
    return tuple(map(without_suffix, parts[-1:]))


def _parts(name: str) -> Parts:
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in {"", "."})


def _check_columns(
    table: pd.DataFrame, file: Path, names: Sequence[str], labels: Path | str | None
) -> None:
    problem = ""
    if IMAGE not in table or not names:
        needed = f"columns {IMAGE} and {probability_column('CLASS')} of each class are needed"
        problem = f"{needed}; found {', '.join(map(str, table.columns)) or 'none'}"
    elif labels is None and LABEL not in table and not target_names_in(table):
        problem = f"has no column {LABEL}; give a CSV of labels with --labels"
    elif labels is None and PATIENT not in table:
        problem = f"has no column {PATIENT}; add it, or give a CSV that has it with --labels"
    elif table.empty:
        problem = "the table has no rows"
    if problem:
        raise InputError([Problem(file, None, problem)])


def _join(
    table: pd.DataFrame, file: Path, known: pd.DataFrame, source: Path, names: Sequence[str]
) -> tuple[pd.DataFrame, int]:
    """Return ``table`` with the columns of ``known``, and how many rows of that are left over."""
    images = table[IMAGE].astype(str).tolist()
    matches = match_names(images, known[IMAGE].tolist())
    problems = _match_problems(file, images, matches, known[IMAGE], source)
    if problems:
        raise InputError(problems)
    fitting = known.iloc[[match.rows[0] for match in matches]]
    # Labels of images without a prediction may be of classes that the model does not have.
    problems = one_hot(source, fitting[LABEL], tuple(names))[1] if LABEL in known else []
    problems += [
        Problem(file, row, f"{column} is {ours!r}, but {theirs!r} in {source}:{line}")
        for column in (LABEL, PATIENT)
        if column in table and column in known
        for row, (ours, line, theirs) in enumerate(
            zip(table[column], fitting.index, fitting[column], strict=True), start=FIRST_ROW
        )
        if _same(column, ours) != theirs
    ]
    if problems:
        raise InputError(problems)
    new = [column for column in known.columns if column not in table.columns]
    joined = pd.concat([table, fitting[new].set_index(table.index)], axis=1)
    return joined, len(known) - len(fitting)


def _same(column: str, text: str) -> str:
    return canonical_patient_id(text) if column == PATIENT else text


def _match_problems(
    file: Path,
    images: Sequence[str],
    matches: Sequence[Match],
    known: pd.Series[str],
    source: Path,
) -> list[Problem]:
    lines, names = zip(*numbered(known), strict=True)
    taken = {row for match in matches for row in match.rows}
    free = [Path(name).name for row, name in enumerate(names) if row not in taken]
    problems: list[Problem] = []
    for row, (image, match) in enumerate(zip(images, matches, strict=True), start=FIRST_ROW):
        if match.is_clear:
            continue
        if not match.rows:
            # Looking for near names takes long, and more than these are not shown.
            near = _nearest(Path(image).name, free) if len(problems) < SHOWN_AT_MOST else ""
            message = (
                f"image {image!r} has no label in {source}{near}; "
                "add a row for it there, or leave the image out"
            )
        elif len(match.rows) > 1:
            candidates = _listed(f"{names[k]!r} (row {lines[k]})" for k in match.rows)
            message = (
                f"image {image!r} may be {candidates} of {source}; "
                "write paths there that tell them apart"
            )
        else:
            (only,) = match.rows
            message = (
                f"image {image!r} and {match.rivals - 1} more fit {names[only]!r} "
                f"({source}:{lines[only]}); write paths there that tell them apart"
            )
        problems.append(Problem(file, row, message))
    return problems


def _nearest(name: str, free: Sequence[str]) -> str:
    by_lower = {other.lower(): other for other in free}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.85)
    return f" (nearest name without a prediction: {by_lower[near[0]]!r})" if near else ""


def _listed(texts: Iterable[str]) -> str:
    first, *others = list(texts)
    return " or ".join([first, *others[:2]]) + (" …" if len(others) > 2 else "")


def _check_answered(answered: pd.DataFrame, names: Sequence[str], file: Path) -> None:
    """Check the rows with probabilities; problems name the line in the file."""
    try:
        check_predictions(answered, names, file)
    except InputError as error:
        lines = answered.index.to_numpy() + FIRST_ROW
        problems = [
            problem
            if problem.row is None
            else problem._replace(row=int(lines[problem.row - FIRST_ROW]))
            for problem in error.problems
        ]
        raise InputError(problems) from error


def _reasons(unanswered: pd.DataFrame) -> list[str]:
    reasons = []
    for row in range(len(unanswered)):
        cells = {
            kind: unanswered[column].iloc[row]
            for column, kind in REASONS.items()
            if column in unanswered
        }
        given = [kind for kind, cell in cells.items() if isinstance(cell, str) and cell]
        reasons.append(given[0] if given else EMPTY)
    return reasons

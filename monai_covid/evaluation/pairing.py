"""Brings two predictions tables of the same images into the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, is_multi_label, target_column

NAMED_AT_MOST = 5

Sources = tuple[Path | str, Path | str]


def paired(
    first: pd.DataFrame, second: pd.DataFrame, class_names: Sequence[str], sources: Sources
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both tables with their rows sorted by image.

    Args:
        first: Checked predictions table.
        second: Checked predictions table.
        class_names: Classes of both.
        sources: Where the tables came from, for the message.

    Returns:
        The tables; row i of both is the same image of the same patient with the same truth.

    Raises:
        InputError: If images, patients or truth differ; the message names some.
    """
    problems = list(_image_problems(first, second, sources))
    if is_multi_label(first) != is_multi_label(second):
        message = "one table is single-label and the other multi-label"
        problems.append(Problem(sources[1], None, message))
    if problems:
        raise InputError(problems)
    before = first.sort_values(IMAGE, kind="stable").reset_index(drop=True)
    after = second.sort_values(IMAGE, kind="stable").reset_index(drop=True)
    problems = list(_truth_problems(before, after, class_names, sources))
    if problems:
        raise InputError(problems)
    return before, after


def _image_problems(
    first: pd.DataFrame, second: pd.DataFrame, sources: Sources
) -> Iterator[Problem]:
    images = set(first[IMAGE]), set(second[IMAGE])
    for here, there in ((0, 1), (1, 0)):
        missing = sorted(map(str, images[here] - images[there]))
        if missing:
            message = f"{len(missing)} images of {sources[here]} are missing: {_some(missing)}"
            yield Problem(sources[there], None, message)


def _truth_problems(
    before: pd.DataFrame, after: pd.DataFrame, class_names: Sequence[str], sources: Sources
) -> Iterator[Problem]:
    multi_label = is_multi_label(before)
    truth = [target_column(name) for name in class_names] if multi_label else [LABEL]
    for column in (PATIENT, *truth):
        differs = before[column] != after[column]
        if differs.any():
            images = [str(image) for image in before.loc[differs, IMAGE]]
            message = f"{column} differs from {sources[0]} for {len(images)}: {_some(images)}"
            yield Problem(sources[1], None, message)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED_AT_MOST])
    return f"{shown}, …" if len(names) > NAMED_AT_MOST else shown

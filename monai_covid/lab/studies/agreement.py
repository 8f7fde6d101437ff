"""Test images that all networks of a study get right, or none: whether they err together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import resample
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, PREDICTION
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.ranked import divide
from monai_covid.lab.studies.scores import with_interval
from monai_covid.labels import in_known_order

ALL_RIGHT, NONE_RIGHT, ONE_ANSWER = "all_right", "none_right", "none_right_one_answer"


def agreement(members: Mapping[str, pd.DataFrame], resamples: int, seed: int = 0) -> dict[str, Any]:
    """Return how far networks fail on the same images.

    An image that none gets right is hard for all of them, or its label is wrong; no choice among
    them can answer it rightly, though a mean of their probabilities might.

    Args:
        members: Predictions table of each network, by name; two or more.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        ``members``, the names; ``images`` that all of them answered; and shares of these, each with
        ``value``, ``low`` and ``high`` over patients: ``all_right``, ``none_right``,
        ``none_right_one_answer`` (all give the same wrong class) and, by class, ``none_right_of``.
        Without shared images there is ``images`` 0 and no share.
    """
    tables = _shared(list(members.values()))
    first = tables[0]
    summary: dict[str, Any] = {"members": list(members), "images": len(first)}
    if first.empty:
        return summary
    answers = np.stack([table[PREDICTION].to_numpy(str) for table in tables])
    right = answers == first[LABEL].to_numpy(str)
    none = ~right.any(axis=0)
    events = {
        ALL_RIGHT: right.all(axis=0),
        NONE_RIGHT: none,
        ONE_ANSWER: none & (answers == answers[0]).all(axis=0),
    }
    everything = np.ones(len(first), dtype=bool)
    shares = {name: (event, everything) for name, event in events.items()}
    labels = in_known_order(sorted(set(first[LABEL])))
    shares |= {label: (none, (first[LABEL] == label).to_numpy()) for label in labels}
    estimates = _estimates(shares, list(map(str, first[PATIENT])), resamples, seed)
    by_class = {label: estimates.pop(label) for label in labels}
    return {**summary, **estimates, "none_right_of": by_class}


def _shared(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the rows of the images that are in all tables, in one order."""
    images = reduce(set.intersection, (set(table[IMAGE]) for table in tables))
    return [
        table[table[IMAGE].isin(images)].sort_values(IMAGE, ignore_index=True) for table in tables
    ]


def _estimates(
    shares: Mapping[str, tuple[Any, Any]], patients: Sequence[str], resamples: int, seed: int
) -> dict[str, Any]:
    """Return the share of ``(event, among)``, rows ``(N,)`` each, with intervals over patients."""

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {
            name: divide(weights @ (event & among).astype(float), weights @ among.astype(float))
            for name, (event, among) in shares.items()
        }

    once = measure(np.ones((1, len(patients))))
    drawn = resample(measure, patients, resamples, seed)
    alone = len(set(patients)) < 2
    return {name: with_interval(float(once[name][0]), drawn[name], alone=alone) for name in shares}

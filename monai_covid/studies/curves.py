"""The learning curves of an arm, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monai_covid.evaluation.plots.learning_curves import read_learning_curves

COLUMNS = ("validation_auc", "validation_accuracy", "train_loss")
ALL_COLUMNS = ("epoch", "seconds", *COLUMNS)


def read_curve(path: Path) -> dict[str, list[float | None]]:
    """Return a run's learning curve: ``epoch``, ``seconds`` and ``COLUMNS``, a value an epoch."""
    frame = read_learning_curves(path)
    return {name: _values(frame[name]) for name in ALL_COLUMNS}


def no_curve() -> dict[str, list[float | None]]:
    """Return what `read_curve` does for a run that had no epoch."""
    return {name: [] for name in ALL_COLUMNS}


def side_by_side(curves: Sequence[dict[str, list[float | None]]]) -> dict[str, Any]:
    """Return the curves of an arm: ``epoch``, and for each of ``COLUMNS`` a list a run.

    All lists are as long as the longest curve; None where a run has no value.
    """
    longest = max((len(curve["epoch"]) for curve in curves), default=0)
    found: dict[str, Any] = {"epoch": list(range(1, longest + 1))}
    for name in COLUMNS:
        found[name] = [curve[name] + [None] * (longest - len(curve[name])) for curve in curves]
    return found


def _values(column: pd.Series[Any]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in column.astype(float)]

"""How far a network's accuracy lies above that of a trivial cue, on the same images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import resample
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, PREDICTION
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.studies.scores import with_interval


def accuracy_above(
    tables: Sequence[pd.DataFrame], cue: pd.DataFrame, resamples: int, seed: int = 0
) -> dict[str, float | None]:
    """Return the accuracy of networks less that of a cue, with a 95 % interval over patients.

    Both answer the same images, and patients are drawn for both at once: what makes an image hard
    for both does not widen the interval, as it does that of each accuracy.

    Args:
        tables: For each seed the predictions table of all its folds.
        cue: Predictions table of the cue.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        ``value``, ``low`` and ``high``; None without a shared image, and bounds None with a single
        patient.
    """
    right = _right(cue)
    shared = [table[table[IMAGE].isin(right.index)] for table in tables]
    patients = [str(patient) for table in shared for patient in table[PATIENT]]
    if not patients:
        return {"value": None, "low": None, "high": None}
    above = np.concatenate(
        [
            (_right(table) - right.loc[table[IMAGE].tolist()]).to_numpy(np.float64)
            for table in shared
        ]
    )

    def measure(weights: FloatArray) -> dict[str, FloatArray]:
        return {"accuracy": weights @ above / weights.sum(axis=1)}

    drawn = resample(measure, patients, resamples, seed)["accuracy"]
    return with_interval(float(above.mean()), drawn, alone=len(set(patients)) < 2)


def _right(table: pd.DataFrame) -> pd.Series[float]:
    """Return 1 for each image whose prediction is its label, else 0, by the image's name."""
    right = (table[PREDICTION] == table[LABEL]).astype(float)
    return pd.Series(right.to_numpy(), index=table[IMAGE].tolist())

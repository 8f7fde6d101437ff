"""The measures of a study: of one run, of all seeds together, and against a trivial cue.

Intervals are over patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.columns import (
    IMAGE,
    LABEL,
    PATIENT,
    PREDICTION,
    class_names_in,
    probability_column,
)
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.outcomes import FloatArray, SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.predictions import with_prediction
from monai_covid.evaluation.ranked import divide
from monai_covid.evaluation.weighted import measure_of

COVID, NORMAL = "covid19", "normal"
BINARY = "binary_covid19_normal_accuracy"
COVID_AUC = "covid19_auc"
WHOLE = ("accuracy", "balanced_accuracy", "macro_auc")

Measure = Callable[[FloatArray], dict[MetricKey, FloatArray]]


def measured(class_names: Sequence[str]) -> dict[str, MetricKey]:
    """Return what a study measures of a network of these classes: name in its results -> metric."""
    keys = {name: MetricKey(name) for name in WHOLE}
    if COVID in class_names:
        keys[COVID_AUC] = MetricKey("auc", COVID)
    if {COVID, NORMAL} <= {*class_names}:
        keys[BINARY] = MetricKey(BINARY)
    return keys | {f"recall {label}": MetricKey("recall", label) for label in class_names}


def run_scores(table: pd.DataFrame) -> dict[str, Any]:
    """Return the measures of one predictions table, without intervals.

    Args:
        table: Predictions table of any exclusive classes.

    Returns:
        ``accuracy``, ``balanced_accuracy``, ``macro_auc``, ``recall`` of each class, ``images``,
        ``patients`` and, of COVID-19, ``covid19_auc`` and ``binary_covid19_normal_accuracy`` (see
        `binary_accuracy`); None for what the table does not define.
    """
    values = _measure(table)(np.ones((1, len(table))))
    keys = measured(class_names_in(table))
    scores = {name: _number(values[key][0]) for name, key in keys.items()}
    return {**_nested(scores), **_counts([table])}


def pooled_scores(tables: Sequence[pd.DataFrame], resamples: int, seed: int = 0) -> dict[str, Any]:
    """Return the mean over seeds of each measure, with a 95 % interval over patients.

    Patients are drawn once for all seeds, with all their images. The interval says how much the
    sample of patients varies, for the networks as trained.

    Args:
        tables: For each seed the predictions table of all its folds.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        The keys of `run_scores`, each with ``value``, ``low`` and ``high``; None where not defined.
    """
    measures = [_measure(table) for table in tables]
    keys = measured(class_names_in(tables[0]))
    ends = np.cumsum([len(table) for table in tables])[:-1]

    def measure(weights: FloatArray) -> dict[MetricKey, FloatArray]:
        parts = np.split(weights, ends, axis=1)
        by_seed = [of_seed(part) for of_seed, part in zip(measures, parts, strict=True)]
        return {key: np.mean([values[key] for values in by_seed], axis=0) for key in keys.values()}

    patients = [str(patient) for table in tables for patient in table[PATIENT]]
    once = measure(np.ones((1, len(patients))))
    drawn = resample(measure, patients, resamples, seed)
    alone = len(set(patients)) < 2
    return {
        **_nested(
            {n: with_interval(float(once[k][0]), drawn[k], alone=alone) for n, k in keys.items()}
        ),
        **_counts(tables),
        "seeds": len(tables),
    }


def margin_over_baseline(
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


def ensemble_table(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the mean probabilities of several seeds, for the images that all of them have."""
    names = class_names_in(tables[0])
    columns = [probability_column(name) for name in names]
    shared = set.intersection(*(set(table[IMAGE]) for table in tables))
    parts = [
        table[table[IMAGE].isin(shared)].sort_values(IMAGE, ignore_index=True) for table in tables
    ]
    mean = np.mean([table[columns].to_numpy(np.float64) for table in parts], axis=0)
    ensemble = parts[0][[IMAGE, PATIENT, LABEL]].copy()
    ensemble[columns] = mean
    return with_prediction(ensemble, names)


def binary_accuracy(outcomes: SingleLabelOutcomes, weights: FloatArray) -> FloatArray:
    """Return the accuracy ``(R,)`` of COVID-19 against normal, by a network of more classes.

    Of the images of these two classes, the more probable of the two decides; others are left out
    of the images and of the decision. No network was trained for it.

    Args:
        outcomes: N rows of classes that include the two.
        weights: ``(R, N)``.
    """
    covid, normal = (outcomes.class_names.index(name) for name in (COVID, NORMAL))
    of_the_two = (outcomes.true == covid) | (outcomes.true == normal)
    called_covid = outcomes.probabilities[:, covid] > outcomes.probabilities[:, normal]
    right = of_the_two & (called_covid == (outcomes.true == covid))
    return divide(weights @ right.astype(float), weights @ of_the_two.astype(float))


def with_interval(value: float, drawn: FloatArray, *, alone: bool) -> dict[str, float | None]:
    """Return a value with its 95 % interval as results hold them.

    Args:
        value: Of all patients.
        drawn: ``(R,)`` values of the resamples.
        alone: Whether there is a single patient, and so no interval.
    """
    if np.isnan(value) or alone:
        return {"value": _number(value), "low": None, "high": None}
    interval = percentile_interval(drawn)
    return {"value": float(value), "low": interval.low, "high": interval.high}


def _measure(table: pd.DataFrame) -> Measure:
    # Empty predictions are those of a table built by hand; files of runs have them.
    names = class_names_in(table)
    table = table if PREDICTION in table else with_prediction(table, names)
    outcomes = outcomes_of(table, names)
    if not isinstance(outcomes, SingleLabelOutcomes):
        raise ValueError("a study needs one class per image; the table has several labels")
    usual = measure_of(outcomes)
    if BINARY not in measured(names):
        return usual

    def measure(weights: FloatArray) -> dict[MetricKey, FloatArray]:
        metrics = usual(weights)
        metrics[MetricKey(BINARY)] = binary_accuracy(outcomes, weights)
        return metrics

    return measure


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    recalls = {
        name.partition(" ")[2]: value for name, value in flat.items() if name.startswith("recall ")
    }
    whole = {name: value for name, value in flat.items() if not name.startswith("recall ")}
    return {**whole, "recall": recalls}


def _counts(tables: Sequence[pd.DataFrame]) -> dict[str, int]:
    together = pd.concat([table[[IMAGE, PATIENT]] for table in tables])
    return {"images": together[IMAGE].nunique(), "patients": together[PATIENT].nunique()}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _right(table: pd.DataFrame) -> pd.Series[float]:
    """Return 1 for each image whose prediction is its label, else 0, by the image's name."""
    right = (table[PREDICTION] == table[LABEL]).astype(float)
    return pd.Series(right.to_numpy(), index=table[IMAGE].tolist())

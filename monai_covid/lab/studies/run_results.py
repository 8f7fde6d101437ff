"""What the files of runs say, for ``study.json``.

How far a network's accuracy lies above that of a trivial cue, on the same images.

Test images that all networks of a study get right, or none.

The learning curves of an arm, side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import resample
from monai_covid.evaluation.columns import IMAGE, LABEL, PATIENT, PREDICTION
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.evaluation.plots.learning_curves import read_learning_curves
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.ranked import divide
from monai_covid.lab.studies.definition import Run
from monai_covid.lab.studies.scores import ensemble_table, pooled_scores, run_scores, with_interval
from monai_covid.lab.studies.starts import started_from
from monai_covid.labels import COVID_LABELS
from monai_covid.training.cross_validation import run_summary


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


def _right(table: pd.DataFrame) -> pd.Series[float]:
    """Return 1 for each image whose prediction is its label, else 0, by the image's name."""
    right = (table[PREDICTION] == table[LABEL]).astype(float)
    return pd.Series(right.to_numpy(), index=table[IMAGE].tolist())


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
    found: dict[str, Any] = {"members": list(members), "images": len(first)}
    if first.empty:
        return found
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
    labels = [label for label in COVID_LABELS if (first[LABEL] == label).any()]
    shares |= {label: (none, (first[LABEL] == label).to_numpy()) for label in labels}
    estimates = _estimates(shares, list(map(str, first[PATIENT])), resamples, seed)
    by_class = {label: estimates.pop(label) for label in labels}
    return {**found, **estimates, "none_right_of": by_class}


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


TEST = "test"


def read_run(run: Run, folder: Path, files: Mapping[str, Path]) -> dict[str, Any]:
    """Return everything about one run.

    Args:
        run: The run.
        folder: Its folder.
        files: Predictions by name, ``test`` among them.
    """
    summary = run_summary(folder)
    trained = summary["epochs"] is not None
    curve = read_curve(folder / "learning_curve.csv") if trained else no_curve()
    scores = {
        name: run_scores(read_predictions(file, COVID_LABELS)) for name, file in files.items()
    }
    return {
        "seed": run.seed,
        "fold": run.fold,
        "epochs": summary["epochs"],
        "best_epoch": summary["best_epoch"],
        "best_validation_auc": summary["best_validation_auc"],
        "seconds": sum(value or 0.0 for value in curve["seconds"]),
        "training_images": summary["settings"]["training_images"],
        "validation_images": summary["settings"]["validation_images"],
        "test": scores.pop(TEST),
        "further": scores,
        "start": summary["model"]["start"],
        "curve": curve,
        "validation_auc": curve["validation_auc"],
    }


def pool(
    files: Sequence[tuple[str, Path]], resamples: int, cues: Mapping[str, Path] | None = None
) -> dict[str, Any]:
    """Return the measures of all seeds, and of the mean probabilities of two or more.

    Args:
        files: Predictions, each with the name of the table that it is a part of.
        resamples: Bootstrap resamples.
        cues: Predictions of trivial cues on the same images, by name; accuracies are compared.
    """
    tables: dict[str, list[pd.DataFrame]] = {}
    for name, file in files:
        tables.setdefault(name, []).append(read_predictions(file, COVID_LABELS))
    seeds = [pd.concat(parts, ignore_index=True) for parts in tables.values()]
    found: dict[str, Any] = {"test": pooled_scores(seeds, resamples), "ensemble": None}
    if len(seeds) > 1:
        found["ensemble"] = pooled_scores([ensemble_table(seeds)], resamples)
    found["against"] = {
        name: margin_over_baseline(seeds, read_predictions(file, COVID_LABELS), resamples)
        for name, file in (cues or {}).items()
    }
    return found


def agree(files: Mapping[str, Sequence[Path]], resamples: int) -> dict[str, Any]:
    """Return how far networks fail on the same images; see ``agreement.agreement``.

    Args:
        files: Predictions of all folds of each network, by its name.
        resamples: Bootstrap resamples.
    """
    tables = {
        name: pd.concat([read_predictions(file, COVID_LABELS) for file in parts], ignore_index=True)
        for name, parts in files.items()
    }
    return agreement(tables, resamples)


def stage1_of(folder: Path) -> dict[str, Any]:
    """Return how a stage 1 went; its name tells network, seed and fold."""
    summary, curve = run_summary(folder), read_curve(folder / "learning_curve.csv")
    return {
        "name": folder.name,
        "started_from": started_from([summary["model"]["start"]]),
        "epochs": summary["epochs"],
        "training_images": summary["settings"]["training_images"],
        "training_loss": curve["train_loss"][-1],
        "seconds": sum(value or 0.0 for value in curve["seconds"]),
    }


def stage2_of(folder: Path) -> dict[str, Any]:
    """Return how a stage 2 went; its name tells network and seed."""
    summary = run_summary(folder)
    return {
        "name": folder.name,
        "started_from": started_from([summary["model"]["start"]]),
        "epochs": summary["epochs"],
        "best_epoch": summary["best_epoch"],
        "best_validation_auc": summary["best_validation_auc"],
        "training_images": summary["settings"]["training_images"],
        "seconds": sum(
            value or 0.0 for value in read_curve(folder / "learning_curve.csv")["seconds"]
        ),
    }

"""What the files of runs say, as ``study.json`` holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monai_covid.evaluation.columns import class_names_in
from monai_covid.evaluation.hospitals.presentation import hospitals_json
from monai_covid.evaluation.hospitals.report import both_weightings
from monai_covid.evaluation.plots.learning_curves import read_learning_curves
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report import evaluate_table
from monai_covid.lab.studies.agreement import agreement
from monai_covid.lab.studies.definition import Run
from monai_covid.lab.studies.initial_weights import started_from
from monai_covid.lab.studies.scores import (
    ensemble_table,
    margin_over_baseline,
    pooled_scores,
    run_scores,
)
from monai_covid.training.cross_validation import run_summary

TEST = "test"
COLUMNS = ("validation_auc", "validation_accuracy", "train_loss")
ALL_COLUMNS = ("epoch", "seconds", *COLUMNS)


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
    scores = {name: run_scores(read_predictions(file)) for name, file in files.items()}
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


def read_arm(
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
        tables.setdefault(name, []).append(read_predictions(file))
    seeds = [pd.concat(parts, ignore_index=True) for parts in tables.values()]
    results: dict[str, Any] = {"test": pooled_scores(seeds, resamples), "ensemble": None}
    if len(seeds) > 1:
        results["ensemble"] = pooled_scores([ensemble_table(seeds)], resamples)
    results["against"] = {
        name: margin_over_baseline(seeds, read_predictions(file), resamples)
        for name, file in (cues or {}).items()
    }
    return results


def read_agreement(files: Mapping[str, Sequence[Path]], resamples: int) -> dict[str, Any]:
    """Return how far networks fail on the same images; see ``agreement.agreement``.

    Args:
        files: Predictions of all folds of each network, by its name.
        resamples: Bootstrap resamples.
    """
    tables = {
        name: pd.concat([read_predictions(file) for file in parts], ignore_index=True)
        for name, parts in files.items()
    }
    return agreement(tables, resamples)


def read_hospitals(
    files: Mapping[int, Path], names: Mapping[int, str], column: str, resamples: int
) -> dict[str, Any]:
    """Return what networks reach in the hospitals that they were not trained on.

    Args:
        files: Predictions of each fold.
        names: Hospital of each fold.
        column: What names the hospitals.
        resamples: Bootstrap resamples.
    """
    tables = [
        read_predictions(file).assign(**{column: names[fold]}) for fold, file in files.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    report = evaluate_table(table, class_names_in(table), resamples)
    return hospitals_json(*both_weightings(report, column))


def read_stage1(folder: Path) -> dict[str, Any]:
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


def read_stage2(folder: Path) -> dict[str, Any]:
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


def read_curve(path: Path) -> dict[str, list[float | None]]:
    """Return a run's learning curve: ``epoch``, ``seconds`` and ``COLUMNS``, a value an epoch."""
    frame = read_learning_curves(path)
    return {name: _values(frame[name]) for name in ALL_COLUMNS}


def no_curve() -> dict[str, list[float | None]]:
    """Return what `read_curve` does for a run that had no epoch."""
    return {name: [] for name in ALL_COLUMNS}


def align_curves(curves: Sequence[dict[str, list[float | None]]]) -> dict[str, Any]:
    """Return the curves of an arm: ``epoch``, and for each of ``COLUMNS`` a list a run.

    All lists are as long as the longest curve; None where a run has no value.
    """
    longest = max((len(curve["epoch"]) for curve in curves), default=0)
    aligned: dict[str, Any] = {"epoch": list(range(1, longest + 1))}
    for name in COLUMNS:
        aligned[name] = [curve[name] + [None] * (longest - len(curve[name])) for curve in curves]
    return aligned


def _values(column: pd.Series[Any]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in column.astype(float)]

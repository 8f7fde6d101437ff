"""What the files of runs say, for ``study.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.evaluation import read_predictions
from monai_covid.experiments.stages import run_summary
from monai_covid.labels import COVID_LABELS
from monai_covid.studies.against_trivial import accuracy_above
from monai_covid.studies.agreement import agreement
from monai_covid.studies.curves import no_curve, read_curve
from monai_covid.studies.definition import Run
from monai_covid.studies.scores import ensemble_table, pooled_scores, run_scores
from monai_covid.studies.starts import started_from

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
        name: accuracy_above(seeds, read_predictions(file, COVID_LABELS), resamples)
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

"""Runs without a network of their own: the mean probabilities of other runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from monai_covid.evaluation import read_predictions, write_predictions
from monai_covid.experiments.stages import SUMMARY, run_summary
from monai_covid.files import write_text
from monai_covid.labels import COVID_LABELS
from monai_covid.studies.definition import Run
from monai_covid.studies.layout import Layout
from monai_covid.studies.scores import ensemble_table


def average_runs(layout: Layout, run: Run, others: Sequence[Run], further: Sequence[str]) -> None:
    """Write the mean predictions of other runs, and a summary, into the folder of a run.

    The mean is over the images that all of them have: networks that were trained on the external
    COVID-19 images have none of these in their external set.

    Args:
        layout: Where the files of the study lie.
        run: Run without a network.
        others: Finished runs of the same seed and fold, two or more.
        further: Further evaluations of the study.
    """
    for name in (None, *further):
        files = [layout.predictions(other, name) for other in others]
        if all(file.is_file() for file in files):
            _write_mean(files, layout.predictions(run, name))
        elif name is not None:
            write_text(layout.nothing(run, name), "A run that is averaged has no such images.\n")
    _write_summary(layout.run(run), layout.run(others[0]))


def _write_mean(files: Sequence[Path], target: Path) -> None:
    tables = [read_predictions(file, COVID_LABELS) for file in files]
    write_predictions(ensemble_table(tables), target)


def _write_summary(folder: Path, first: Path) -> None:
    """Write what a trained run says of itself; there are no epochs, and the images are equal."""
    settings = run_summary(first)["settings"]
    counts = {name: settings[name] for name in ("training_images", "validation_images")}
    summary = {
        "finished": True,
        "epochs": None,
        "best_epoch": None,
        "best_validation_auc": None,
        "settings": counts,
        "model": {"start": None},
    }
    write_text(folder / SUMMARY, json.dumps(summary, indent=1) + "\n")

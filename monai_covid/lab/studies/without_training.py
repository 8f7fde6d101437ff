"""Runs that train no network: probes of a frozen one, and means of other runs' probabilities."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import torch

from monai_covid.data.datalists import stage3_datalist
from monai_covid.data.files import write_text
from monai_covid.data.records import Datalist
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.evaluation.predictions import read_predictions, write_predictions
from monai_covid.inference.validation import predictions_of
from monai_covid.lab.probing import MOMENTS, PooledFeatures, ProbeClassifier
from monai_covid.lab.studies.definition import Run, Study
from monai_covid.lab.studies.extra_evaluations import BATCH_SIZE, write_extra_evaluation
from monai_covid.lab.studies.initial_weights import IMAGE_OPTIONS, backbone_of, probe_options_of
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.lab.studies.scores import ensemble_table
from monai_covid.models.device import choose_device
from monai_covid.models.features import frozen_backbone
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.training.cross_validation import SUMMARY, chosen, run_summary
from monai_covid.training.logistic import Labelled, fit_probe

SECTIONS = ("training", "validation", "test")


def probe_run(study: Study, run: Run, layout: Layout, machine: Machine) -> None:
    """Fit the probe of a run; write its predictions, its extra evaluations and a summary.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
        InputError: If images cannot be read.
    """
    arm = study.arm(run.arm)
    options = probe_options_of(study, arm)
    name = backbone_of(study, arm)
    device = str(choose_device(machine.device))
    file = machine.imagenet.get(name)
    if arm.stage1 is not None:
        file = layout.stage1(study, run) / "model.pt"
    flips, pooling = options.get("flips", False), options.get("pooling", MOMENTS)
    features, weights = _frozen(name, file, device, flips=flips, pooling=pooling)
    info = _info(name, weights, options, machine.data.records.labels)
    images = {section: _images(section, run, options, machine) for section in SECTIONS}
    source = machine.data.manifest
    training, validation = (
        _numbers(images[section], info, features, source) for section in SECTIONS[:2]
    )
    probe = fit_probe(training, validation, len(info.labels))
    classifier = ProbeClassifier(info, features, probe)
    table = predictions_of(classifier, images["test"], BATCH_SIZE, source)
    write_predictions(table, layout.predictions(run))
    for evaluation in study.extra_evaluations:
        if not layout.is_evaluated(run, evaluation):
            write_extra_evaluation(study, run, evaluation, layout, machine, classifier=classifier)
    settings = {
        "training_images": len(images["training"]),
        "validation_images": len(images["validation"]),
        "inverse_penalty": probe.strength,
    }
    auc = None if isnan(probe.validation_auc) else probe.validation_auc
    _write_summary(layout.run(run), settings, start=info.start, validation_auc=auc)


@cache
def _frozen(
    name: str, file: Path | None, device: str, *, flips: bool, pooling: str
) -> tuple[PooledFeatures, str]:
    """Return a frozen network, one for all runs of this process: it remembers images."""
    backbone = frozen_backbone(name, file)
    return PooledFeatures(backbone.maps, device, flips=flips, pooling=pooling), backbone.weights


def _info(
    name: str, weights: str, options: Mapping[str, Any], labels: tuple[str, ...]
) -> ModelInfo:
    return ModelInfo(
        architecture=name,
        labels=labels,
        image_size=options.get("image_size", 224),
        start=f"{weights}, frozen",
        preprocessing=Preprocessing(**chosen(options, "lungs", "text", "grey")),
    )


def _images(section: str, run: Run, options: Mapping[str, Any], machine: Machine) -> Datalist:
    selected = {**chosen(options, *IMAGE_OPTIONS), **machine.extra_images(options)}
    data = machine.data
    place: dict[str, Any] = {"labels": data.label_set, "fold": run.fold, "seed": run.seed}
    return stage3_datalist(data.manifest, section, **place, **selected)


def _numbers(items: Datalist, info: ModelInfo, features: PooledFeatures, source: Path) -> Labelled:
    """Return features and classes of labelled images."""
    rows, problems = [], []
    for start in range(0, len(items), BATCH_SIZE):
        batch = []
        for item in items[start : start + BATCH_SIZE]:
            try:
                batch.append(_prepared(item["image"], info))
            except ImageReadError as error:
                problems.append(Problem(source, None, str(error)))
        if batch and not problems:
            rows.append(features(torch.stack(batch)).numpy())
    if problems:
        raise InputError(problems)
    return Labelled(np.concatenate(rows), np.array([item["label"] for item in items]))


def _prepared(path: str, info: ModelInfo) -> torch.Tensor:
    return preprocess_file(path, info.image_size, info.channels, info.preprocessing)


def average_runs(
    layout: Layout, run: Run, others: Sequence[Run], evaluations: Sequence[str]
) -> None:
    """Write the mean predictions of other runs, and a summary, into the folder of a run.

    The mean is over the images that all of them have: networks that were trained on the external
    COVID-19 images have none of these in their external set.

    Args:
        layout: Where the files of the study lie.
        run: Run without a network.
        others: Finished runs of the same seed and fold, two or more.
        evaluations: Extra evaluations of the study.
    """
    for name in (None, *evaluations):
        files = [layout.predictions(other, name) for other in others]
        if all(file.is_file() for file in files):
            tables = [read_predictions(file) for file in files]
            write_predictions(ensemble_table(tables), layout.predictions(run, name))
        elif name is not None:
            write_text(layout.no_images(run, name), "A run that is averaged has no such images.\n")
    settings = run_summary(layout.run(others[0]))["settings"]
    counts = {name: settings[name] for name in ("training_images", "validation_images")}
    _write_summary(layout.run(run), counts, start=None)


def _write_summary(
    folder: Path,
    settings: Mapping[str, Any],
    *,
    start: str | None,
    validation_auc: float | None = None,
) -> None:
    """Write what a trained run says of itself; there are no epochs."""
    summary = {
        "finished": True,
        "epochs": None,
        "best_epoch": None,
        "best_validation_auc": validation_auc,
        "settings": dict(settings),
        "model": {"start": start},
    }
    write_text(folder / SUMMARY, json.dumps(summary, indent=1) + "\n")

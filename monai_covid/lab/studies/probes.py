"""Runs that train no network: logistic regression on the features of a frozen one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import torch

from monai_covid.data.datalists import covid_datalist
from monai_covid.data.files import write_text
from monai_covid.data.records import Datalist
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.evaluation.predictions import write_predictions
from monai_covid.inference.validation import predictions_of
from monai_covid.lab.probing import (
    MOMENTS,
    FloatArray,
    IntArray,
    LinearProbe,
    PooledFeatures,
    ProbeClassifier,
    fit_probe,
)
from monai_covid.lab.studies.definition import Run, Study
from monai_covid.lab.studies.extra_evaluations import BATCH_SIZE, extra_evaluations
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.lab.studies.starts import IMAGES, backbone_of, probe_options_of
from monai_covid.labels import COVID_LABELS
from monai_covid.models.device import choose_device
from monai_covid.models.features import frozen_backbone
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.training.cross_validation import SUMMARY, chosen

SECTIONS = ("training", "validation", "test")


def probe_run(study: Study, run: Run, layout: Layout, machine: Machine) -> None:
    """Fit the probe of a run and write its predictions, further ones too, and a summary.

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
    info = _info(name, weights, options)
    images = {section: _images(section, run, options, machine) for section in SECTIONS}
    source = machine.data.manifest
    learned, held_out = (
        _numbers(images[section], info, features, source) for section in SECTIONS[:2]
    )
    probe = fit_probe(learned, held_out, len(COVID_LABELS))
    classifier = ProbeClassifier(info, features, probe)
    table = predictions_of(classifier, images["test"], BATCH_SIZE, source)
    write_predictions(table, layout.predictions(run))
    for further in study.further:
        if not layout.is_evaluated(run, further):
            extra_evaluations(study, run, further, layout, machine, classifier=classifier)
    _write_summary(layout.run(run), info, images, probe)


@cache
def _frozen(
    name: str, file: Path | None, device: str, *, flips: bool, pooling: str
) -> tuple[PooledFeatures, str]:
    """Return a frozen network, one for all runs of this process: it remembers images."""
    backbone = frozen_backbone(name, file)
    return PooledFeatures(backbone.maps, device, flips=flips, pooling=pooling), backbone.weights


def _info(name: str, weights: str, options: Mapping[str, Any]) -> ModelInfo:
    return ModelInfo(
        architecture=name,
        image_size=options.get("image_size", 224),
        start=f"{weights}, frozen",
        preprocessing=Preprocessing(**chosen(options, "lungs", "text", "grey")),
    )


def _images(section: str, run: Run, options: Mapping[str, Any], machine: Machine) -> Datalist:
    named = {**chosen(options, *IMAGES), **machine.further_images(options)}
    return covid_datalist(machine.data.manifest, section, fold=run.fold, seed=run.seed, **named)


def _numbers(
    items: Datalist, info: ModelInfo, features: PooledFeatures, source: Path
) -> tuple[FloatArray, IntArray]:
    """Return features ``(N, F)`` and classes ``(N,)`` of labelled images."""
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
    return np.concatenate(rows), np.array([item["label"] for item in items])


def _prepared(path: str, info: ModelInfo) -> torch.Tensor:
    return preprocess_file(path, info.image_size, info.channels, info.preprocessing)


def _write_summary(
    folder: Path, info: ModelInfo, images: Mapping[str, Datalist], probe: LinearProbe
) -> None:
    """Write what a trained run says of itself; there are no epochs."""
    summary = {
        "finished": True,
        "epochs": None,
        "best_epoch": None,
        "best_validation_auc": None if isnan(probe.validation_auc) else probe.validation_auc,
        "settings": {
            "training_images": len(images["training"]),
            "validation_images": len(images["validation"]),
            "inverse_penalty": probe.strength,
        },
        "model": {"start": info.start},
    }
    write_text(folder / SUMMARY, json.dumps(summary, indent=1) + "\n")

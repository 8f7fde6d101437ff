"""Extra evaluations of a run: without lungs, on lungs alone, on images of other patients."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from monai_covid.audits.shortcuts.lung_parts import predict_parts
from monai_covid.data.files import write_text
from monai_covid.data.folders import manifest_file
from monai_covid.evaluation.predictions import write_predictions
from monai_covid.inference.classifier import Classifier, ImageClassifier
from monai_covid.inference.validation import predictions_of
from monai_covid.lab.studies.collections import external_items, images_of
from monai_covid.lab.studies.definition import (
    EXTERNAL,
    EXTRA,
    LUNGS_ONLY,
    WITHOUT_LUNGS,
    Run,
    Study,
)
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.models.device import choose_device
from monai_covid.preprocessing.lungs.find import find_lungs

BATCH_SIZE = 32

PART: Mapping[str, str] = {LUNGS_ONLY: "lungs_alone", WITHOUT_LUNGS: "without_hull"}
"""Extra evaluation -> version of the images, see ``audits.shortcuts.lung_parts``."""


def write_extra_evaluation(
    study: Study,
    run: Run,
    name: str,
    layout: Layout,
    machine: Machine,
    *,
    classifier: ImageClassifier | None = None,
) -> None:
    """Write the predictions of an extra evaluation.

    Those with parts of the images are written together, as the lungs are looked for only once; they
    hold the test images with plausible lungs.

    Args:
        study: The study.
        run: Trained run.
        name: One of ``EXTRA_EVALUATIONS``.
        layout: Where its files lie.
        machine: Where to compute.
        classifier: What is evaluated; None: the model of the run.

    Raises:
        InputError: If images cannot be read.
    """
    if classifier is None:
        flips = bool(study.evaluation_of(study.arm(run.arm)).get("flips"))
        model = layout.run(run) / "model.pt"
        classifier = Classifier(model, choose_device(machine.device), flips=flips)
    if name == EXTERNAL:
        tables: dict[str, pd.DataFrame | None] = {
            EXTERNAL: _external(study, run, classifier, machine)
        }
    else:
        tables = _parts(study, run, classifier, machine)
    for evaluation, table in tables.items():
        if table is None:
            write_text(layout.no_images(run, evaluation), "No test image has plausible lungs.\n")
        else:
            write_predictions(table, layout.predictions(run, evaluation))


def _external(
    study: Study, run: Run, classifier: ImageClassifier, machine: Machine
) -> pd.DataFrame:
    data = machine.data
    trained_on = study.options_of(study.arm(run.arm)).get("extra_manifests") or []
    unseen = data.extra if EXTRA not in trained_on else None
    if data.nih is None:
        raise ValueError("the external set needs ChestX-ray14; missing_collections says so")
    items = external_items(data.nih, data.records, manifest_file(unseen) if unseen else None)
    return predictions_of(classifier, items, BATCH_SIZE, data.manifest)


def _parts(
    study: Study, run: Run, classifier: ImageClassifier, machine: Machine
) -> dict[str, pd.DataFrame | None]:
    records = machine.data.records
    names = images_of(study, machine.data, run, "test")
    chosen = records.select(records.frame["image"].isin(names).to_numpy())
    tables = predict_parts(chosen, classifier, find_lungs, BATCH_SIZE).tables
    return {name: tables.get(part) for name, part in PART.items()}

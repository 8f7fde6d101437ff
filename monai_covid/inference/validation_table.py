"""Predictions of images that a network was not trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from monai_covid.calibration.tables import with_temperature
from monai_covid.data.records import Datalist
from monai_covid.errors import InputError, Problem
from monai_covid.evaluation import multiclass_table, multilabel_table
from monai_covid.evaluation.columns import IMAGE, PATIENT
from monai_covid.inference.batches import Predicts


def check_apart(table: pd.DataFrame, training: Datalist, source: Path | str) -> None:
    """Make sure that no patient of a predictions table was trained on.

    Raises:
        InputError: Naming the rows.
    """
    patients = {str(item["patient_id"]) for item in training}
    images = {Path(item["name"]).name for item in training}
    seen = table[PATIENT].astype(str).isin(patients) | table[IMAGE].map(
        lambda name: Path(str(name)).name in images
    )
    rows = np.flatnonzero(seen.to_numpy(bool)) + 2
    message = "this image or its patient was trained on; calibration takes images that were not"
    if len(rows):
        raise InputError([Problem(source, row, message) for row in rows.tolist()])


def predictions_of(
    classifier: Predicts, items: Datalist, batch_size: int, source: Path | str
) -> pd.DataFrame:
    """Return the predictions table of a network, with its temperature.

    Args:
        classifier: The network.
        items: Labelled images.
        batch_size: Images that pass the network together.
        source: Where they come from, for messages.

    Raises:
        InputError: If images cannot be read; names all of them.
    """
    info = classifier.info
    found = list(classifier.predict([item["image"] for item in items], batch_size))
    unreadable = [Problem(source, None, one.error) for one in found if one.error]
    if unreadable:
        raise InputError(unreadable)
    build = multilabel_table if info.multilabel else multiclass_table
    table = build(
        [item["name"] for item in items],
        [item["patient_id"] for item in items],
        np.array([item["label"] for item in items]),
        np.array([[one.probabilities[label] for label in info.labels] for one in found]),
        info.labels,
    )
    return with_temperature(table, info.temperature)

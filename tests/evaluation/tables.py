"""Predictions tables for the tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monai_covid.evaluation.predictions import multiclass_table, multilabel_table

CLASSES = ("covid19", "pneumonia", "normal")
LABELS = ("Mass", "Edema", "Hernia", "No Finding")


def single_label(n=120, seed=0, *, patients=50, sharpness=1.5, decimals=None, prefix=""):
    generator = np.random.default_rng(seed)
    true = generator.integers(3, size=n)
    logits = generator.normal(size=(n, 3))
    logits[np.arange(n), true] += sharpness
    probabilities = np.exp(logits)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    if decimals is not None:
        probabilities = np.round(probabilities, decimals)
        probabilities[:, 2] = 1 - probabilities[:, 0] - probabilities[:, 1]
        probabilities = np.clip(np.round(probabilities, decimals), 0, 1)
    owners = generator.integers(patients, size=n)
    return multiclass_table(
        [f"{prefix}{index:04d}.png" for index in range(n)],
        [f"{prefix}p{owner}" for owner in owners],
        true,
        probabilities,
        CLASSES,
    )


def multi_label(n=150, seed=0, empty=None):
    generator = np.random.default_rng(seed)
    targets = (generator.random((n, len(LABELS))) < [0.1, 0.2, 0.3, 0.5]).astype(int)
    if empty is not None:
        targets[:, empty] = 0
    scores = 1 / (1 + np.exp(-generator.normal(size=targets.shape) - targets))
    return multilabel_table(
        [f"{index:04d}.png" for index in range(n)],
        [f"p{index // 2}" for index in range(n)],
        targets,
        np.round(scores, 2),
        LABELS,
    )


def certain(true, predicted, patients=None):
    """A table whose probabilities are 0 and 1."""
    count = len(true)
    return multiclass_table(
        [f"{index}.png" for index in range(count)],
        patients or [f"p{index}" for index in range(count)],
        np.array(true),
        np.eye(3)[predicted],
        CLASSES,
    )


def duplicated(table: pd.DataFrame, weights) -> pd.DataFrame:
    """Rows really repeated, so that each occurs ``weights`` times."""
    return table.loc[np.repeat(np.arange(len(table)), np.asarray(weights, int))].reset_index(
        drop=True
    )

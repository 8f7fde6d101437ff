"""Predictions whose true calibration is known."""

import numpy as np

from monai_covid.evaluation.predictions import multiclass_table

CLASSES = ("covid19", "pneumonia", "normal")


def calibrated_logits(n, seed=0, spread=1.5):
    """Logits, and classes drawn from their own softmax: perfectly calibrated at temperature 1."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=spread, size=(n, 3))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = (p.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1)
    return logits, np.minimum(true, 2)


def table_of(logits, true, images_each=1):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return multiclass_table(
        [f"{k:05d}.png" for k in range(len(true))],
        [f"p{k // images_each}" for k in range(len(true))],
        np.asarray(true),
        p / p.sum(axis=1, keepdims=True),
        CLASSES,
    )

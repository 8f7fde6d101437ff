"""Invented collections and models of known quality."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from monai_covid.audits.groups.attributes import Attribute
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.records import Records
from monai_covid.evaluation.outcomes import SingleLabelOutcomes
from monai_covid.inference.prediction import Prediction

CLASSES = ("covid19", "pneumonia", "normal")


def records(true, *, patients=None, prefix="a", **columns):
    """Records with an image per class index in ``true``."""
    names = [f"{prefix}{index:04d}.png" for index in range(len(true))]
    frame = pd.DataFrame(
        {"image": names, "patient_id": patients or [f"p-{name}" for name in names], **columns},
        index=range(2, len(true) + 2),
    )
    targets = np.eye(len(CLASSES), dtype=bool)[np.asarray(true)]
    return Records(Path("invented.csv"), CLASSES, frame, frame["image"].to_numpy(object), targets)


def outcomes(true, right):
    """Images that are called rightly or as the next class."""
    true, right = np.asarray(true), np.asarray(right, dtype=bool)
    called = np.where(right, true, (true + 1) % len(CLASSES))
    return SingleLabelOutcomes(true, called, np.eye(len(CLASSES))[called], CLASSES)


def attribute(codes, name="view"):
    codes = np.asarray(codes)
    return Attribute(name, tuple(f"g{code}" for code in range(codes.max() + 1)), codes)


class KnownModel:
    """Knows the true class of each image and is right with a given chance per image."""

    info = SimpleNamespace(labels=CLASSES)

    def __init__(self, collections, chances, seed=0):
        generator = np.random.default_rng(seed)
        self.known = {}
        for some, chance in zip(collections, chances, strict=True):
            right = generator.random(len(some)) < chance
            surety = generator.uniform(0.45, 0.9, len(some))
            for path, true, good, sure in zip(some.paths, some.classes, right, surety, strict=True):
                called = true if good else (true + generator.integers(1, 3)) % 3
                row = np.full(3, (1 - sure) / 2)
                row[called] = sure
                self.known[path] = row

    def predict(self, paths, batch_size=16, *, assess=True):
        assert not assess  # where images have labels, these decide
        for path in paths:
            yield Prediction(path, dict(zip(CLASSES, self.known[path], strict=True)), False, "")


def subject(folder, inside, chance, external=None, chances=(), **options):
    external = external or {}
    model = KnownModel([inside, *external.values()], [chance, *chances])
    options = AuditOptions(**{"resamples": 120, **options})
    return Subject(inside, folder, model, external=external, options=options)

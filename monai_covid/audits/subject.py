"""What is audited: a labelled collection, and a model with its held-out fold of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.data.hospitals import hospital_sections
from monai_covid.data.records import Records
from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.predictions import multiclass_table
from monai_covid.inference.classifier import Classifier

FOLD = "fold"


@dataclass(frozen=True)
class AuditOptions:
    """How thorough the audits are.

    Attributes:
        fold: The held-out fold of the model; None: the model was trained on none of the images.
        resamples: Bootstrap resamples behind every interval.
        seed: Seed of everything random.
        batch_size: Images that pass the network together.
        progress: Whether progress bars are shown.
        hold_out_by: Column of hospitals, if these were the folds when the model was trained.
    """

    fold: int | None = None
    resamples: int = 2000
    seed: int = 0
    batch_size: int = 16
    progress: bool = False
    hold_out_by: str | None = None


class Subject:
    """A collection and a model, with what several audits need of them, made once.

    Attributes:
        records: All images of the collection.
        classifier: The model; None: only the collection is audited.
        external: Collections of other hospitals by name, with the same labels.
        readings: What readers saw on some of the images, see ``data.readings``; None: not known.
        options: How thorough to be.
        folder: Folder for pictures of the audit that is running.
    """

    def __init__(
        self,
        records: Records,
        folder: Path,
        classifier: Classifier | None = None,
        *,
        external: dict[str, Records] | None = None,
        readings: pd.DataFrame | None = None,
        options: AuditOptions | None = None,
    ) -> None:
        """Put a subject together; see the attributes."""
        self.records = records
        self.folder = folder
        self.classifier = classifier
        self.external = external or {}
        self.readings = readings
        self.options = options or AuditOptions()

    @property
    def model(self) -> Classifier:
        """The model.

        Raises:
            ValueError: If there is none; audits that need one are not run without.
        """
        if self.classifier is None:
            raise ValueError("this audit needs a model")
        return self.classifier

    @cached_property
    def unseen(self) -> Records:
        """The images that the model was not trained on: its held-out fold, or all.

        Raises:
            InputError: If the fold has no images.
            OptionError: If the fold is a hospital that cannot be held out.
        """
        fold, column = self.options.fold, self.options.hold_out_by
        if fold is None:
            return self.records
        if column is not None:
            return self.records.select(hospital_sections(self.records, column, fold) == "test")
        keep = self.folds == str(fold)
        if not keep.any():
            folds = ", ".join(sorted(set(self.folds) - {""})) or "none"
            message = f"no image has fold {fold}; folds of this file: {folds}"
            raise InputError([Problem(self.records.file, None, message)])
        return self.records.select(keep)

    @property
    def folds(self) -> NDArray[np.object_]:
        """Fold of each image, ``(N,)`` str; empty where there is none."""
        frame = self.records.frame
        if FOLD not in frame:
            return np.full(len(frame), "", dtype=object)
        return frame[FOLD].to_numpy(dtype=object)

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Predictions table (see ``evaluation.columns``) of the images in ``unseen``."""
        return self.predict(self.unseen)

    def predict(self, records: Records) -> pd.DataFrame:
        """Return the predictions table of any images with the labels of the model.

        Raises:
            InputError: If images cannot be read; names all of them.
        """
        return multiclass_table(
            records.frame["image"].tolist(),
            records.patients.tolist(),
            records.classes,
            self.probabilities(records.paths.tolist(), records.file),
            records.labels,
        )

    def probabilities(self, paths: Sequence[str], file: Path) -> NDArray[np.float64]:
        """Return the model's probabilities ``(N, C)`` of image files.

        Args:
            paths: The images.
            file: What lists them, for messages.

        Raises:
            InputError: If images cannot be read; names all of them.
        """
        # Where images have labels, these decide which are suitable.
        predictions = list(self.model.predict(list(paths), self.options.batch_size, assess=False))
        errors = [prediction.error for prediction in predictions if prediction.error]
        if errors:
            raise InputError([Problem(file, None, error) for error in errors])
        labels = self.model.info.labels
        rows = [[prediction.probabilities[label] for label in labels] for prediction in predictions]
        return np.array(rows)

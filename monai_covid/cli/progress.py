"""A model that shows how far its predictions are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from monai_covid.inference.classifier import Classifier
from monai_covid.inference.prediction import Prediction


class ClassifierWithProgress(Classifier):
    """Shows a progress bar for each list of files that it predicts.

    Args:
        model: Model file.
        device: Where it computes.
        quiet: Whether no bars are shown.
    """

    def __init__(self, model: Path, device: torch.device, *, quiet: bool = False) -> None:
        """Load the model."""
        super().__init__(model, device)
        self._quiet = quiet

    def predict(
        self, paths: Sequence[Path | str], batch_size: int = 16, **options: bool
    ) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order."""
        predictions = super().predict(paths, batch_size, **options)
        return iter(
            tqdm(
                predictions,
                total=len(paths),
                desc="Predictions",
                unit="image",
                disable=self._quiet,
            )
        )

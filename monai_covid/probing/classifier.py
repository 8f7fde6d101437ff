"""A frozen network and a linear probe, ready to classify images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from monai_covid.checkpoints import ModelInfo
from monai_covid.inference.batches import Answer
from monai_covid.inference.classifier import predict_files
from monai_covid.inference.prediction import Prediction
from monai_covid.probing.linear import LinearProbe
from monai_covid.probing.pooled import PooledFeatures


class ProbeClassifier:
    """Classifies images as ``inference.Classifier`` does.

    Attributes:
        info: Labels, image size and preprocessing.
        features: The frozen network.
        probe: The linear layer.
    """

    def __init__(self, info: ModelInfo, features: PooledFeatures, probe: LinearProbe) -> None:
        """Put it together; see the attributes."""
        self.info = info
        self.features = features
        self.probe = probe

    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, 1, S, S)``."""
        return self.probe.logits(self.features(images)).softmax(1).float()

    def answer(self, images: Tensor) -> Answer:
        """Return the same probabilities; one network has no spread."""
        return Answer(self.probabilities(images), {})

    def predict(self, paths: Sequence[Path | str], batch_size: int = 16) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; unreadable ones carry their error.

        Args:
            paths: Image files in any format that is read.
            batch_size: Images that are classified together.
        """
        return predict_files(self, paths, batch_size)

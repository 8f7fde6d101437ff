"""A network ready to classify images, for programs that embed it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from monai_covid.checkpoints import load_model
from monai_covid.inference.dataset import ReadableOrNot
from monai_covid.inference.prediction import Prediction
from monai_covid.transforms import inference_transforms


class Classifier:
    """Classifies images with the network of a model file.

    Attributes:
        info: What the network is.
        network: The network, in evaluation mode on ``device``.
    """

    def __init__(self, model: Path | str, device: str | torch.device = "cpu") -> None:
        """Load the network.

        Args:
            model: Model file.
            device: Where to compute.

        Raises:
            WeightsError: If the file is missing or unusable.
        """
        network, self.info = load_model(model)
        self.device = torch.device(device)
        self.network = network.to(self.device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def probabilities(self, images: Tensor) -> Tensor:
        """Return probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, C, S, S)``."""
        logits = self.network(images.to(self.device)).float()
        scores: Tensor = logits.sigmoid() if self.info.multilabel else logits.softmax(1)
        return scores.cpu()

    def predict(self, paths: Sequence[Path | str], batch_size: int = 16) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; unreadable ones carry their error.

        Args:
            paths: Image files in any format that is read.
            batch_size: Images that are classified together.
        """
        info = self.info
        transform = inference_transforms(size=info.image_size, channels=info.channels)
        items = [{"image": str(path), "name": str(path)} for path in paths]
        images = ReadableOrNot(items, transform, info.channels, info.image_size)
        for start in range(0, len(items), batch_size):
            batch = [images[index] for index in range(start, min(start + batch_size, len(items)))]
            scores = self.probabilities(torch.stack([item["image"] for item in batch]))
            for item, row in zip(batch, scores.double().tolist(), strict=True):
                known = {} if item["error"] else dict(zip(info.labels, row, strict=True))
                yield Prediction(item["name"], known, info.multilabel, item["error"])

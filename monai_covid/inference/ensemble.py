"""Several networks that classify together, such as those of all folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from monai_covid.errors import WeightsError
from monai_covid.evaluation.calibration.uncertainty import Scores, uncertainty
from monai_covid.inference.answer import Answer
from monai_covid.inference.classifier import Classifier, predict_files
from monai_covid.inference.prediction import Prediction
from monai_covid.models.model_file import ModelInfo

ALIKE = ("channels", "labels", "image_size", "multilabel", "preprocessing")

SPREAD = ("vote_entropy", "mutual_information")
"""Measures of disagreement, see ``calibration.uncertainty``."""


class EnsembleClassifier:
    """Classifies images by the mean probability of several networks.

    It is used as :class:`Classifier` is, but has no single network to explain. Its spread is what
    ``calibration.uncertainty`` takes (Lakshminarayanan et al., NeurIPS 2017). Honest figures need
    images that no member was trained on.

    Attributes:
        members: The networks, each with its own temperature.
        info: What they have in common; the mean itself has no temperature.
        device: Where they compute.
    """

    def __init__(
        self,
        models: Sequence[Path | str],
        device: str | torch.device = "cpu",
        *,
        flips: bool = False,
    ) -> None:
        """Load the networks.

        Args:
            models: Two or more model files of the same labels, channels and image size.
            device: Where to compute.
            flips: Whether each network's probabilities are means over an image and its mirror
                image.

        Raises:
            WeightsError: If a file is missing or unusable, is there twice, or differs from the
                first.
        """
        if len(models) < 2 or len({Path(path).resolve() for path in models}) < len(models):
            listed = ", ".join(map(str, models)) or "none"
            raise WeightsError(f"an ensemble takes two or more different model files, got {listed}")
        self.device = torch.device(device)
        self.members = tuple(Classifier(path, device, flips=flips) for path in models)
        first = self.members[0].info
        for path, member in zip(models, self.members, strict=True):
            _check_alike(path, member.info, models[0], first)
        self.info = replace(first, temperature=1.0, calibration=None)

    def member_probabilities(self, images: Tensor) -> Tensor:
        """Return each member's probabilities ``(M, B, labels)`` of ``images`` ``(B, C, S, S)``."""
        return torch.stack([member.probabilities(images) for member in self.members])

    def probabilities(self, images: Tensor) -> Tensor:
        """Return mean probabilities ``(B, labels)`` of preprocessed ``images`` ``(B, C, S, S)``."""
        return self.member_probabilities(images).mean(dim=0)

    @property
    def spread_measures(self) -> tuple[str, ...]:
        """What :meth:`answer` tells of the spread; nothing where several labels can hold."""
        return () if self.info.multilabel else SPREAD

    def answer(self, images: Tensor) -> Answer:
        """Return mean probabilities and how much the members disagree, in nats."""
        members = self.member_probabilities(images)
        scores = Scores.of_ensemble(members.double().numpy())
        # Neither is below 0 but for rounding; adding 0 makes 0 of -0.
        spread = {
            name: (np.maximum(uncertainty(name, scores), 0) + 0.0).tolist()
            for name in self.spread_measures
        }
        return Answer(members.mean(dim=0), spread)

    def predict(
        self,
        paths: Sequence[Path | str],
        batch_size: int = 16,
        *,
        assess: bool = True,
        keep_unsuitable: bool = False,
    ) -> Iterator[Prediction]:
        """Yield a prediction for each file, in order; see `predict_files`."""
        return predict_files(
            self, paths, batch_size, assess=assess, keep_unsuitable=keep_unsuitable
        )


def _check_alike(
    path: Path | str, info: ModelInfo, first_path: Path | str, first: ModelInfo
) -> None:
    for what in ALIKE:
        value, expected = getattr(info, what), getattr(first, what)
        if value != expected:
            raise WeightsError(f"{path}: {what} is {value!r}, but {expected!r} in {first_path}")

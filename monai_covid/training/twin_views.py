"""Two views of every image, and how they go through the network."""

from __future__ import annotations

from typing import Any

import torch
from monai.inferers import Inferer
from torch import Tensor, nn
from torch.utils.data import Dataset

from monai_covid.training.dataset import RadiographDataset

VIEWS = 2


class TwinViews(Dataset[dict[str, Any]]):
    """Images with their random transforms made twice, independently.

    Both views are functions of the seed, the epoch and the image alone, as the images of
    `RadiographDataset` are.

    Attributes:
        images: The images.
    """

    def __init__(self, images: RadiographDataset) -> None:
        """Take the images; nothing is read before the first access."""
        self.images = images

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Any]:
        """Return an item whose ``image`` is ``(2, C, H, W)``.

        Args:
            key: ``(epoch, index)``.
        """
        views = self.images.views(*key, count=VIEWS)
        return {**views[0], "image": torch.stack([view["image"] for view in views])}


class TwinInferer(Inferer):
    """Sends both views of a batch through the network together."""

    def __init__(self, inferer: Inferer) -> None:
        """Use ``inferer`` for the images."""
        super().__init__()
        self.inferer = inferer

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Tensor:
        """Return the embeddings ``(B, 2, D)`` of views ``(B, 2, C, H, W)``."""
        embeddings: Tensor = self.inferer(inputs.flatten(0, 1), network, *args, **kwargs)
        return embeddings.view(-1, VIEWS, embeddings.shape[1])

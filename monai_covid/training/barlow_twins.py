"""Barlow Twins: a network learns from images without labels.

Two views of an image should have the same embedding, and no two of its elements should be
redundant: the cross-correlation matrix of the views' embeddings over a batch is drawn towards the
identity. J. Zbontar, L. Jing, I. Misra, Y. LeCun and S. Deny, "Barlow Twins: Self-Supervised
Learning via Redundancy Reduction", ICML 2021. Loss, projector, pairs of views, and their way
through the network.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from monai.inferers import Inferer
from monai.losses import BarlowTwinsLoss
from monai.networks.nets import DenseNet
from torch import Tensor, nn
from torch.utils.data import Dataset

from monai_covid.models.architectures import build_densenet
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.dataset import RadiographDataset


class BarlowTwins(nn.Module):
    """The loss of pairs of embeddings, for a trainer that hands on labels too.

    MONAI's loss divides by standard deviations over N - 1 images and by N images, as the paper's
    pseudo-code does in PyTorch: its correlations are (N - 1) / N times those of the paper's
    equation 2. The diagonal thus never reaches 1 and a constant remains; what is best is the same.
    """

    def __init__(self, redundancy_weight: float = 5e-3) -> None:
        """Weight the elements off the diagonal with ``redundancy_weight``, the paper's lambda."""
        super().__init__()
        self.loss = BarlowTwinsLoss(lambd=redundancy_weight)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Return the loss.

        Args:
            embeddings: ``(B, 2, D)``, those of the two views of each image.
            labels: Not used.
        """
        loss: Tensor = self.loss(embeddings[:, 0], embeddings[:, 1])
        return loss


def build_with_projector(info: ModelInfo, width: int, seed: int) -> DenseNet:
    """Build a DenseNet whose head is a projector.

    Random weights depend on ``seed`` alone. As in the paper the projector has three linear layers,
    the first two followed by batch normalisation and a rectifier, after the pooled features.

    Args:
        info: What the network is; its labels are not used.
        width: ``D``, neurons of each layer of the projector.
        seed: Of the weights.

    Returns:
        Network that maps ``(B, channels, H, W)`` float32 to embeddings ``(B, D)``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_densenet(info.architecture, info.channels, outputs=1)
        features = network.class_layers.out.in_features
        network.class_layers.out = _projector(features, width)
        return network.to(memory_format=torch.channels_last)


def _projector(features: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((features, width, width)):
        layers += [nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, width, bias=False))


VIEWS = 2


class TwinViews(Dataset[dict[str, Any]]):
    """Images, each with two independent random transforms.

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

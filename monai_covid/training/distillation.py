"""A DenseNet learns from images without labels what a network of ImageNet sees in them.

The feature maps of a frozen teacher are regressed on those of the DenseNet (A. Romero et al.,
"FitNets: Hints for Thin Deep Nets", ICLR 2015), at every stage and place: a few hundred radiographs
give many thousand places to learn from. Means and deviations of the teacher's maps are regressed on
the averaged features as well, which the head of a later stage starts from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from monai.inferers import Inferer
from monai.networks.nets import DenseNet
from torch import Tensor, nn

from monai_covid.checkpoints import ModelInfo
from monai_covid.feature_maps import DenseNetMaps
from monai_covid.networks import build_densenet
from monai_covid.training.teacher import Teacher


def build_backbone(info: ModelInfo, seed: int) -> DenseNet:
    """Build a DenseNet with random weights that depend on ``seed`` alone.

    Its head has a single neuron, which nothing trains and no file of a backbone holds.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_densenet(info.architecture, info.channels, outputs=1)
        return network.to(memory_format=torch.channels_last)


class Lesson(NamedTuple):
    """What a DenseNet says of a batch, and what its teacher says.

    Attributes:
        learned: Regressed feature maps of each of the teacher's stages, and pooled features last.
        taught: The teacher's, of the same shapes.
    """

    learned: list[Tensor]
    taught: list[Tensor]


class Student(nn.Module):
    """A DenseNet with regressions of a teacher's feature maps.

    Each stage of the teacher is regressed on the dense block whose maps are nearest in size.

    Attributes:
        maps: The DenseNet without its head; it is trained in place.
        regressions: One for each stage of the teacher, and one for its pooled features.
        sizes: Height and width of the maps that each stage of the teacher is regressed on.
    """

    def __init__(self, network: DenseNet, teacher: Teacher, image_size: int, seed: int) -> None:
        """Put regressions upon ``network``.

        Args:
            network: The DenseNet.
            teacher: Whose features are learned.
            image_size: Height and width of the images.
            seed: Of the weights.
        """
        super().__init__()
        self.maps = DenseNetMaps(network)
        channels = network.features.conv0.in_channels
        example = torch.zeros(1, channels, image_size, image_size)
        own, taught = _shapes(self.maps, example), _shapes(teacher.maps, example)
        self._blocks = [_nearest(shape, own) for shape in taught]
        self.sizes = [(own[block][2], own[block][3]) for block in self._blocks]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            regressions: list[nn.Module] = [
                _regression(own[block][1], shape[1])
                for block, shape in zip(self._blocks, taught, strict=True)
            ]
            features = 2 * sum(shape[1] for shape in taught)
            regressions.append(nn.Linear(own[-1][1], features))
        self.regressions = nn.ModuleList(regressions)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return what is ``Lesson.learned`` of ``images`` ``(B, channels, S, S)``."""
        maps = self.maps(images)
        *stages, averaged = self.regressions
        found = [stage(maps[block]) for stage, block in zip(stages, self._blocks, strict=True)]
        return [*found, averaged(maps[-1].mean((2, 3)))]


class DistillingInferer(Inferer):
    """Sends a batch through student and teacher."""

    def __init__(self, inferer: Inferer, teacher: Teacher) -> None:
        """Use ``inferer`` for the student."""
        super().__init__()
        self.inferer = inferer
        self.teacher = teacher

    def __call__(self, inputs: Tensor, network: nn.Module, *args: Any, **kwargs: Any) -> Lesson:
        """Return the lesson of images ``(B, channels, S, S)``."""
        return Lesson(self.inferer(inputs, network, *args, **kwargs), self.teacher(inputs))


class DistillationLoss(nn.Module):
    """Smooth L1 loss of the maps, mean over the stages, and of the pooled features."""

    def forward(self, lesson: Lesson, labels: Tensor) -> Tensor:
        """Return the loss.

        Args:
            lesson: The lesson.
            labels: Not used.
        """
        *maps, averaged = (
            nn.functional.smooth_l1_loss(learned.float(), taught)
            for learned, taught in zip(*lesson, strict=True)
        )
        return torch.stack(maps).mean() + averaged


def _shapes(maps: nn.Module, example: Tensor) -> list[torch.Size]:
    """Return the shapes of a network's maps; its batch statistics stay as they are."""
    training = maps.training
    # The teacher computes on its device already, the DenseNet is placed later.
    device = next(maps.parameters()).device
    with torch.no_grad():
        found = [one.shape for one in maps.eval()(example.to(device))]
    maps.train(training)
    return found


def _nearest(shape: torch.Size, own: Sequence[torch.Size]) -> int:
    """Return the block, the deepest of several, whose maps are nearest in height to ``shape``."""
    return min(reversed(range(len(own))), key=lambda block: abs(own[block][2] - shape[2]))


def _regression(inputs: int, outputs: int) -> nn.Sequential:
    layers = (nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1))
    return nn.Sequential(*layers)

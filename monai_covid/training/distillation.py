"""Stage 1 with a teacher: a DenseNet learns the features of an ImageNet-pretrained network.

The feature maps of a frozen teacher are regressed on those of the DenseNet (A. Romero et al.,
"FitNets: Hints for Thin Deep Nets", ICLR 2015), at every stage and place: a few hundred radiographs
without labels give many thousand places to learn from. Means and deviations of the teacher's maps
are regressed on the averaged features as well, which the head of a later stage starts from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from monai.inferers import Inferer
from monai.networks.nets import DenseNet
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from monai_covid.models.architectures import build_densenet
from monai_covid.models.features import DenseNetMaps, frozen_backbone, pooled
from monai_covid.models.model_file import ModelInfo

MEASURED = 128
"""Images that the scale of the features is taken from."""

TEACHERS = ("efficientnet_lite0",)


class Teacher:
    """Feature maps of a frozen network, and their means and deviations over an image.

    All are standardised by statistics over images, so that no channel weighs more than another.

    Attributes:
        maps: The network; see ``features.Backbone``.
        weights: Where its weights come from.
    """

    def __init__(self, name: str, device: str | torch.device = "cpu") -> None:
        """Load the network.

        Args:
            name: One of ``TEACHERS``.
            device: Where to compute.

        Raises:
            OptionError: If the packages of the extra ``features`` are missing.
        """
        backbone = frozen_backbone(name)
        self.maps = backbone.maps.to(device)
        self.weights = backbone.weights
        self._device = torch.device(device)
        self._sizes: list[tuple[int, int]] = []
        self._scale: list[tuple[Tensor, Tensor]] = []

    def prepare(self, images: Any, sizes: Sequence[tuple[int, int]]) -> None:
        """Take mean and deviation of every feature from the first views of some images.

        They depend on the images and their order alone, so that a run that is continued has the
        same.

        Args:
            images: Data set of items with ``image`` ``(channels, S, S)``, asked by (epoch, index).
            sizes: Height and width that the maps of each stage are brought to, by averaging.
        """
        self._sizes = list(sizes)
        step = max(1, len(images) // MEASURED)
        chosen = range(0, len(images), step)[:MEASURED]
        batch = torch.stack([torch.as_tensor(images[(0, index)]["image"]) for index in chosen])
        self._scale = [
            (feature.mean(_but_channels(feature), keepdim=True), _deviation(feature))
            for feature in self._features(batch.to(self._device))
        ]

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Return the standardised maps of each stage, and the pooled features last.

        Args:
            images: ``(B, channels, S, S)``, standardised.

        Returns:
            ``(B, C, H, W)`` of the sizes that were given, and ``(B, F)``, float32.
        """
        scaled = zip(self._features(images), self._scale, strict=True)
        return [(feature - mean) / deviation for feature, (mean, deviation) in scaled]

    @torch.no_grad()
    def _features(self, images: Tensor) -> list[Tensor]:
        maps = self.maps(images)
        pairs = zip(maps, self._sizes, strict=True)
        resized = [adaptive_avg_pool2d(stage, size) for stage, size in pairs]
        return [*resized, pooled(maps)]


def _but_channels(values: Tensor) -> list[int]:
    return [axis for axis in range(values.dim()) if axis != 1]


def _deviation(values: Tensor) -> Tensor:
    # A channel that is the same everywhere teaches nothing; it must not divide by 0.
    return values.std(_but_channels(values), keepdim=True, correction=0).clamp(min=1e-3)


def build_backbone(info: ModelInfo, seed: int) -> DenseNet:
    """Build a DenseNet with random weights that depend on ``seed`` alone.

    Its head has a single neuron, which nothing trains and no file of a backbone holds.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_densenet(info.architecture, info.channels, outputs=1)
        return network.to(memory_format=torch.channels_last)


class Lesson(NamedTuple):
    """Features of a batch: those of a DenseNet, and those of its teacher.

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
        regressed = [stage(maps[block]) for stage, block in zip(stages, self._blocks, strict=True)]
        return [*regressed, averaged(maps[-1].mean((2, 3)))]


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
        shapes = [stage.shape for stage in maps.eval()(example.to(device))]
    maps.train(training)
    return shapes


def _nearest(shape: torch.Size, own: Sequence[torch.Size]) -> int:
    """Return the block, the deepest of several, whose maps are nearest in height to ``shape``."""
    return min(reversed(range(len(own))), key=lambda block: abs(own[block][2] - shape[2]))


def _regression(inputs: int, outputs: int) -> nn.Sequential:
    layers = (nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1))
    return nn.Sequential(*layers)

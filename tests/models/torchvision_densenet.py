"""A DenseNet with torchvision's structure and tensor names, written independently of MONAI's."""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DenseLayer(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(features)
        self.conv1 = nn.Conv2d(features, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(x)))


class DenseBlock(nn.ModuleDict):
    def forward(self, x: Tensor) -> Tensor:
        for layer in self.values():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class Transition(nn.Module):
    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(features)
        self.conv = nn.Conv2d(features, features // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)


class TorchvisionDenseNet(nn.Module):
    """Names as in torchvision: ``features.denseblock1.denselayer1.norm1.weight``."""

    def __init__(self, blocks: tuple[int, ...], channels: int = 3, outputs: int = 1000) -> None:
        super().__init__()
        growth, width = 32, 64
        self.features = nn.Sequential()
        self.features.add_module("conv0", nn.Conv2d(channels, width, 7, 2, 3, bias=False))
        self.features.add_module("norm0", nn.BatchNorm2d(width))
        self.features.add_module("relu0", nn.ReLU())
        self.features.add_module("pool0", nn.MaxPool2d(3, 2, 1))
        for block, layers in enumerate(blocks, start=1):
            dense = {
                f"denselayer{i + 1}": DenseLayer(width + i * growth, growth) for i in range(layers)
            }
            self.features.add_module(f"denseblock{block}", DenseBlock(dense))
            width += layers * growth
            if block < len(blocks):
                self.features.add_module(f"transition{block}", Transition(width))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x))
        return self.classifier(x.mean((2, 3)))


def randomise(network: nn.Module, seed: int = 0) -> nn.Module:
    """Give every parameter and statistic of ``network`` a value of its own."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            scale = tensor[0].numel() ** -0.5 if tensor.ndim > 1 else 0.2
            positive = "norm" in name and name.endswith(("weight", "running_var"))
            tensor.copy_(scale * noise + 1 if positive else scale * noise)
            if positive:
                tensor.abs_().clamp_(min=0.1)
    return network.eval()


def old_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``state`` with the names of torchvision's files: ``denselayer1.norm.1.weight``."""
    return {
        re.sub(r"(denselayer\d+)\.(norm|conv)([12])\.", r"\1.\2.\3.", name): tensor
        for name, tensor in state.items()
    }

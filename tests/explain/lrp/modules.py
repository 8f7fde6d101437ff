"""A canonized DenseNet built of plain modules, for libraries that hook into modules."""

import torch
from torch import nn

from monai_covid.explain.lrp.canonize import canonize


def convolution(layer):
    outputs, inputs, *kernel = layer.weight.shape
    made = nn.Conv2d(inputs, outputs, kernel, layer.stride, layer.padding, dtype=layer.weight.dtype)
    made.load_state_dict({"weight": layer.weight, "bias": layer.bias})
    return made


def affine(layer):
    """Return a batch normalisation in evaluation that is just this scale and shift."""
    scale, shift = layer.scale.flatten(), layer.shift.flatten()
    made = nn.BatchNorm2d(len(scale), eps=0.0, dtype=scale.dtype)
    made.load_state_dict({"weight": scale, "bias": shift}, strict=False)
    return made


class Concatenate(nn.Module):
    def forward(self, first, second):
        return torch.cat([first, second], 1)


class DenseLayer(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layers = nn.Sequential(
            affine(layer.norm),
            nn.ReLU(),
            convolution(layer.bottleneck),
            nn.ReLU(),
            convolution(layer.growth),
        )
        self.concatenate = Concatenate()

    def forward(self, x):
        return self.concatenate(x, self.layers(x))


def as_modules(network):
    """Return the canonized copy of ``network`` as an ``nn.Sequential``."""
    canonized = canonize(network)
    parts = [convolution(canonized.stem), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    for number, block in enumerate(canonized.blocks):
        parts += [DenseLayer(layer) for layer in block]
        if number < len(canonized.transitions):
            transition = canonized.transitions[number]
            parts += [affine(transition.norm), nn.ReLU(), convolution(transition.convolution)]
            parts += [nn.AvgPool2d(2)]
    outputs, inputs = canonized.head.weight.shape
    head = nn.Linear(inputs, outputs, dtype=canonized.head.weight.dtype)
    head.load_state_dict({"weight": canonized.head.weight, "bias": canonized.head.bias})
    parts += [affine(canonized.norm), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(1), head]
    return nn.Sequential(*parts).eval()

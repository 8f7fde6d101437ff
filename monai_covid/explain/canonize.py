"""From a MONAI DenseNet to what relevance is propagated through.

A batch normalisation after a convolution is folded into it: the two are one linear layer. The
others, which stand before a ReLU and a convolution, stay as affine layers of their own. The network
itself is never touched.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from monai_covid.explain.layers import (
    Affine,
    CanonizedDenseNet,
    Convolution,
    DenseLayer,
    Head,
    Pool,
    Transition,
)

Layer = TypeVar("Layer", bound=nn.Module)

_IDENTITIES = (nn.Dropout2d, nn.Dropout, nn.Identity, nn.Flatten)
"""Layers that change no value in evaluation."""


class CanonizeError(TypeError):
    """A network has a layer that relevance cannot be propagated through; the message names it."""


def canonize(network: nn.Module, *, live: bool = False) -> CanonizedDenseNet:
    """Return a copy of a DenseNet with batch normalisations folded into the convolutions.

    It computes what the network computes in evaluation mode, in the precision and on the device of
    its parameters. The running statistics of batch normalisations are constants.

    Args:
        network: ``monai.networks.nets.DenseNet`` with two spatial dimensions: 121, 169, 201, 264 or
            any other number of layers, input channels and outputs.
        live: Whether gradients reach the network's parameters through the copy.

    Raises:
        CanonizeError: If a layer is missing or of another kind.
    """
    with torch.set_grad_enabled(live):
        return _canonized(_Finder(network))


def _canonized(find: _Finder) -> CanonizedDenseNet:
    blocks = find.numbered("features.denseblock")
    last = len(blocks)
    canonized = CanonizedDenseNet(
        stem=_folded(find("features.conv0", nn.Conv2d), find("features.norm0", nn.BatchNorm2d)),
        pool=_pool(find),
        blocks=tuple(_block(find, name) for name in blocks),
        transitions=tuple(_transition(find, f"features.transition{k}") for k in range(1, last)),
        norm=_affine(find("features.norm5", nn.BatchNorm2d)),
        head=_head(find),
    )
    find.check_nothing_left()
    return canonized


class _Finder:
    """Finds layers by name and checks what they are."""

    def __init__(self, network: nn.Module) -> None:
        self.modules = dict(network.named_modules())
        self.name = type(network).__name__
        self.found: set[str] = set()

    def __call__(self, name: str, kind: type[Layer]) -> Layer:
        found = self.modules.get(name)
        if type(found) is not kind:
            what = "missing" if found is None else f"a {type(found).__name__}"
            raise CanonizeError(
                f"{self.name}: {name} is {what}; relevance can be propagated through MONAI's "
                f"two-dimensional DenseNet, where it is a {kind.__name__}"
            )
        self.found.add(name)
        return found

    def numbered(self, prefix: str) -> list[str]:
        names: list[str] = []
        while f"{prefix}{len(names) + 1}" in self.modules:
            names.append(f"{prefix}{len(names) + 1}")
        if not names:
            raise CanonizeError(f"{self.name}: {prefix}1 is missing; this is no MONAI DenseNet")
        return names

    def check_nothing_left(self) -> None:
        for name, module in self.modules.items():
            is_leaf = not list(module.children())
            if is_leaf and name not in self.found and not isinstance(module, _IDENTITIES):
                raise CanonizeError(
                    f"{self.name}: {name}, a {type(module).__name__}, is no part of a DenseNet"
                )


def _block(find: _Finder, block: str) -> tuple[DenseLayer, ...]:
    layers = []
    for name in find.numbered(f"{block}.denselayer"):
        part = f"{name}.layers"
        find(f"{part}.relu1", nn.ReLU)
        find(f"{part}.relu2", nn.ReLU)
        layers.append(
            DenseLayer(
                norm=_affine(find(f"{part}.norm1", nn.BatchNorm2d)),
                bottleneck=_folded(
                    find(f"{part}.conv1", nn.Conv2d), find(f"{part}.norm2", nn.BatchNorm2d)
                ),
                growth=_convolution(find(f"{part}.conv2", nn.Conv2d)),
            )
        )
    return tuple(layers)


def _transition(find: _Finder, name: str) -> Transition:
    find(f"{name}.relu", nn.ReLU)
    pool = find(f"{name}.pool", nn.AvgPool2d)
    if (pool.kernel_size, pool.stride, pool.padding) != (2, 2, 0):
        raise CanonizeError(f"{find.name}: {name}.pool does not average over 2 x 2 pixels")
    return Transition(
        _affine(find(f"{name}.norm", nn.BatchNorm2d)),
        _convolution(find(f"{name}.conv", nn.Conv2d)),
    )


def _pool(find: _Finder) -> Pool:
    find("features.relu0", nn.ReLU)
    pool = find("features.pool0", nn.MaxPool2d)
    sizes = (pool.kernel_size, pool.stride, pool.padding)
    if not all(isinstance(size, int) for size in sizes) or pool.dilation != 1 or pool.ceil_mode:
        raise CanonizeError(f"{find.name}: features.pool0 is no plain square pooling: {pool}")
    kernel, stride, padding = (int(size) for size in sizes if isinstance(size, int))
    return Pool(kernel, stride, padding)


def _head(find: _Finder) -> Head:
    find("class_layers.relu", nn.ReLU)
    pool = find("class_layers.pool", nn.AdaptiveAvgPool2d)
    if pool.output_size not in (1, (1, 1)):
        raise CanonizeError(f"{find.name}: class_layers.pool does not average over all pixels")
    linear = find("class_layers.out", nn.Linear)
    bias = torch.zeros_like(linear.weight[:, 0]) if linear.bias is None else linear.bias
    return Head(linear.weight.clone(), bias.clone())


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return scale and shift of each channel, ``(C,)`` float64."""
    if norm.running_mean is None or norm.running_var is None:
        raise CanonizeError("a batch normalisation keeps no running statistics")
    deviation = (norm.running_var.double() + norm.eps).sqrt()
    weight = torch.ones_like(deviation) if norm.weight is None else norm.weight.double()
    bias = torch.zeros_like(deviation) if norm.bias is None else norm.bias.double()
    scale = weight / deviation
    return scale, bias - scale * norm.running_mean.double()


def _affine(norm: nn.BatchNorm2d) -> Affine:
    scale, shift = (each.to(_type(norm)).reshape(-1, 1, 1) for each in _scale_and_shift(norm))
    return Affine(scale, shift)


def _type(norm: nn.BatchNorm2d) -> torch.dtype:
    assert norm.running_mean is not None
    return norm.running_mean.dtype


def _convolution(layer: nn.Conv2d) -> Convolution:
    if layer.groups != 1 or layer.dilation != (1, 1) or layer.padding_mode != "zeros":
        raise CanonizeError(f"a convolution is grouped, dilated or padded otherwise: {layer}")
    assert not isinstance(layer.padding, str)
    weight = layer.weight.clone()
    bias = torch.zeros_like(weight[:, 0, 0, 0]) if layer.bias is None else layer.bias.clone()
    stride, padding = layer.stride, layer.padding
    return Convolution(weight, bias, (stride[0], stride[1]), (padding[0], padding[1]))


def _folded(layer: nn.Conv2d, norm: nn.BatchNorm2d) -> Convolution:
    convolution = _convolution(layer)
    scale, shift = _scale_and_shift(norm)
    weight = convolution.weight.double() * scale[:, None, None, None]
    bias = convolution.bias.double() * scale + shift
    kind = convolution.weight.dtype
    return convolution.with_parameters(weight.to(kind), bias.to(kind))

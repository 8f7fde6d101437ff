"""A small U-Net with two outputs: where the lung fields are, and whether this is a chest at all.

With it, what it sees of an image, and the file of its weights (a plain NumPy archive in half
precision, without pickles).
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from torch import Tensor, nn
from torch.nn import functional as F

from monai_covid.data.files import atomic_path
from monai_covid.errors import WeightsError
from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.resize import resize_to_square

INPUT_SIZE = 128
"""Side of the network's input in pixels: lungs are large, and an image takes milliseconds."""

CHANNELS = 2

NEIGHBOURHOOD = 25
"""Side in pixels of the window whose mean and contrast are taken out: about three ribs."""

LEAST_CONTRAST = 0.02

WIDTHS = (16, 24, 32, 48, 48)
"""Channels at 64, 32, 16, 8 and 4 pixels."""

FIELDS = 2
_GROUPS = 8
SHIPPED = "lungs.npz"


class LungNetwork(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) that works at half the resolution of its input.

    Group normalisation instead of batch normalisation: it has no statistics of the training set,
    from which real radiographs differ.
    """

    def __init__(self) -> None:
        """Make the layers, with random weights."""
        super().__init__()
        self.stem = _block(CHANNELS, WIDTHS[0], stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_block(before, after, stride=2), _block(after, after))
            for before, after in pairwise(WIDTHS)
        )
        self.up = nn.ModuleList(
            _block(deep + shallow, shallow)
            for deep, shallow in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.fields = nn.Conv2d(WIDTHS[0], FIELDS, kernel_size=1)
        self.chest = nn.Sequential(
            nn.Linear(2 * WIDTHS[-1], WIDTHS[-1]), nn.ReLU(), nn.Linear(WIDTHS[-1], 1)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the fields (B, 2, N, N) and of being a chest (B,).

        Args:
            images: (B, 2, N, N), see `prepare`; N a multiple of 32.
        """
        levels = [self.stem(images)]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        deepest = levels[-1]
        summary = torch.cat([deepest.mean((2, 3)), deepest.amax((2, 3))], dim=1)
        result = deepest
        for layer, skipped in zip(self.up, levels[-2::-1], strict=True):
            larger = F.interpolate(result, scale_factor=2.0, mode="nearest")
            result = layer(torch.cat([larger, skipped], dim=1))
        logits = F.interpolate(self.fields(result), scale_factor=2.0, mode="bilinear")
        return logits, self.chest(summary)[:, 0]


def _block(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.GroupNorm(_GROUPS, channels_out),
        nn.ReLU(),
    )


def prepare(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return the input of the network for grey values of any scale and shape.

    Args:
        pixels: (H, W), larger is brighter, finite.

    Returns:
        (2, 128, 128) float32: the equalised image, -1 to 1, and the image with mean and contrast of
        the neighbourhood taken out, about -3 to 3. Neither depends on scale or offset.
    """
    # 32 bits hold what files hold; doubles and long integers must lose their offset first.
    values = pixels.astype(np.result_type(pixels.dtype, np.float32))
    values -= values.min()
    values /= max(float(values.max()), np.finfo(np.float32).tiny)
    image = torch.from_numpy(values.astype(np.float32, copy=False))[None]
    grey = equalize_histogram(resize_to_square(image, INPUT_SIZE))[0].numpy()
    mean = uniform_filter(grey, NEIGHBOURHOOD, mode="nearest")
    variance = uniform_filter(np.square(grey - mean), NEIGHBOURHOOD, mode="nearest")
    # The running sums of the filter leave rounding errors, also below zero.
    contrast = np.sqrt(np.maximum(variance, 0.0)) + LEAST_CONTRAST
    return np.stack([2.0 * grey - 1.0, (grey - mean) / contrast]).astype(np.float32)


def save_weights(path: Path | str, network: LungNetwork) -> None:
    """Write the weights of ``network`` to ``path`` (.npz), rounded to half precision."""
    arrays = {name: tensor.numpy().astype(np.float16) for name, tensor in _tensors(network)}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def load_weights(path: Path | str) -> LungNetwork:
    """Return the network with the weights in ``path``, ready for inference.

    Raises:
        WeightsError: If the file cannot be read, or a tensor is missing, unknown or misshapen.
    """
    network = LungNetwork()
    state = _read(path)
    expected = {name: tuple(tensor.shape) for name, tensor in _tensors(network)}
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if shapes != expected:
        wrong = sorted(dict(shapes.items() ^ expected.items()))
        raise WeightsError(f"{path}: does not fit the lung network: {', '.join(wrong)}")
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()


def _read(path: Path | str) -> dict[str, torch.Tensor]:
    try:
        with Path(path).open("rb") as stream, NpzFile(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name].astype(np.float32) for name in archive.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise WeightsError(f"{path}: is no readable weights file (.npz): {error}") from error
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


@cache
def shipped_network() -> LungNetwork:
    """Return the network that comes with the package; read once."""
    with as_file(files("monai_covid.preprocessing.lungs") / SHIPPED) as path:
        return load_weights(path)


def shipped_hash() -> str:
    """Return the SHA-256 of the weights that come with the package, in hexadecimal."""
    return sha256((files("monai_covid.preprocessing.lungs") / SHIPPED).read_bytes()).hexdigest()


def _tensors(network: LungNetwork) -> list[tuple[str, torch.Tensor]]:
    return [(name, tensor.detach()) for name, tensor in network.state_dict().items()]

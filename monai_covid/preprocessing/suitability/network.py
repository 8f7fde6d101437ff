"""A small convolutional network that answers five questions about a thumbnail of an image.

With it, the file of its weights and thresholds that comes with the package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from monai_covid.data.files import atomic_path
from monai_covid.errors import WeightsError

INPUT_SIDE = 64
KINDS = ("frontal chest", "lateral chest", "something else")

TURNS = (0, 90, 180, 270)
"""Degrees by which an image is turned counter-clockwise."""

OUTPUTS = {"kind": len(KINDS), "turn": len(TURNS), "inverted": 1, "mirrored": 1, "cropped": 1}
"""Output neurons of each question, in the order of the last layer."""

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")

WEIGHTS_SHA256 = "aa443ccefc8aef0c25de8be73233fad3ce16b47bf34184b928913a6fa1a49164"
"""Of ``WEIGHTS_FILE``, so that a damaged or exchanged file is not used."""

_THRESHOLD = "threshold/"


class SuitabilityNetwork(nn.Module):
    """Four convolutions and two dense layers, 80 thousand parameters.

    The dense layer sees where features lie, which a mean over the image would hide: a turned
    chest has the same parts in other places.
    """

    def __init__(self) -> None:
        """Make the layers with PyTorch's random weights."""
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(1, 16, 5, stride=2),
            nn.MaxPool2d(2),
            *_convolution(16, 32),
            nn.MaxPool2d(2),
            *_convolution(32, 48),
            *_convolution(48, 64),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.answer = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(64 * 16, 32), nn.ReLU(), nn.Linear(32, sum(OUTPUTS.values()))
        )

    def forward(self, thumbnails: Tensor) -> dict[str, Tensor]:
        """Return logits (B, outputs) of each of `OUTPUTS`.

        Args:
            thumbnails: (B, 1, 64, 64) float32, equalised to [0, 1].
        """
        logits = self.answer(self.features(thumbnails - 0.5))
        return dict(zip(OUTPUTS, logits.split(list(OUTPUTS.values()), dim=1), strict=True))


def question_scores(logits: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return how sure the network is of each fault, (B,) float32 in [0, 1] by name.

    ``other``: not a chest radiograph; ``lateral``; ``turned_90``, ``turned_180``,
    ``turned_270``; ``inverted``; ``mirrored``; ``cropped``.
    """
    kind = logits["kind"].softmax(1)
    turn = logits["turn"].softmax(1)
    answers = {"other": kind[:, 2], "lateral": kind[:, 1]}
    answers |= {f"turned_{degrees}": turn[:, i] for i, degrees in enumerate(TURNS) if degrees}
    return answers | {
        name: torch.sigmoid(logits[name][:, 0]) for name in ("inverted", "mirrored", "cropped")
    }


def _convolution(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


class Trained(NamedTuple):
    """A network that is ready to use.

    Attributes:
        network: In evaluation mode, on the CPU.
        thresholds: Score of each fault above which an image is refused for it.
    """

    network: SuitabilityNetwork
    thresholds: Mapping[str, float]


def save_trained(path: Path, trained: Trained) -> str:
    """Write weights and thresholds as .npz without pickles; return the file's SHA-256.

    The same weights give the same bytes: NumPy stamps members with a fixed time.
    """
    arrays = {name: tensor.numpy() for name, tensor in trained.network.state_dict().items()}
    arrays |= {_THRESHOLD + name: np.float32(value) for name, value in trained.thresholds.items()}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return sha256_of(path)


def load_trained(path: Path = WEIGHTS_FILE, sha256: str = WEIGHTS_SHA256) -> Trained:
    """Return the network in ``path``.

    Args:
        path: File of `save_trained`.
        sha256: What its hash must be; empty: anything.

    Raises:
        WeightsError: The file is missing, is another one, or does not fit the network.
    """
    try:
        digest = sha256_of(path)
        if sha256 and digest != sha256:
            raise WeightsError(
                f"{path}: has the SHA-256 {digest} instead of {sha256}; install the package again"
            )
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: cannot be read: {error}") from error
    stored = {name: value for name, value in arrays.items() if name.startswith(_THRESHOLD)}
    state = {name: torch.from_numpy(arrays[name]) for name in arrays if name not in stored}
    network = SuitabilityNetwork()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path}: {error}") from error
    thresholds = {name.removeprefix(_THRESHOLD): float(value) for name, value in stored.items()}
    return Trained(network.eval(), thresholds)


@lru_cache(maxsize=1)
def shipped_model() -> Trained:
    """Return the network that comes with the package, read once."""
    return load_trained()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

"""The file of the network's weights and thresholds that comes with the package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from monai_covid.errors import WeightsError
from monai_covid.files import atomic_path
from monai_covid.suitability.network import SuitabilityNetwork

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")
WEIGHTS_SHA256 = "aa443ccefc8aef0c25de8be73233fad3ce16b47bf34184b928913a6fa1a49164"
"""Of ``WEIGHTS_FILE``, so that a damaged or exchanged file is not used."""

_THRESHOLD = "threshold/"


class Trained(NamedTuple):
    """A network that is ready to use.

    Attributes:
        network: In evaluation mode, on the processor.
        thresholds: Score of each question above which it speaks against an image.
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
        found = sha256_of(path)
        if sha256 and found != sha256:
            raise WeightsError(
                f"{path}: has the SHA-256 {found} instead of {sha256}; install the package again"
            )
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: cannot be read: {error}") from error
    known = {name: value for name, value in arrays.items() if name.startswith(_THRESHOLD)}
    state = {name: torch.from_numpy(arrays[name]) for name in arrays if name not in known}
    network = SuitabilityNetwork()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path}: {error}") from error
    thresholds = {name.removeprefix(_THRESHOLD): float(value) for name, value in known.items()}
    return Trained(network.eval(), thresholds)


@lru_cache(maxsize=1)
def shipped() -> Trained:
    """Return the network that comes with the package, read once."""
    return load_trained()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()

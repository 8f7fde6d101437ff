"""The weights of the lung network: a plain NumPy archive, half precision, no pickle."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import as_file, files
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.lib.npyio import NpzFile

from monai_covid.errors import WeightsError
from monai_covid.files import atomic_path
from monai_covid.lungs.network import LungNetwork

SHIPPED = "lungs.npz"


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
    known = {name: tuple(tensor.shape) for name, tensor in _tensors(network)}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if found != known:
        wrong = sorted(dict(found.items() ^ known.items()))
        raise WeightsError(f"{path}: no weights of the lung network; wrong: {', '.join(wrong)}")
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
    with as_file(files("monai_covid.lungs") / SHIPPED) as path:
        return load_weights(path)


def shipped_hash() -> str:
    """Return the SHA-256 of the weights that come with the package, in hexadecimal."""
    return sha256((files("monai_covid.lungs") / SHIPPED).read_bytes()).hexdigest()


def _tensors(network: LungNetwork) -> list[tuple[str, torch.Tensor]]:
    return [(name, tensor.detach()) for name, tensor in network.state_dict().items()]

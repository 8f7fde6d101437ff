"""Weights files, read without running code from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from monai_covid.errors import WeightsError


def read_state(path: Path | str) -> dict[str, Tensor]:
    """Read the tensors of a network from a file.

    The file holds a state dict, or a dictionary with one under ``network``, ``state_dict`` or
    ``model``.

    Args:
        path: File written by ``torch.save``; read with ``weights_only=True``.

    Raises:
        WeightsError: If there is no such file, or the file is not a PyTorch file of tensors.
    """
    content = read_torch_file(path)
    for key in ("network", "state_dict", "model"):
        nested = content.get(key)
        if isinstance(nested, Mapping):
            content = dict(nested)
            break
    state = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    if not state or len(state) < len(content):
        raise WeightsError(f"{path}: holds no state dict of tensors")
    return state


def read_torch_file(path: Path | str) -> dict[str, object]:
    """Read a dictionary that was saved with ``torch.save``, without running code from it.

    Raises:
        WeightsError: If there is no such file, or it cannot be read or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # PyTorch's own message recommends to load the file without care.
        raise WeightsError(
            f"{path}: not a readable PyTorch weights file; it is damaged, of another kind, or "
            "holds more than tensors and plain values, which could run code and is not loaded"
        ) from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: holds {type(content).__name__}, expected a dictionary")
    return dict(content)

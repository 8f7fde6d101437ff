"""What a network is, kept among its tensors, so that the one is never without the other.

The description is JSON text in a buffer of bytes, ``model_info``. A state dict that holds it stays
one of tensors alone: it loads with ``weights_only=True`` and strictly, and an export to
TorchScript, a copy to a GPU or an exchange of weights carries it along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

MODEL_INFO = "model_info"
"""Name of the buffer."""


def to_bytes(fields: Mapping[str, Any]) -> Tensor:
    """Return plain values as JSON text, ``(N,)`` uint8."""
    text = json.dumps(fields, sort_keys=True)
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def from_bytes(buffer: Tensor) -> dict[str, Any]:
    """Return what `to_bytes` wrote down.

    Args:
        buffer: ``(N,)``; floating-point numbers, as they come of averaging networks, are rounded.

    Raises:
        ValueError: If it is not the JSON text of an object.
    """
    fields = json.loads(bytes(_rounded(buffer).tolist()).decode())
    if not isinstance(fields, dict):
        raise ValueError(f"a description is {type(fields).__name__}, expected an object")
    return fields


def describe(network: nn.Module, fields: Mapping[str, Any]) -> None:
    """Give ``network`` its description as a buffer.

    A state dict with a description brings it along, since the network then is what that says. One
    without, such as of weights of others, leaves the network's own.
    """
    if MODEL_INFO not in dict(network.named_buffers(recurse=False)):
        network.register_load_state_dict_pre_hook(_take_description)  # type: ignore[no-untyped-call]
    network.register_buffer(MODEL_INFO, to_bytes(fields))


def _take_description(network: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    own, name = network.get_buffer(MODEL_INFO), prefix + MODEL_INFO
    arrived = _rounded(state.get(name, own))
    if arrived.shape != own.shape:
        network.register_buffer(MODEL_INFO, torch.empty_like(arrived, device=own.device))
    state[name] = arrived


def _rounded(buffer: Tensor) -> Tensor:
    # The mean of equal numbers may lie a digit below them.
    return buffer.round().to(torch.uint8) if buffer.is_floating_point() else buffer

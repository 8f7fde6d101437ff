"""Weights files and their tensors: read without running code, none dropped silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

import torch
from torch import Tensor, nn

from monai_covid.errors import WeightsError
from monai_covid.models.info_buffer import MODEL_INFO
from monai_covid.models.tensor_names import HEAD, to_monai_names, without_wrappers

_USUAL_KEYS = ("network", "state_dict", "model")


def fold_input_channels(weight: Tensor, channels: int) -> Tensor:
    """Adapt the first convolution to ``channels`` inputs.

    Three channels fold into one by summing: a grey image repeated three times gives the same
    result through the unfolded weights.

    Args:
        weight: ``(O, C, K, K)`` with C 1 or 3.
        channels: 1 or 3.

    Returns:
        ``(O, channels, K, K)``.

    Raises:
        WeightsError: For one channel in the weights and three in the network.
    """
    if weight.shape[1] == channels:
        return weight
    if weight.shape[1] == 3 and channels == 1:
        return weight.sum(dim=1, keepdim=True)
    raise WeightsError(
        f"weights for {weight.shape[1]} input channels do not fit {channels} channels"
    )


def load_backbone(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load everything but the head from ``state`` into ``network``.

    Args:
        network: Network of :func:`build_network`, changed in place.
        state: Tensors under any names that :func:`to_monai_names` understands.

    Raises:
        WeightsError: Unless every tensor of the backbone is in ``state`` with the right shape and
            every tensor of ``state`` outside the head is used.
    """
    _load(network, {k: v for k, v in to_monai_names(state).items() if not k.startswith(HEAD)})


def load_network(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load ``state`` with its head into ``network``; as strict as :func:`load_backbone`."""
    _load(network, to_monai_names(state), with_head=True)


def _load(network: nn.Module, state: dict[str, Tensor], with_head: bool = False) -> None:
    own = network.state_dict()
    left_alone = (MODEL_INFO,) if with_head else (MODEL_INFO, HEAD)
    expected = {k: v for k, v in own.items() if not k.startswith(left_alone)}
    first = "features.conv0.weight"
    state = dict(state)
    if first in state and first in expected and state[first].ndim == expected[first].ndim:
        state[first] = fold_input_channels(state[first], expected[first].shape[1])
    # Weights saved before PyTorch 0.4.1 have no batch counters; they do not affect the output.
    for name, tensor in expected.items():
        if name.endswith("num_batches_tracked") and name not in state:
            state[name] = torch.zeros_like(tensor)
    problems = _mismatches(expected, state)
    if problems:
        raise WeightsError("the weights do not fit the network:\n  " + "\n  ".join(problems))
    network.load_state_dict({**own, **state}, strict=True)


def _mismatches(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    problems = [
        *_some("missing from the weights", sorted(expected.keys() - state.keys())),
        *_some("not part of the network", sorted(state.keys() - expected.keys())),
    ]
    for name in sorted(expected.keys() & state.keys()):
        if expected[name].shape != state[name].shape:
            shapes = f"{tuple(state[name].shape)} instead of {tuple(expected[name].shape)}"
            problems.append(f"{name} has shape {shapes}")
    return problems[:10]


def _some(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"{what}: {', '.join(names[:3])}{more}"]


def description_in(state: Mapping[str, Tensor]) -> Tensor | None:
    """Return the buffer that says what a network is, if its state dict has one."""
    named = (tensor for name, tensor in state.items() if without_wrappers(name) == MODEL_INFO)
    return next(named, None)


def read_state(path: Path | str) -> dict[str, Tensor]:
    """Read the tensors of a network from a file.

    The file holds a state dict, or a dictionary with one under ``network``, ``state_dict`` or
    ``model``, or under whatever name if it is the only one.

    Args:
        path: File written by ``torch.save``; read with ``weights_only=True``.

    Raises:
        WeightsError: If there is no such file, or the file is not a PyTorch file of tensors.
    """
    content = read_torch_file(path)
    for key in _USUAL_KEYS * 2:
        nested = content.get(key)
        if isinstance(nested, Mapping):
            content = dict(nested)
    found = [key for key, value in content.items() if _is_state(value)]
    if len(found) > 1:
        raise WeightsError(f"{path}: holds several state dicts: {', '.join(found)}; keep one")
    state = content[found[0]] if found else content
    if not _is_state(state):
        raise WeightsError(f"{path}: holds no state dict of tensors")
    return dict(state)


def _is_state(content: object) -> TypeGuard[Mapping[str, Tensor]]:
    if not isinstance(content, Mapping) or not content:
        return False
    return all(isinstance(value, Tensor) for value in content.values())


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

"""Loading of weights that never drops a tensor silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from monai_covid.errors import WeightsError
from monai_covid.networks.names import HEAD, to_monai_names


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
    expected = {k: v for k, v in own.items() if with_head or not k.startswith(HEAD)}
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

"""How tensors are kept in a model file: as they are, or the large ones in half the bytes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from monai_covid.errors import OptionError
from monai_covid.models.tensor_names import HEAD

FLOAT32 = "float32"
STORAGES: Mapping[str, torch.dtype] = {
    FLOAT32: torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
"""Numbers that the weights of convolutions can be kept in; networks compute in float32."""

KEPT = ("features.conv0.", "features.denseblock1.", "features.transition1.", f"{HEAD}.")
"""Tensors that are small and matter most: the first layers and the head stay as they are.

Rounding the first convolution to float16 changes probabilities more than rounding all others does;
keeping the first block and its transition, a twentieth of DenseNet-121, halves what remains.
"""


def stored(state: Mapping[str, Tensor], storage: str = FLOAT32) -> dict[str, Tensor]:
    """Return the tensors as they are written.

    Only weights of two or more dimensions are rounded; normalisation, whose variances can be larger
    or smaller than float16 holds, is not.

    Args:
        state: ``state_dict`` of a network, under MONAI's names.
        storage: One of ``STORAGES``.

    Raises:
        OptionError: If ``storage`` is unknown, or a weight is too large for it.
    """
    if storage not in STORAGES:
        raise OptionError(f"storage is {storage!r}; it must be one of {', '.join(STORAGES)}")
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    if storage == FLOAT32:
        return plain
    rounded = {
        name: tensor.to(STORAGES[storage]) if _is_rounded(name, tensor) else tensor
        for name, tensor in plain.items()
    }
    for name, tensor in rounded.items():
        if not torch.equal(tensor.isfinite(), plain[name].isfinite()):
            raise OptionError(f"storage is {storage!r}, which cannot hold {name}: too large values")
    return rounded


def _is_rounded(name: str, tensor: Tensor) -> bool:
    return tensor.dtype == torch.float32 and tensor.ndim > 1 and not name.startswith(KEPT)

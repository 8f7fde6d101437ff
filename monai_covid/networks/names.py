"""What tensors are called in weights of other libraries, and here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from monai_covid.errors import WeightsError

HEAD = "class_layers.out"
"""Name of the last linear layer in MONAI's DenseNet."""

_WRAPPERS = re.compile(r"^(?:module\.|model\.|network\.|densenet(?:121|201)\.)+")
_DENSE_LAYER = re.compile(r"(denselayer\d+)\.(?:layers\.)?(norm|relu|conv)\.?([12])\.")
_HEAD = re.compile(r"^(?:classifier|class_layers\.out|_fc)\.(?:\d+\.)?(weight|bias)$")
_EFFICIENTNET = {
    "_conv_stem": "features.conv0",
    "_bn0": "features.norm0",
    "_blocks": "features.blocks",
    "_conv_head": "features.conv_last",
    "_bn1": "features.norm_last",
}


def to_monai_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a network to those of ours, a DenseNet's to MONAI's.

    Understands torchvision's names, old (``denselayer1.norm.1``) and new (``denselayer1.norm1``),
    MONAI's own, a head called ``classifier`` (also inside a ``Sequential``), and wrappers such as
    ``module.`` and ``densenet121.`` around them; and those of the package
    ``efficientnet_lite_pytorch``.

    Raises:
        WeightsError: If two tensors end up under one name.
    """
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        new = _WRAPPERS.sub("", name)
        new = _DENSE_LAYER.sub(r"\1.layers.\2\3.", new)
        first, dot, rest = new.partition(".")
        new = _EFFICIENTNET.get(first, first) + dot + rest
        new = _HEAD.sub(rf"{HEAD}.\1", new)
        if new in renamed:
            raise WeightsError(f"two tensors of the weights are both {new} (one of them: {name})")
        renamed[new] = tensor
    return renamed

"""The names of a network's tensors, whatever it was wrapped in when they were saved."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from monai_covid.errors import WeightsError
from monai_covid.models.info_buffer import MODEL_INFO

HEAD = "class_layers.out"
"""Name of the last linear layer in MONAI's DenseNet."""

_WRAPPERS = re.compile(
    r"^(?:(?:module|model|network|net|backbone|encoder|_orig_mod|densenet(?:121|201))\.)+"
)
_FIRST_LAYER = re.compile(r"^(?P<prefix>(?:.+\.)?)(?:features\.conv0|_conv_stem)\.weight$")
_DENSE_LAYER = re.compile(r"(denselayer\d+)\.(?:layers\.)?(norm|relu|conv)\.?([12])\.")
_HEAD = re.compile(r"^(?:classifier|class_layers\.out|_fc)\.(?:\d+\.)?(weight|bias)$")
_LAST_NORM = ("features.norm5.weight", "features.norm_last.weight")
_NO_LAYER = re.compile(
    r"^(?:n_averaged|(?:\w*loss\w*|\w*criterion\w*)\.(?:\w+\.)*(?:pos_)?weight)$"
)
"""What trainers save beside the layers, and what has no effect on the output: a counter of averaged
models, weights of the loss."""
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
    MONAI's own, and those of the package ``efficientnet_lite_pytorch``; whatever wraps the layers,
    such as ``module.`` or ``student.backbone.``; and a head of any name if it is the only linear
    layer. Left out are the buffer that says what a network is, and what belongs to no layer.

    Raises:
        WeightsError: If two tensors end up under one name, or there are several networks.
    """
    prefix = _prefix(state)
    renamed: dict[str, Tensor] = {}
    for name, tensor in state.items():
        new = without_wrappers(name, prefix)
        if new == MODEL_INFO or _NO_LAYER.match(new):
            continue
        new = _DENSE_LAYER.sub(r"\1.layers.\2\3.", new)
        first, dot, rest = new.partition(".")
        new = _EFFICIENTNET.get(first, first) + dot + rest
        new = _HEAD.sub(rf"{HEAD}.\1", new)
        if new in renamed:
            raise WeightsError(f"two tensors of the weights are both {new} (one of them: {name})")
        renamed[new] = tensor
    return _with_head(renamed)


def without_wrappers(name: str, prefix: str = "") -> str:
    """Return the name of a tensor in its network, which was wrapped in ``prefix`` or as usual."""
    return _WRAPPERS.sub("", name.removeprefix(prefix))


def _prefix(state: Mapping[str, Tensor]) -> str:
    """Return what stands before the names of the network's layers."""
    matches = (_FIRST_LAYER.match(name) for name in state)
    prefixes = [match["prefix"] for match in matches if match]
    if len(prefixes) > 1:
        below = " and ".join(repr(prefix.rstrip(".")) for prefix in prefixes)
        raise WeightsError(f"the weights hold several networks, below {below}; keep one of them")
    return prefixes[0] if prefixes else ""


def _with_head(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the only linear layer to the head where it has another name."""
    width = next((len(state[name]) for name in _LAST_NORM if name in state), None)
    if f"{HEAD}.weight" in state or width is None:
        return state
    linear = [
        name.removesuffix(".weight")
        for name, tensor in state.items()
        if name.endswith(".weight") and not name.startswith("features.") and tensor.ndim == 2
    ]
    if len(linear) != 1 or state[f"{linear[0]}.weight"].shape[1] != width:
        return state
    own = {f"{linear[0]}.{part}": f"{HEAD}.{part}" for part in ("weight", "bias")}
    return {own.get(name, name): tensor for name, tensor in state.items()}

"""Weights of others as model files: with their labels, preprocessing and scale, never guessed.

Sources: Rajpurkar et al., CheXNet, arXiv 1711.05225 (2017); Cohen et al., TorchXRayVision, MIDL
2022.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from monai_covid.errors import OptionError, WeightsError
from monai_covid.labels import SHIPPED, LabelSet, known_labels, shipped
from monai_covid.models.loading import load_network, read_state
from monai_covid.models.model_file import ModelInfo, save_model
from monai_covid.models.tensor_names import HEAD, to_monai_names
from monai_covid.preprocessing.settings import Preprocessing

OPERATING_POINTS = "op_threshs"
_FIRST = "features.conv0.weight"
_LAYERS_OF_BLOCK_4 = {16: "densenet121", 32: "densenet201"}


class Origin(NamedTuple):
    """Where weights come from, and what that says of them.

    Attributes:
        preprocessing: What was done to every image.
        labels: Shipped label set of its outputs, where their number fits; None: not known.
        multilabel: Whether labels can hold at once; None: as the label set says.
    """

    preprocessing: Preprocessing
    labels: str | None = None
    multilabel: bool | None = None


_IMAGENET_CUT = Preprocessing(grey="full", view="centre")

ORIGINS = {
    "torchxrayvision": Origin(
        Preprocessing(grey="full", view="square", resizing="gaussian", scale="1024"),
        "torchxrayvision",
        multilabel=True,
    ),
    "chexnet": Origin(_IMAGENET_CUT, "nih", multilabel=True),
    "torchvision": Origin(_IMAGENET_CUT),
    "plain": Origin(Preprocessing(grey="full")),
}
"""Chosen with ``--from``."""


class Weights(NamedTuple):
    """Tensors of others.

    Attributes:
        state: By the names of our networks.
        names: Label of each output; empty: nobody says; ``""`` for an output without a label.
        points: Operating point of each output; None: none.
    """

    state: dict[str, Tensor]
    names: tuple[str, ...] = ()
    points: tuple[float, ...] | None = None

    @property
    def outputs(self) -> int:
        """Number of output neurons."""
        return len(self.state[f"{HEAD}.weight"])


def import_weights(
    source: Path | str,
    origin: str,
    out: Path | str,
    *,
    labels: LabelSet | None = None,
    multilabel: bool | None = None,
    image_size: int = 224,
) -> ModelInfo:
    """Write a model file of weights that others trained.

    Args:
        source: File of tensors; for ``torchxrayvision`` also the name of weights of that package,
            which then loads them itself.
        origin: One of ``ORIGINS``.
        out: Model file to write.
        labels: Label set of the outputs, in order; None: what the weights or their origin say.
        multilabel: Whether labels can hold at once; None: as origin or label set say.
        image_size: Side of the network's input in pixels.

    Returns:
        What was written.

    Raises:
        WeightsError: If the file cannot be read, is of another network, or its labels are not
            known.
        OptionError: If the label set does not fit.
    """
    if origin not in ORIGINS:
        raise OptionError(f"--from {origin}: it must be one of {', '.join(ORIGINS)}")
    about = ORIGINS[origin]
    named = origin == "torchxrayvision" and not Path(source).exists()
    weights = _of_torchxrayvision(str(source)) if named else _of_file(source)
    chosen = labels or _labels_of(source, weights, about)
    if len(chosen.names) != weights.outputs and not any(weights.names):
        raise OptionError(
            f"--classes: {source} has {weights.outputs} outputs, and the label set "
            f"{len(chosen.names)}: {', '.join(chosen.names)}"
        )
    multilabel = multilabel if multilabel is not None else about.multilabel
    if multilabel is not None:
        chosen = LabelSet(chosen.labels, exclusive=not multilabel)
    weights = _labelled_alone(weights, chosen)
    info = ModelInfo(
        _architecture(source, weights.state),
        weights.state[_FIRST].shape[1],
        chosen.names,
        image_size,
        multilabel=not chosen.exclusive,
        start=f"weights of {origin}",
        preprocessing=about.preprocessing,
        label_set=None if chosen == known_labels(chosen.names) else chosen,
        operating_points=weights.points,
    )
    network = info.build()
    try:
        load_network(network, weights.state)
    except WeightsError as error:
        raise WeightsError(f"{source}: {error}") from error
    save_model(out, network.state_dict(), info)
    return info


def _of_file(path: Path | str) -> Weights:
    state = dict(read_state(path))
    points = next((state.pop(k) for k in list(state) if k.endswith(OPERATING_POINTS)), None)
    # Some write float16; the network computes in float32.
    renamed = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in to_monai_names(state).items()
    }
    if f"{HEAD}.weight" not in renamed or _FIRST not in renamed:
        some = ", ".join(list(renamed)[:3])
        raise WeightsError(
            f"{path}: is no DenseNet with output neurons; its tensors are {some} and so on"
        )
    return Weights(renamed, points=None if points is None else tuple(points.tolist()))


def _of_torchxrayvision(name: str) -> Weights:
    try:
        import torchxrayvision  # noqa: PLC0415
    except ImportError as error:
        raise OptionError(
            f"{name}: no such file; as a name of weights it needs the package torchxrayvision: "
            "pip install torchxrayvision"
        ) from error
    known = torchxrayvision.models.model_urls
    if name not in known or not name.startswith("densenet121"):
        names = ", ".join(each for each in known if each.startswith("densenet121"))
        raise OptionError(f"{name}: neither a file nor weights of torchxrayvision: {names}")
    return weights_of_module(torchxrayvision.models.DenseNet(weights=name))


def weights_of_module(network: Any) -> Weights:
    """Return the weights of a DenseNet of TorchXRayVision, with its labels and operating points."""
    state: Mapping[str, Tensor] = network.state_dict()
    points = getattr(network, OPERATING_POINTS, None)
    return Weights(
        to_monai_names(
            {name: tensor for name, tensor in state.items() if name != OPERATING_POINTS}
        ),
        tuple(network.targets),
        None if points is None else tuple(points.tolist()),
    )


def _labels_of(source: Path | str, weights: Weights, origin: Origin) -> LabelSet:
    named = [name for name in weights.names if name]
    if named:
        return known_labels(named, exclusive=False)
    if origin.labels is not None:
        # CheXNet's reimplementations leave No Finding out, which comes last.
        usual = shipped(origin.labels)
        for labels in (
            usual.labels,
            tuple(label for label in usual.labels if not label.no_finding),
        ):
            if len(labels) == weights.outputs:
                return LabelSet(labels, usual.exclusive)
    fitting = [name for name in SHIPPED if len(shipped(name).names) == weights.outputs]
    hint = f" Shipped label sets of that many: {', '.join(fitting)}." if fitting else ""
    raise WeightsError(
        f"{source}: has {weights.outputs} outputs and does not say what they are; name them in "
        f"order with --classes (names divided by commas, or a YAML file).{hint}"
    )


def _labelled_alone(weights: Weights, labels: LabelSet) -> Weights:
    """Leave out the outputs without a label; refuse those without an operating point."""
    keep = [row for row, name in enumerate(weights.names) if name] or [*range(weights.outputs)]
    if len(keep) != len(labels.names):
        raise OptionError(
            f"--classes: the weights have {len(keep)} labelled outputs: "
            f"{', '.join(filter(None, weights.names))}"
        )
    state = dict(weights.state)
    for part in ("weight", "bias"):
        state[f"{HEAD}.{part}"] = state[f"{HEAD}.{part}"][keep]
    points = weights.points and tuple(weights.points[row] for row in keep)
    unusable = [
        label.name
        for label, point in zip(labels.labels, points or (), strict=False)
        if not (math.isfinite(point) and 0 < point < 1)
    ]
    if unusable:
        raise WeightsError(f"no operating point of {', '.join(unusable)}")
    return Weights(state, labels.names, points or None)


def _architecture(source: Path | str, state: Mapping[str, Tensor]) -> str:
    prefix = "features.denseblock4.denselayer"
    layers = {name[len(prefix) :].partition(".")[0] for name in state if name.startswith(prefix)}
    found = _LAYERS_OF_BLOCK_4.get(len(layers))
    if found is None:
        raise WeightsError(
            f"{source}: is no DenseNet-121 or -201; its last block has {len(layers)} layers"
        )
    return found

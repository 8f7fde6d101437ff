"""Model files: a network's tensors together with what is needed to use them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from monai_covid.data.files import atomic_path
from monai_covid.errors import WeightsError
from monai_covid.evaluation.calibration.record import Calibration
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS, NIH_LABELS
from monai_covid.models.architectures import ARCHITECTURES, BLOCK_LAYERS, build_network
from monai_covid.models.efficientnet import EFFICIENTNET
from monai_covid.models.loading import (
    HEAD,
    load_network,
    read_state,
    read_torch_file,
    to_monai_names,
)
from monai_covid.models.weight_storage import FLOAT32, stored
from monai_covid.preprocessing.settings import PLAIN, Preprocessing

_LABELS_BY_OUTPUTS = {len(known): known for known in (COVID_LABELS, NIH_FINDINGS, NIH_LABELS)}


@dataclass(frozen=True)
class ModelInfo:
    """What is needed to use a network's tensors.

    Attributes:
        architecture: One of ``networks.ARCHITECTURES``.
        channels: Input channels, 1 or 3.
        labels: Class of each output neuron; none for a backbone alone, from stage 1.
        image_size: Height and width of the input in pixels.
        multilabel: Whether labels exclude each other (False: softmax) or not (True: sigmoid).
        start: What the first stage started from: ``imagenet``, ``random`` or a file.
        temperature: Logits are divided by it before they become probabilities; above 0. 1 for a
            network that was not calibrated.
        calibration: What the temperature was fitted on; None for a network that was not calibrated.
        preprocessing: What is done to every image before the network sees it.
    """

    architecture: str = "densenet121"
    channels: int = 1
    labels: tuple[str, ...] = COVID_LABELS
    image_size: int = 224
    multilabel: bool = False
    start: str = "unknown"
    temperature: float = 1.0
    calibration: Calibration | None = None
    preprocessing: Preprocessing = PLAIN

    @property
    def is_backbone(self) -> bool:
        """Whether there are no output neurons: something to start from, not to predict with."""
        return not self.labels

    def build(self) -> nn.Module:
        """Build the network with random weights."""
        return build_network(self.architecture, self.channels, len(self.labels))


def save_model(
    path: Path | str,
    network_state: Mapping[str, Tensor],
    info: ModelInfo,
    storage: str = FLOAT32,
) -> None:
    """Write a model file atomically; it loads as float32 whatever it is stored as.

    Of a backbone (``info.is_backbone``) nothing else is written, whatever head it was trained with.

    Args:
        path: File to write.
        network_state: ``state_dict`` of the network.
        info: What the tensors are.
        storage: See ``weight_storage.stored``.

    Raises:
        OptionError: If the tensors cannot be stored so.
    """
    if info.is_backbone:
        network_state = {k: v for k, v in network_state.items() if not k.startswith(HEAD)}
    state = stored(network_state, storage)
    # A stream, because PyTorch refuses some names of files, such as those without a suffix here.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save({"network": state, "info": info_fields(info)}, stream)


def info_fields(info: ModelInfo) -> dict[str, Any]:
    """Return plain values; those of a calibration or of preprocessing only where there is one.

    Earlier versions read files without them as ever, and refuse a file whose temperature or
    preprocessing they would leave out without a word.
    """
    fields = {**asdict(info), "labels": list(info.labels)}
    if info.preprocessing.is_plain:
        fields.pop("preprocessing")
    calibration = {"temperature": fields.pop("temperature"), "calibration": None}
    fields.pop("calibration")
    if info.calibration is None and info.temperature == 1:
        return fields
    if info.calibration is not None:
        calibration["calibration"] = info.calibration.fields()
    return {**fields, **calibration}


def read_model_info(path: Path | str, labels: tuple[str, ...] | None = None) -> ModelInfo:
    """Say what the network in a file is.

    Files of :func:`save_model` carry it. For a plain state dict it is read off the tensors' names
    and shapes; 3, 14 and 15 outputs are taken for the COVID-19 and NIH label sets.

    Args:
        path: Weights file.
        labels: Labels of the output neurons, where the file does not tell.

    Raises:
        WeightsError: If the file cannot be read, its labels are not known, or it is a backbone
            alone, which `read_backbone_info` reads.
    """
    stored = _stored_info(path)
    if stored is not None and stored.is_backbone:
        raise WeightsError(
            f"{path}: holds a backbone from self-supervised pretraining, without output neurons; "
            "train stage 2 or stage3_direct from it, with --imagenet and this file, and give the "
            "model of that run"
        )
    return stored or _info_from_tensors(path, to_monai_names(read_state(path)), labels)


def read_backbone_info(path: Path | str) -> ModelInfo | None:
    """Say what the backbone in a file of self-supervised pretraining is; None for other files.

    Raises:
        WeightsError: If the file cannot be read.
    """
    stored = _stored_info(path)
    return stored if stored is not None and stored.is_backbone else None


def _stored_info(path: Path | str) -> ModelInfo | None:
    stored = read_torch_file(path).get("info")
    if not isinstance(stored, Mapping):
        return None
    return info_from_fields(path, {str(name): value for name, value in stored.items()})


def info_from_fields(path: Path | str, fields: Mapping[str, Any]) -> ModelInfo:
    """Return what `info_fields` wrote down.

    Args:
        path: File that it was read from.
        fields: What was read.

    Raises:
        WeightsError: If a value is missing, unknown or impossible; names the file.
    """
    try:
        calibration = fields.get("calibration")
        known = Calibration.from_fields(calibration) if calibration is not None else None
        stored = fields.get("preprocessing")
        prepared = PLAIN if stored is None else Preprocessing.from_fields(stored)
        made = {"labels": tuple(fields["labels"]), "calibration": known, "preprocessing": prepared}
        info = ModelInfo(**{**fields, **made})
    except ValueError as error:
        raise WeightsError(f"{path}: {error}; it may be of a later version") from error
    except (KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: its description of the network is damaged, or of a later version ({error})"
        ) from error
    _check_temperature(path, info.temperature)
    if info.architecture not in ARCHITECTURES:
        known_names = ", ".join(ARCHITECTURES)
        raise WeightsError(f"{path}: holds a {info.architecture}; known: {known_names}")
    return info


def _check_temperature(path: Path | str, temperature: Any) -> None:
    is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if not (is_number and math.isfinite(temperature) and temperature > 0):
        raise WeightsError(f"{path}: its temperature is {temperature!r}; it must be above 0")


def _info_from_tensors(
    path: Path | str, state: Mapping[str, Tensor], labels: tuple[str, ...] | None
) -> ModelInfo:
    try:
        channels = state["features.conv0.weight"].shape[1]
        outputs = state[f"{HEAD}.bias"].shape[0]
    except KeyError as missing:
        raise WeightsError(f"{path}: not a network with a head, {missing} is missing") from missing
    architecture = _architecture(path, state)
    labels = labels or _LABELS_BY_OUTPUTS.get(outputs)
    if labels is None or len(labels) != outputs:
        raise WeightsError(f"{path}: has {outputs} outputs; name their {outputs} labels in order")
    return ModelInfo(architecture, channels, labels, multilabel=labels != COVID_LABELS)


def _architecture(path: Path | str, state: Mapping[str, Tensor]) -> str:
    if any(name.startswith("features.blocks.") for name in state):
        return EFFICIENTNET
    third_block = {name.split(".")[2] for name in state if name.startswith("features.denseblock3.")}
    for architecture, layers in BLOCK_LAYERS.items():
        if layers[2] == len(third_block):
            return architecture
    raise WeightsError(
        f"{path}: {len(third_block)} layers in its third block; known: {', '.join(BLOCK_LAYERS)}"
    )


def load_model(path: Path | str, info: ModelInfo | None = None) -> tuple[nn.Module, ModelInfo]:
    """Build the network of a file and load its weights.

    Args:
        path: File of :func:`save_model` or a plain state dict.
        info: What the network is; read from the file when not given.

    Returns:
        The network in evaluation mode, and what it is.

    Raises:
        WeightsError: If the file cannot be read or does not fit.
    """
    info = info or read_model_info(path)
    network = info.build()
    load_weights(network, path)
    return network.eval(), info


def load_weights(network: nn.Module, path: Path | str) -> None:
    """Load the tensors of a model file into ``network``, every one of them.

    Raises:
        WeightsError: If the file is missing, unreadable or does not fit.
    """
    state = read_state(path)
    try:
        load_network(network, state)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error


def model_info_or_default(path: Path | str) -> ModelInfo:
    """Return what the network of ``path`` is, or the default network's when there is no file."""
    return read_model_info(path) if Path(path).is_file() else ModelInfo()


def file_hash(path: Path | str) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

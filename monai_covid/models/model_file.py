"""Model files: a network's tensors, and among them what is needed to use them.

A model file is a plain state dict, as MONAI's model zoo has it. Its buffer ``model_info`` says what
the network is. Files of earlier versions, dictionaries of ``network`` and ``info``, are read too.
"""

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
from monai_covid.labels import PUBLISHED, LabelSet, known_labels, register_display_names
from monai_covid.labels.reading import label_set_of
from monai_covid.models.architectures import ARCHITECTURES, build_network
from monai_covid.models.info_buffer import MODEL_INFO, describe, from_bytes, to_bytes
from monai_covid.models.loading import (
    description_in,
    load_network,
    read_state,
    read_torch_file,
)
from monai_covid.models.tensor_names import HEAD
from monai_covid.models.weight_storage import FLOAT32, stored
from monai_covid.preprocessing.settings import PLAIN, Preprocessing


@dataclass(frozen=True)
class ModelInfo:
    """What is needed to use a network's tensors.

    Attributes:
        architecture: One of ``architectures.ARCHITECTURES``.
        channels: Input channels, 1 or 3.
        labels: Class of each output neuron; none for a backbone alone, from stage 1.
        image_size: Height and width of the input in pixels.
        multilabel: Whether an image can have several labels (True: sigmoid) or the labels are
            mutually exclusive (False: softmax).
        start: What the first stage started from: ``imagenet``, ``random`` or a file.
        temperature: Logits are divided by it before they become probabilities; above 0. 1 for a
            network that was not calibrated.
        calibration: What the temperature was fitted on; None for a network that was not calibrated.
        preprocessing: What is done to every image before the network sees it.
        label_set: What is known of ``labels``; None: no more than a shipped label set of these
            names says.
        operating_points: Of imported networks: of each label the probability that is shown as 0.5,
            see `probabilities_of`; None: probabilities are shown as they are.
    """

    architecture: str = "densenet121"
    channels: int = 1
    labels: tuple[str, ...] = PUBLISHED.names
    image_size: int = 224
    multilabel: bool = False
    start: str = "unknown"
    temperature: float = 1.0
    calibration: Calibration | None = None
    preprocessing: Preprocessing = PLAIN
    label_set: LabelSet | None = None
    operating_points: tuple[float, ...] | None = None

    @property
    def classes(self) -> LabelSet:
        """The label set of the output neurons."""
        return self.label_set or known_labels(self.labels, exclusive=not self.multilabel)

    @property
    def is_backbone(self) -> bool:
        """Whether there are no output neurons: something to start from, not to predict with."""
        return not self.labels

    def build(self) -> nn.Module:
        """Build the network with random weights; it carries this description as a buffer."""
        network = build_network(self.architecture, self.channels, len(self.labels))
        describe(network, info_fields(self))
        return network


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
        network_state: ``state_dict`` of the network; a description in it gives way to ``info``.
        info: What the tensors are.
        storage: See ``weight_storage.stored``.

    Raises:
        OptionError: If the tensors cannot be stored so.
    """
    left_out = (MODEL_INFO, HEAD) if info.is_backbone else (MODEL_INFO,)
    network_state = {k: v for k, v in network_state.items() if not k.startswith(left_out)}
    state = {**stored(network_state, storage), MODEL_INFO: to_bytes(info_fields(info))}
    # A stream, because PyTorch refuses some names of files, such as those without a suffix here.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.save(state, stream)


def info_fields(info: ModelInfo) -> dict[str, Any]:
    """Return ``info`` as plain values, of which JSON can be made."""
    calibration = None if info.calibration is None else info.calibration.fields()
    fields = asdict(info)
    del fields["label_set"], fields["operating_points"]
    fields |= {"labels": list(info.labels), "calibration": calibration}
    fields["preprocessing"] = info.preprocessing.fields()
    if info.label_set is not None:
        fields["label_set"] = info.label_set.fields()
    if info.operating_points is not None:
        fields["operating_points"] = list(info.operating_points)
    return fields


def read_model_info(path: Path | str) -> ModelInfo:
    """Say what the network in a model file is.

    Raises:
        WeightsError: If the file cannot be read, does not say what its network is, or holds a
            backbone alone, which `read_backbone_info` reads.
    """
    info = _stored_info(path)
    if info is None:
        raise WeightsError(
            f"{path}: holds weights alone and does not say what their network is (labels, image "
            "size, preprocessing). If you know, write a model file of them: monai-covid "
            f"import-weights {path} --from plain --classes ... --out model.pt"
        )
    if info.is_backbone:
        raise WeightsError(
            f"{path}: holds a backbone of stage 1, without output neurons; train stage 2, or stage "
            "3 with --stage2_model none, from it with --imagenet and this file, and give the model "
            "of that run"
        )
    return info


def read_backbone_info(path: Path | str) -> ModelInfo | None:
    """Say what the backbone in a file of stage 1 is; None for other files.

    Raises:
        WeightsError: If the file cannot be read.
    """
    info = _stored_info(path)
    return info if info is not None and info.is_backbone else None


def _stored_info(path: Path | str) -> ModelInfo | None:
    content = read_torch_file(path)
    fields = content.get("info")
    if isinstance(fields, Mapping):  # of an earlier version
        return info_from_fields(path, {str(name): value for name, value in fields.items()})
    buffer = description_in(read_state(path))
    if buffer is None:
        return None
    try:
        fields = from_bytes(buffer)
    except ValueError as error:
        raise WeightsError(f"{path}: what it says of its network is damaged ({error})") from error
    return info_from_fields(path, fields)


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
        made: dict[str, Any] = {
            "labels": tuple(fields["labels"]),
            "calibration": known,
            "preprocessing": prepared,
        }
        points = fields.get("operating_points")
        made |= {
            "label_set": _label_set(path, fields),
            "operating_points": None if points is None else tuple(points),
        }
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


def _label_set(path: Path | str, fields: Mapping[str, Any]) -> LabelSet | None:
    stored = fields.get("label_set")
    if stored is None:
        return None
    labels = label_set_of(stored, Path(path))
    if labels.names != tuple(fields["labels"]):
        raise ValueError(f"its label set has {', '.join(labels.names)}, not its labels")
    register_display_names(labels)
    return labels


def _check_temperature(path: Path | str, temperature: Any) -> None:
    is_number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if not (is_number and math.isfinite(temperature) and temperature > 0):
        raise WeightsError(f"{path}: its temperature is {temperature!r}; it must be above 0")


def load_model(path: Path | str, info: ModelInfo | None = None) -> tuple[nn.Module, ModelInfo]:
    """Build the network of a file and load its weights.

    Args:
        path: Model file, or weights of others.
        info: What the network is; None: what the file says.

    Returns:
        The network in evaluation mode, and what it is.

    Raises:
        WeightsError: If the file cannot be read or does not fit.
    """
    info = info or read_model_info(path)
    network = info.build()
    load_weights(network, path)
    return network.eval(), info


def describe_weights(weights: Path | str, info: ModelInfo, model: Path | str) -> None:
    """Write a model file of weights that do not say what their network is.

    Args:
        weights: State dict of a DenseNet-121 or -201, with MONAI's or torchvision's tensor names.
        info: What the network is.
        model: File to write.

    Raises:
        WeightsError: If the file cannot be read or does not fit.
    """
    network, _ = load_model(weights, info)
    save_model(model, network.state_dict(), info)


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

"""The network of each stage, and its initial weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from monai_covid.errors import OptionError, WeightsError
from monai_covid.labels import LabelSet, known_labels
from monai_covid.models.architectures import channels_last
from monai_covid.models.imagenet import start_from_imagenet
from monai_covid.models.loading import load_backbone
from monai_covid.models.model_file import ModelInfo, load_model, read_backbone_info
from monai_covid.models.transfer import get_head, keep_output_neurons, random_head, set_head
from monai_covid.preprocessing.settings import Preprocessing
from monai_covid.training.classes import kept_neurons
from monai_covid.training.distillation import Teacher
from monai_covid.training.workflow_options import NO_MODEL

logger = logging.getLogger(__name__)

SELF_SUPERVISED = "self-supervised pretraining"
"""What a network starts from that starts from a backbone of stage 1."""

TAUGHT = "features distilled from"


def network_info(
    labels: LabelSet | None = None,
    *,
    architecture: str,
    channels: int,
    image_size: int,
    lungs: str,
    text: str,
    grey: str,
) -> ModelInfo:
    """Return what the network of a stage is; see `ModelInfo` and `Preprocessing`.

    Without ``labels`` it is a backbone of stage 1.
    """
    labels = labels or LabelSet(())
    return ModelInfo(
        architecture=architecture,
        channels=channels,
        labels=labels.names,
        image_size=image_size,
        multilabel=not labels.exclusive,
        preprocessing=Preprocessing(lungs, text, grey),
        label_set=None if labels in (LabelSet(()), known_labels(labels.names)) else labels,
    )


def build_seeded(info: ModelInfo, seed: int) -> nn.Module:
    """Build the network of ``info`` with random weights that depend on ``seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = info.build()
    return channels_last(network)


def start_from_first_stage(network: nn.Module, info: ModelInfo, imagenet: str) -> ModelInfo:
    """Start from ImageNet as told by ``imagenet``; return ``info`` with the start noted.

    See :func:`monai_covid.models.imagenet.start_from_imagenet`. A file of stage 1 is noted as
    such, with what stage 1 started from.
    """
    start = start_from_imagenet(network, info.architecture, imagenet)
    backbone = read_backbone_info(imagenet) if start == imagenet else None
    if backbone is not None:
        start = pretraining_of(backbone)
    logger.info("%s starts from %s weights", info.architecture, start)
    return replace(info, start=start)


def start_from_teacher(info: ModelInfo, teacher: Teacher) -> ModelInfo:
    """Return ``info`` of a network that learns from a teacher alone, with that noted."""
    return replace(info, start=f"{TAUGHT} {teacher.weights}")


def pretraining_of(backbone: ModelInfo) -> str:
    """Return in words what a network starts from that starts from a file of stage 1."""
    if backbone.start.startswith(TAUGHT):
        return backbone.start
    return f"{SELF_SUPERVISED} (from {backbone.start})"


def start_stage3(
    network: nn.Module,
    info: ModelInfo,
    stage2_model: Path | str,
    *,
    imagenet: str | None = None,
    head: str = "keep",
    new_from: Mapping[str, Sequence[str]] | None = None,
    keep: str | Mapping[str, str] | None = None,
    seed: int = 0,
) -> ModelInfo:
    """Start from a model of stage 2, or from ImageNet where that is ``none``.

    See `start_from_stage2`, `start_from_first_stage` and `kept_neurons`; no ``imagenet`` means
    ``auto``.
    """
    if stage2_model == NO_MODEL:
        return start_from_first_stage(network, info, imagenet or "auto")
    kept = kept_neurons(keep)
    return start_from_stage2(
        network, info, stage2_model, head=head, new_from=new_from, keep=kept, seed=seed
    )


def start_from_stage2(
    network: nn.Module,
    info: ModelInfo,
    stage2_model: Path | str,
    *,
    head: str = "keep",
    new_from: Mapping[str, Sequence[str]] | None = None,
    keep: Mapping[str, str] | None = None,
    seed: int = 0,
) -> ModelInfo:
    """Start from a stage 2 network: its backbone, and its shared output neurons.

    A network of stage 3 will do as well, to go on at another image size for instance: with head
    ``keep`` it starts with all its output neurons. It is right to go on from a run of the same fold
    and seed only: another one was trained on images that this one validates or is tested on.

    Args:
        network: Network of stage 3, changed in place.
        info: What it is.
        stage2_model: Model file of stage 2, or of stage 3.
        head: ``keep`` (shared neurons are kept, new ones are random), ``mean`` (new ones start
            from the mean of the findings in ``new_from``) or ``random`` (all are random).
        new_from: For ``mean``: new class -> related labels of stage 2; None: as the label set says.
        keep: Label of stage 2 -> class whose neuron is kept from it; None: as the label set says,
            see `LabelSet.kept_from`.
        seed: Seed of the random neurons.

    Returns:
        ``info`` with the start noted.

    Raises:
        WeightsError: If the file is missing or its network differs from ``info``.
    """
    if not Path(stage2_model).is_file():
        raise WeightsError(
            f"{stage2_model}: no such model file; train stage 2 first, name its model with "
            "--stage2_model, or start from ImageNet with --stage2_model none"
        )
    source, source_info = load_model(stage2_model)
    _check_same_network(stage2_model, source_info, info)
    load_backbone(network, source.state_dict())
    generator = torch.Generator().manual_seed(seed)
    source_head = get_head(source)
    if head == "random":
        set_head(network, random_head(len(info.labels), source_head.weight.shape[1], generator))
        origin = dict.fromkeys(info.labels, "random")
    else:
        source_set, labels = source_info.classes, info.classes
        if keep is not None:
            _check_kept(keep, source_set, stage2_model)
        related = labels.starts_from(source_set) if new_from is None else new_from
        transferred = keep_output_neurons(
            source_head,
            source_info.labels,
            info.labels,
            mapping=labels.kept_from(source_set) if keep is None else keep,
            new_from=related if head == "mean" else None,
            generator=generator,
        )
        set_head(network, transferred.head)
        origin = transferred.origin
    logger.info("Output neurons: %s", "; ".join(f"{k}: {v}" for k, v in origin.items()))
    return replace(info, start=_start(source_info, info, head))


def _check_kept(keep: Mapping[str, str], source: LabelSet, path: Path | str) -> None:
    unknown = sorted(set(keep) - set(source.names))
    if unknown:
        raise OptionError(
            f"--keep: {path} has no output {', '.join(map(repr, unknown))}; it has "
            f"{', '.join(source.names)}"
        )


def _start(source: ModelInfo, target: ModelInfo, head: str) -> str:
    if source.labels == target.labels:
        return f"{source.start}; then stage 3 at {source.image_size} pixels, head {head}"
    return f"stage 2 (from {source.start}), head {head}"


def _check_same_network(path: Path | str, source: ModelInfo, target: ModelInfo) -> None:
    for what in ("architecture", "channels"):
        has, given = getattr(source, what), getattr(target, what)
        if has != given:
            raise WeightsError(f"{path}: has {what} {has}, give --{what} {has} (not {given})")

"""What the networks of a study start from: ImageNet weights at hand, and how they are written down.

With it, the options of an arm that probes a frozen network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_covid.errors import OptionError, WeightsError
from monai_covid.lab.probing import POOLINGS
from monai_covid.lab.studies.definition import IMAGENET_START, PROBE, STAGE2_START, Arm, Study
from monai_covid.models.efficientnet import EFFICIENTNET, build_efficientnet, imagenet_efficientnet
from monai_covid.models.features import BACKBONES
from monai_covid.models.imagenet import (
    WeightsUnavailableError,
    cached_file,
    imagenet_state,
    start_from_imagenet,
)
from monai_covid.models.model_file import ModelInfo, file_hash
from monai_covid.training.options import choice, flag
from monai_covid.training.workflow_options import NETWORK, PREPROCESSING, STAGE3

DENSENET = "densenet121"
AUTO, NONE = "auto", "none"
NOT_AVAILABLE = "none at hand"

IMAGE_OPTIONS = (
    *("folds", "hold_out_by", "validation_fraction", "limit"),
    *("leave_out_sources", "extra_manifests"),
)
"""Options of stage 3 that say which images are learned from."""

PROBE_OPTIONS = {
    "backbone": choice("frozen network whose features are learned from", *BACKBONES),
    "flips": flag("learn from means over each image and its mirror image"),
    "pooling": choice(
        "features: mean and deviation of each map (moments), or logarithms of the covariances of "
        "maps, of EfficientNet-Lite0 alone",
        *POOLINGS,
    ),
    "image_size": NETWORK["image_size"],
    **PREPROCESSING,
    **{name: STAGE3[name] for name in IMAGE_OPTIONS},
}


def architecture_of(study: Study, arm: Arm) -> str:
    """Return the network of an arm."""
    if arm.start.kind == PROBE:
        return backbone_of(study, arm)
    return str(study.options_of(arm).get("architecture", "densenet121"))


def backbone_of(study: Study, arm: Arm) -> str:
    """Return the frozen network of an arm that is a probe; stage 1 makes a DenseNet."""
    usual = EFFICIENTNET if arm.stage1 is None else DENSENET
    return str(probe_options_of(study, arm).get("backbone", usual))


def probe_options_of(study: Study, arm: Arm) -> Mapping[str, Any]:
    """Return the options of a probe: its own and, of the study's, those that it has."""
    return {name: value for name, value in study.options_of(arm).items() if name in PROBE_OPTIONS}


def check_packages(study: Study, chosen: Sequence[str] | None = None) -> None:
    """Check that the packages of the networks of arms are there, before anything is trained.

    Args:
        study: The study.
        chosen: Names of arms; None for all.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
    """
    arms = [arm for arm in study.arms if chosen is None or arm.name in chosen]
    networks = [architecture_of(study, arm) for arm in arms]
    taught = [study.stage1_options_of(arm) or {} for arm in arms]
    if EFFICIENTNET in (*networks, *(options.get("teacher") for options in taught)):
        build_efficientnet()
        imagenet_efficientnet()


def imagenet_files(study: Study, choices: Sequence[str]) -> dict[str, Path | None]:
    """Return the file of ImageNet weights for each network that could start from one.

    Args:
        study: The study.
        choices: ``auto`` (torchvision's file, if it is there or can be downloaded), ``none``, or
            weights files, one a network.

    Raises:
        OptionError: If a file is missing or fits none of the networks.
    """
    kinds = (STAGE2_START, IMAGENET_START, PROBE)
    starting = [arm for arm in study.arms if arm.start.kind in kinds and arm.stage1 is None]
    # The weights of EfficientNet come as a package.
    names = {architecture_of(study, arm) for arm in starting} - {EFFICIENTNET}
    if list(choices) == [NONE]:
        return dict.fromkeys(sorted(names))
    if list(choices) == [AUTO]:
        return {name: _downloaded(name) for name in sorted(names)}
    files: dict[str, Path | None] = dict.fromkeys(sorted(names))
    for file in map(Path, choices):
        fitting = [name for name in files if _fits(name, file)]
        if not fitting:
            raise OptionError(f"--imagenet {file}: fits none of {', '.join(files) or 'the arms'}")
        files.update(dict.fromkeys(fitting, file.resolve()))
    return files


def describe_weights(files: dict[str, Path | None]) -> dict[str, str]:
    """Return each network's weights as they are written down: name and hash, never the place."""
    return {
        name: NOT_AVAILABLE if file is None else name_and_hash(file) for name, file in files.items()
    }


def describe_files(files: Sequence[Path]) -> str:
    """Return lists of images as they are written down."""
    return ", ".join(map(name_and_hash, files)) or "none"


def describe_classes(given: str | None) -> str:
    """Return a label set as it is written down; None: what the collection has."""
    if given is None:
        return "those of the collection"
    return name_and_hash(Path(given)) if Path(given).is_file() else given


def name_and_hash(file: Path) -> str:
    """Return a file's name with the beginning of its hash, without its place."""
    return f"{file.name} (sha256 {file_hash(file)[:12]})"


def started_from(starts: Iterable[str]) -> str | None:
    """Return what runs started from, for people, without the places of files; None for no runs.

    Args:
        starts: ``ModelInfo.start`` of each run.
    """
    sources = sorted({_without_places(start) for start in starts})
    return " or ".join(sources) if sources else None


def _without_places(start: str) -> str:
    named = re.sub(r"[^\s(),]*/([^\s(),/]+)", r"\1", start)
    return re.sub(r"\brandom\b(?!\s+weights)", "random weights", named, count=1)


def _downloaded(architecture: str) -> Path | None:
    try:
        imagenet_state(architecture)
    except WeightsUnavailableError:
        return None
    return cached_file(architecture)


def _fits(architecture: str, file: Path) -> bool:
    if not file.is_file():
        raise OptionError(f"--imagenet {file}: no such file; give a file, auto or none")
    try:
        start_from_imagenet(ModelInfo(architecture).build(), architecture, str(file))
    except WeightsError:
        return False
    return True

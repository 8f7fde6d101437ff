"""The options of an arm that is a probe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monai_covid.feature_maps import BACKBONES
from monai_covid.networks import EFFICIENTNET
from monai_covid.probing import POOLINGS
from monai_covid.studies.definition import Arm, Study
from monai_covid.training.options import choice, flag
from monai_covid.training.workflow_options import NETWORK, PREPROCESSING, STAGE3

DENSENET = "densenet121"

IMAGES = ("folds", "validation_fraction", "limit", "leave_out_sources", "extra_manifests")
"""Options of stage 3 that say which images are learned from."""

PROBING = {
    "backbone": choice("frozen network whose features are learned from", *BACKBONES),
    "flips": flag("learn from means over each image and its mirror image"),
    "pooling": choice(
        "features: mean and deviation of each map (moments), or logarithms of the covariances of "
        "maps, of EfficientNet-Lite0 alone",
        *POOLINGS,
    ),
    "image_size": NETWORK["image_size"],
    **PREPROCESSING,
    **{name: STAGE3[name] for name in IMAGES},
}


def backbone_of(study: Study, arm: Arm) -> str:
    """Return the frozen network of an arm that is a probe; stage 1 makes a DenseNet."""
    usual = EFFICIENTNET if arm.stage1 is None else DENSENET
    return str(probe_options_of(study, arm).get("backbone", usual))


def probe_options_of(study: Study, arm: Arm) -> Mapping[str, Any]:
    """Return the options of a probe: its own and, of the study's, those that it has."""
    return {name: value for name, value in study.options_of(arm).items() if name in PROBING}

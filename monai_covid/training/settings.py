"""The settings that decide what a run computes, and the data it computes it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monai_covid.data.datalists import datalist_hash
from monai_covid.training.options import running_config
from monai_covid.training.workflow_options import MACHINE, STAGE1, STAGE1_DISTILLED, STAGE2, STAGE3

MAY_CHANGE_ON_RESUME = frozenset(
    {
        *MACHINE,
        *("bundle_root", "dataset_dir", "output_dir", "manifest", "image_dir", "stage2_model"),
        *("imagenet", "exclude_manifests", "extra_manifests", "leave_out_images"),
        "image_folders",
        *("cache_gb", "cache_dir", "resume", "overwrite", "minutes", "mlflow", "distributed"),
    }
) - {"batch_size", "precision"}
"""Options that may change when a run is continued: where things lie, and how fast they go."""

EARLIER: Mapping[str, Any] = {
    "aspect_range": 0.0,
    "border_probability": 0.0,
    "grey_jitter": 0.0,
    "erase_probability": 0.0,
    "placement_fill": "black",
    "model_epoch": "best",
    "ema_decay": 0.0,
    "optimizer_name": "sgd",
    "freeze_batch_norm": False,
    "balance_sources": False,
    "leave_out_sources": [],
    "exclude_fold": None,
    "exclude_validation_fraction": None,
    "lungs": "whole",
    "text": "keep",
    "grey": "equalise",
    "relevance_weight": 0.0,
    "relevance_every": 1,
    "relevance_images": 4,
    "relevance_margin": 8,
}
"""What runs of versions that lacked an option did; such a run can be continued."""


def running_settings(
    training: Sequence[Mapping[str, Any]], validation: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the settings of the running config that must not change when it is continued.

    Args:
        training: Datalist of the training images.
        validation: Datalist of the validation images; none in stage 1.
    """
    config = running_config()
    names = sorted({*STAGE1, *STAGE1_DISTILLED, *STAGE2, *STAGE3} - MAY_CHANGE_ON_RESUME)
    chosen = {name: config[name] for name in names if name in config}
    return {
        **chosen,
        "training_images": len(training),
        "validation_images": len(validation),
        "data": datalist_hash(training, validation),
    }

"""The settings that decide what a run computes, and the data it computes it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monai_covid.data.datalists import datalist_hash
from monai_covid.training.options import running_config
from monai_covid.training.workflow_options import (
    HEAD_OPTIONS,
    MACHINE,
    NO_MODEL,
    STAGE1,
    STAGE1_DISTILLED,
    STAGE2,
    STAGE3,
)

MAY_CHANGE_ON_RESUME = frozenset(
    {
        *MACHINE,
        *("bundle_root", "dataset_dir", "output_dir", "manifest", "image_dir", "stage2_model"),
        *("imagenet", "exclude_manifests", "extra_manifests", "leave_out_images"),
        # What these decide is in the hash of the data.
        *("image_folders", "classes", "patient_pattern", "uncertain", "blank"),
        *("cache_gb", "cache_dir", "resume", "overwrite", "minutes", "mlflow", "distributed"),
    }
) - {"batch_size", "precision"}
"""Options that may change when a run is continued: where things lie, and how fast they go."""


def running_settings(
    training: Sequence[Mapping[str, Any]], validation: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the settings of the running config that must not change when it is continued.

    Args:
        training: Datalist of the training images.
        validation: Datalist of the validation images; none in stage 1.
    """
    config = running_config()
    names = {*STAGE1, *STAGE1_DISTILLED, *STAGE2, *STAGE3} - MAY_CHANGE_ON_RESUME
    if config.get("stage2_model") == NO_MODEL:
        names -= set(HEAD_OPTIONS)  # which then decide nothing
    names -= {name for name in HEAD_OPTIONS if config.get(name) is None}
    if config.get("head") != "mean":
        names.discard("new_from")
    chosen = {name: config[name] for name in sorted(names) if name in config}
    return {
        **chosen,
        "training_images": len(training),
        "validation_images": len(validation),
        "data": datalist_hash(training, validation),
    }

"""The running config against the options of its workflow."""

from __future__ import annotations

from monai_covid.training.options import check_options
from monai_covid.training.workflow_options import (
    EVALUATION,
    EXPLANATION,
    INFERENCE,
    STAGE1,
    STAGE1_DISTILLED,
    STAGE2,
    STAGE3,
    batch_conflicts,
    stage3_conflicts,
)

WIRING = ("imports", "_meta_", "initialize", "run", "finalize")
TRAINING_WIRING = (
    *WIRING,
    *("training", "torch_device", "label_set", "info", "network_def", "started", "network", "loss"),
    *("teacher_def", "student", "optimizer", "lr_scheduler", "average", "run_folder"),
    *("checkpoint", "train", "validate"),
)

INFERENCE_WIRING = (
    *WIRING,
    "inferring",
    "evaluating",
    "explaining",
    "torch_device",
    "info",
    "network_def",
    "preprocessing",
    "data",
    "dataset",
    "dataloader",
    "inferer",
    "postprocessing",
    "key_metric",
    "predictions",
    "evaluation",
    "heatmaps",
    "handlers",
    "evaluator",
)


def check_inference() -> None:
    """Check the running config's options against inference's; see ``options.check_options``."""
    check_options(INFERENCE, INFERENCE_WIRING)


def check_explanation() -> None:
    """Check the running config's options against explaining's; see ``options.check_options``."""
    check_options(EXPLANATION, INFERENCE_WIRING)


def check_evaluation() -> None:
    """Check the running config's options against evaluation's; see ``options.check_options``."""
    check_options(EVALUATION, INFERENCE_WIRING)


def check_stage1() -> None:
    """Check the running config's options against stage 1's; see ``options.check_options``."""
    check_options(STAGE1, TRAINING_WIRING)


def check_stage1_distilled() -> None:
    """Check the running config's options against those of stage 1 with a teacher."""
    check_options(STAGE1_DISTILLED, TRAINING_WIRING, batch_conflicts)


def check_stage2() -> None:
    """Check the running config's options against stage 2's; see ``options.check_options``."""
    check_options(STAGE2, TRAINING_WIRING, batch_conflicts)


def check_stage3() -> None:
    """Check the running config's options against stage 3's, and what it starts from."""
    check_options(STAGE3, TRAINING_WIRING, stage3_conflicts)

"""The options of ``cross_validate.yaml``."""

from __future__ import annotations

from monai_covid.training.options import (
    Option,
    check_options,
    choice,
    option_problems,
    optional,
    running_config,
)
from monai_covid.training.workflow_checks import WIRING
from monai_covid.training.workflow_options import (
    COVID_DATA,
    EVALUATION,
    PLACES,
    STAGE3,
    STAGE3_DIRECT,
    TRAINING,
)

CROSS_VALIDATION = {
    **PLACES,
    "manifest": optional(COVID_DATA["manifest"]),
    "config": choice("config of the stage", "stage3_covid.yaml", "stage3_direct.yaml"),
    "stage3": Option((dict,), "options of that config, as --stage3#max_epochs 20"),
    "minutes": TRAINING["minutes"],
    "resamples": EVALUATION["resamples"],
    "resume": TRAINING["resume"],
    "overwrite": TRAINING["overwrite"],
}


def check_cross_validation() -> None:
    """Check the running config's options, and those it hands on to stage 3.

    Raises:
        SystemExit: Listing every unknown name and unusable value.
    """
    check_options(CROSS_VALIDATION, (*WIRING, "training", "budget"))
    config = running_config()
    known = STAGE3_DIRECT if config["config"] == "stage3_direct.yaml" else STAGE3
    handed_on = config["stage3"]
    taken = {name: known[name] for name in handed_on if name in known}
    problems = option_problems(handed_on, taken, known)
    problems += [
        f"--{name} cannot be set here: every fold has its own"
        for name in ("fold", "output_dir")
        if name in handed_on
    ]
    if problems:
        listed = "\n  ".join(problems)
        raise SystemExit(f"error: unusable options below stage3:\n  {listed}")

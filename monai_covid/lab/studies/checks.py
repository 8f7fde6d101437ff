"""Whether a study can be run: names that refer to something, and options that exist."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.lab.probing import COVARIANCES
from monai_covid.lab.studies.definition import (
    EXTRA_EVALUATIONS,
    MEAN,
    PREVIOUS,
    PROBE,
    SAME,
    STAGE2_START,
    Arm,
    Study,
)
from monai_covid.lab.studies.initial_weights import PROBE_OPTIONS, backbone_of
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.efficientnet import EFFICIENTNET
from monai_covid.training.options import Option, value_problem
from monai_covid.training.workflow_options import (
    EVALUATION,
    HEAD_OPTIONS,
    STAGE1,
    STAGE1_DISTILLED,
    STAGE2,
    STAGE3,
)

FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")

RESERVED = frozenset(
    {
        *("bundle_root", "dataset_dir", "manifest", "output_dir", "fold", "seed", "resume"),
        *("overwrite", "minutes", "device", "progress", "distributed", "mlflow", "stage2_model"),
        *(
            "image_folders",
            "imagenet",
            "exclude_manifests",
            "exclude_fold",
            "exclude_validation_fraction",
        ),
        *("checkpoint", "section", "image_dir", "leave_out_images", "classes"),
    }
)
"""Options that the study itself sets for every run."""


def study_problems(study: Study) -> list[str]:
    """Return everything that keeps a study from being run, one text a problem."""
    problems = _name_problems(study)
    names = {arm.name for arm in study.arms}
    baselines = dict.fromkeys([study.baseline, *(arm.baseline for arm in study.arms)])
    problems += [
        f"baseline {name!r} is no arm of the study"
        for name in baselines
        if name is not None and name not in names
    ]
    for key in ("stage1_excludes", "stage2_excludes"):
        if getattr(study, key) not in ("fold", "all"):
            problems.append(f"{key} {getattr(study, key)!r} must be fold or all")
    if type(study.first_epochs) is not int or study.first_epochs < 1:
        problems.append(f"first_epochs {study.first_epochs!r} must be a whole number from 1")
    problems += [
        f"arm {arm.name}: hold_out_by belongs to the options of the study: all arms have its folds"
        for arm in study.arms
        if "hold_out_by" in arm.options
    ]
    problems += _listed("further", study.extra_evaluations, EXTRA_EVALUATIONS)
    problems += _listed("baselines", study.baselines, tuple(CUES))
    problems += [problem for arm in study.arms for problem in _probe_problems(study, arm)]
    for where, options, valid in _option_groups(study):
        problems += [f"{where}{problem}" for problem in option_problems(options, valid)]
    return list(dict.fromkeys(problems))


def option_problems(options: Mapping[str, Any], valid: Mapping[str, Option]) -> list[str]:
    """Return the options that are unknown, not for a study to set, or have an unusable value."""
    return [
        problem
        for name, value in options.items()
        if (problem := _option_problem(name, value, valid)) is not None
    ]


def _option_problem(name: str, value: Any, valid: Mapping[str, Option]) -> str | None:
    if name in RESERVED:
        return f"{name} cannot be set here: the study sets it for every run"
    if name not in valid:
        free = sorted(set(valid) - RESERVED)
        nearest = get_close_matches(name, free, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(free)}"
        return f"{name} is not an option; {hint}"
    problem = value_problem(value, valid[name])
    return None if problem is None else f"{name} {value!r}: {problem}"


def _option_groups(study: Study) -> list[tuple[str, Mapping[str, Any], Mapping[str, Option]]]:
    groups: list[tuple[str, Mapping[str, Any], Mapping[str, Option]]] = [
        ("stage1: ", study.stage1, options_of_stage1(study.stage1)),
        ("stage2: ", study.stage2, STAGE2),
        ("options: ", study.options, STAGE3),
        ("evaluation: ", study.evaluation, EVALUATION),
    ]
    for arm in study.arms:
        valid = _options_of_stage3(arm)
        groups += [
            (f"arm {arm.name}: options: ", arm.options, valid),
            (
                f"arm {arm.name}: stage1: ",
                arm.stage1 or {},
                options_of_stage1(study.stage1_options_of(arm)),
            ),
            (f"arm {arm.name}: stage2: ", arm.stage2, STAGE2),
            (f"arm {arm.name}: evaluation: ", arm.evaluation, EVALUATION),
        ]
    return groups


def options_of_stage1(options: Mapping[str, Any] | None) -> Mapping[str, Option]:
    """Return the options of a stage 1; a teacher tells which one it is."""
    return STAGE1_DISTILLED if "teacher" in (options or {}) else STAGE1


def _options_of_stage3(arm: Arm) -> Mapping[str, Option]:
    if arm.start.kind == PROBE:
        return PROBE_OPTIONS
    from_model = arm.start.kind in (STAGE2_START, PREVIOUS, SAME, MEAN)
    if from_model:
        return STAGE3
    return {name: option for name, option in STAGE3.items() if name not in HEAD_OPTIONS}


def _name_problems(study: Study) -> list[str]:
    problems: list[str] = []
    arms_above: list[str] = []
    for arm in study.arms:
        if not FOLDER_NAME.fullmatch(arm.name):
            problems.append(
                f"arm {arm.name!r}: a name has letters, digits, dots, dashes and + only"
            )
        if arm.name in arms_above:
            problems.append(f"arm {arm.name}: there are two of that name")
        problems += [f"arm {arm.name}: {problem}" for problem in _start_problems(arm, arms_above)]
        arms_above.append(arm.name)
    return problems


def _start_problems(arm: Arm, arms_above: Sequence[str]) -> list[str]:
    start = f"start '{arm.start}'"
    problems = [
        f"{start} must name an arm above it" for name in arm.start.arms if name not in arms_above
    ]
    if len(set(arm.start.arms)) < len(arm.start.arms):
        problems.append(f"{start} names an arm twice")
    if arm.start.kind == SAME and (arm.options or arm.stage2):
        problems.append(f"{start} is not trained; only evaluation")
    elif arm.start.kind == MEAN and (arm.options or arm.stage2 or arm.evaluation):
        problems.append(f"{start} has no network of its own, and so no options")
    elif arm.start.kind == PROBE and (arm.stage2 or arm.evaluation):
        problems.append(f"{start} has no stages, and no options of the evaluation")
    elif arm.start.kind != STAGE2_START and arm.stage2:
        problems.append(f"{start} has no stage 2")
    if arm.start.kind not in (STAGE2_START, PROBE) and arm.stage1 is not None:
        problems.append(f"{start} has no stage 1; only stage2 and probe have")
    return problems


def _probe_problems(study: Study, arm: Arm) -> list[str]:
    if arm.start.kind != PROBE:
        return []
    problems, backbone = [], backbone_of(study, arm)
    if arm.stage1 is not None and backbone not in BLOCK_LAYERS:
        problems.append(f"backbone has no stage 1; only {', '.join(BLOCK_LAYERS)} have")
    if study.options_of(arm).get("pooling") == COVARIANCES and backbone != EFFICIENTNET:
        problems.append(f"pooling {COVARIANCES} needs backbone {EFFICIENTNET}")
    return [f"arm {arm.name}: {problem}" for problem in problems]


def _listed(key: str, names: tuple[Any, ...], valid: tuple[str, ...]) -> list[str]:
    return [
        f"{key}: no {name!r}; there are {', '.join(valid)}" for name in names if name not in valid
    ]

"""Whether a study can be run: names that refer to something, and options that exist."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from monai_covid.audits.shortcuts.cues import CUES
from monai_covid.lab.probing import COVARIANCES
from monai_covid.lab.studies.definition import (
    FURTHER,
    MEAN,
    PREVIOUS,
    PROBE,
    SAME,
    STAGE2_START,
    Arm,
    Study,
)
from monai_covid.lab.studies.starts import PROBING, backbone_of
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
        *("checkpoint", "section", "image_dir", "leave_out_images"),
    }
)
"""Options that the study itself sets for every run."""


def study_problems(study: Study) -> list[str]:
    """Return everything that keeps a study from being run, one text a problem."""
    found = _name_problems(study)
    names = {arm.name for arm in study.arms}
    baselines = dict.fromkeys([study.baseline, *(arm.baseline for arm in study.arms)])
    found += [
        f"baseline {name!r} is no arm of the study"
        for name in baselines
        if name is not None and name not in names
    ]
    for key in ("stage1_excludes", "stage2_excludes"):
        if getattr(study, key) not in ("fold", "all"):
            found.append(f"{key} {getattr(study, key)!r} must be fold or all")
    if type(study.first_epochs) is not int or study.first_epochs < 1:
        found.append(f"first_epochs {study.first_epochs!r} must be a whole number from 1")
    found += _listed("further", study.further, FURTHER)
    found += _listed("baselines", study.baselines, tuple(CUES))
    found += [problem for arm in study.arms for problem in _probe_problems(study, arm)]
    for where, options, known in _option_groups(study):
        found += [f"{where}{problem}" for problem in option_problems(options, known)]
    return list(dict.fromkeys(found))


def option_problems(options: Mapping[str, Any], known: Mapping[str, Option]) -> list[str]:
    """Return the options that are unknown, not for a study to set, or have an unusable value."""
    return [
        problem
        for name, value in options.items()
        if (problem := _option_problem(name, value, known)) is not None
    ]


def _option_problem(name: str, value: Any, known: Mapping[str, Option]) -> str | None:
    if name in RESERVED:
        return f"{name} cannot be set here: the study sets it for every run"
    if name not in known:
        free = sorted(set(known) - RESERVED)
        nearest = get_close_matches(name, free, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(free)}"
        return f"{name} is not an option; {hint}"
    problem = value_problem(value, known[name])
    return None if problem is None else f"{name} {value!r}: {problem}"


def _option_groups(study: Study) -> list[tuple[str, Mapping[str, Any], Mapping[str, Option]]]:
    groups: list[tuple[str, Mapping[str, Any], Mapping[str, Option]]] = [
        ("stage1: ", study.stage1, stage1_known(study.stage1)),
        ("stage2: ", study.stage2, STAGE2),
        ("options: ", study.options, STAGE3),
        ("evaluation: ", study.evaluation, EVALUATION),
    ]
    for arm in study.arms:
        known = _options_known(arm)
        groups += [
            (f"arm {arm.name}: options: ", arm.options, known),
            (
                f"arm {arm.name}: stage1: ",
                arm.stage1 or {},
                stage1_known(study.stage1_options_of(arm)),
            ),
            (f"arm {arm.name}: stage2: ", arm.stage2, STAGE2),
            (f"arm {arm.name}: evaluation: ", arm.evaluation, EVALUATION),
        ]
    return groups


def stage1_known(options: Mapping[str, Any] | None) -> Mapping[str, Option]:
    """Return the options of a stage 1; a teacher tells which one it is."""
    return STAGE1_DISTILLED if "teacher" in (options or {}) else STAGE1


def _options_known(arm: Arm) -> Mapping[str, Option]:
    if arm.start.kind == PROBE:
        return PROBING
    from_model = arm.start.kind in (STAGE2_START, PREVIOUS, SAME, MEAN)
    if from_model:
        return STAGE3
    return {name: option for name, option in STAGE3.items() if name not in HEAD_OPTIONS}


def _name_problems(study: Study) -> list[str]:
    found: list[str] = []
    earlier: list[str] = []
    for arm in study.arms:
        if not FOLDER_NAME.fullmatch(arm.name):
            found.append(f"arm {arm.name!r}: a name has letters, digits, dots, dashes and + only")
        if arm.name in earlier:
            found.append(f"arm {arm.name}: there are two of that name")
        found += [f"arm {arm.name}: {problem}" for problem in _start_problems(arm, earlier)]
        earlier.append(arm.name)
    return found


def _start_problems(arm: Arm, earlier: Sequence[str]) -> list[str]:
    start = f"start '{arm.start}'"
    found = [f"{start} must name an arm above it" for name in arm.start.arms if name not in earlier]
    if len(set(arm.start.arms)) < len(arm.start.arms):
        found.append(f"{start} names an arm twice")
    if arm.start.kind == SAME and (arm.options or arm.stage2):
        found.append(f"{start} is not trained; only evaluation")
    elif arm.start.kind == MEAN and (arm.options or arm.stage2 or arm.evaluation):
        found.append(f"{start} has no network of its own, and so no options")
    elif arm.start.kind == PROBE and (arm.stage2 or arm.evaluation):
        found.append(f"{start} has no stages, and no options of the evaluation")
    elif arm.start.kind != STAGE2_START and arm.stage2:
        found.append(f"{start} has no stage 2")
    if arm.start.kind not in (STAGE2_START, PROBE) and arm.stage1 is not None:
        found.append(f"{start} has no stage 1; only stage2 and probe have")
    return found


def _probe_problems(study: Study, arm: Arm) -> list[str]:
    if arm.start.kind != PROBE:
        return []
    found, backbone = [], backbone_of(study, arm)
    if arm.stage1 is not None and backbone not in BLOCK_LAYERS:
        found.append(f"backbone has no stage 1; only {', '.join(BLOCK_LAYERS)} have")
    if study.options_of(arm).get("pooling") == COVARIANCES and backbone != EFFICIENTNET:
        found.append(f"pooling {COVARIANCES} needs backbone {EFFICIENTNET}")
    return [f"arm {arm.name}: {problem}" for problem in found]


def _listed(key: str, given: tuple[Any, ...], known: tuple[str, ...]) -> list[str]:
    return [f"{key}: no {one!r}; there are {', '.join(known)}" for one in given if one not in known]

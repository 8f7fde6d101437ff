"""Reading a study file and saying everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.lab.studies.checks import study_problems
from monai_covid.lab.studies.definition import (
    MEAN,
    PREVIOUS,
    PROBE,
    SAME,
    Arm,
    InitialWeights,
    Study,
)

KEYS = (
    *("title", "question", "collections", "folds", "seeds", "first_epochs"),
    *("stage1_excludes", "stage2_excludes"),
    *("stage1", "stage2", "options", "evaluation", "baseline", "arms", "further", "baselines"),
)

ARM_KEYS = ("name", "start", "options", "stage1", "stage2", "evaluation", "baseline")
MAPPINGS = ("stage1", "stage2", "options", "evaluation")
PLAIN = ("first_epochs", "stage1_excludes", "stage2_excludes")
WHOLE_NUMBERS = ("folds", "seeds")
ALL_FOLDS = ("folds", "all")
"""What ``folds`` may be instead: all that the collection has."""

TEXTS = ("further", "baselines")

ATTRIBUTES = {"further": "extra_evaluations"}
"""Key of a study file -> attribute of `Study`, where the two differ."""
STARTS = "stage2, imagenet, random, 'previous: ARM', 'same: ARM', 'mean: ARM, ARM' or probe"


def shipped_studies() -> dict[str, Path]:
    """Return the study files that come with the package, by name."""
    folder = Path(str(resources.files("monai_covid.lab.studies") / "files"))
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def find_study(name: str) -> Path:
    """Return the file of a study: a path, or the name of one that comes with the package.

    Raises:
        OptionError: If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_studies()
    if name in shipped:
        return shipped[name]
    raise OptionError(
        f"{name}: no such file, and no study of that name; there are {_names(shipped)}"
    )


def read_study(path: Path) -> Study:
    """Read and check a study file.

    Raises:
        InputError: Naming every unknown key, arm or option and every unusable value.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError([Problem(path, None, f"is no YAML: {error}")]) from error
    return study_from(content, path)


def study_from(content: Any, source: Path) -> Study:
    """Return the study that ``content``, what a study file holds, describes.

    Args:
        content: Nested mappings and lists.
        source: File it comes from, for messages.

    Raises:
        InputError: See `read_study`.
    """
    problems = form_problems(content)
    if not problems:
        study = _build(content)
        problems = study_problems(study)
    if problems:
        raise InputError([Problem(source, None, message) for message in problems])
    return study


def form_problems(content: Any) -> list[str]:
    """Return what is wrong with the form: keys and the types of their values."""
    if not isinstance(content, Mapping):
        return ["must be a mapping with title, arms and so on"]
    problems = _unknown(content, KEYS, "")
    problems += [f"{key} is missing" for key in ("title", "arms") if not content.get(key)]
    problems += _type_problems(content, "")
    for key in WHOLE_NUMBERS:
        if key in content and not _whole_numbers(content[key]) and (key, content[key]) != ALL_FOLDS:
            also = ", or all" if key == "folds" else ""
            problems.append(f"{key}: must be a list of different whole numbers from 0{also}")
    for key in TEXTS:
        if not isinstance(content.get(key, []), list):
            problems.append(f"{key}: must be a list of names")
    arms = content.get("arms") or []
    if not isinstance(arms, list):
        return [*problems, "arms: must be a list"]
    for place, arm in enumerate(arms):
        problems += _arm_problems(arm, place)
    return problems


def _arm_problems(arm: Any, place: int) -> list[str]:
    if not isinstance(arm, Mapping) or not isinstance(arm.get("name"), str):
        return [f"arms[{place}]: must be a mapping with a name"]
    where = f"arm {arm['name']}: "
    problems = _unknown(arm, ARM_KEYS, where) + _type_problems(arm, where)
    if _start(arm.get("start", "stage2")) is None:
        problems.append(f"{where}start {arm['start']!r} must be {STARTS}")
    return problems


def _unknown(content: Mapping[Any, Any], valid: tuple[str, ...], where: str) -> list[str]:
    problems = []
    for key in content:
        if key not in valid:
            nearest = get_close_matches(str(key), valid, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(valid)}"
            problems.append(f"{where}{key} is no key of a study; {hint}")
    return problems


def _type_problems(content: Mapping[Any, Any], where: str) -> list[str]:
    return [
        f"{where}{key}: must be a mapping of options"
        for key in MAPPINGS
        if content.get(key) is not None and not isinstance(content[key], Mapping)
    ]


def _whole_numbers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and len(set(map(str, value))) == len(value)
        and all(type(number) is int and number >= 0 for number in value)
    )


def _start(value: Any) -> InitialWeights | None:
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, arms),) = value.items()
        value = f"{kind}: {', '.join(map(str, arms)) if isinstance(arms, list) else arms}"
    if not isinstance(value, str):
        return None
    kind, _, names = (part.strip() for part in value.partition(":"))
    arms = tuple(name.strip() for name in names.split(",")) if names else ()
    fitting = {
        **dict.fromkeys(("stage2", "imagenet", "random", PROBE), not arms),
        **dict.fromkeys((PREVIOUS, SAME), len(arms) == 1),
        MEAN: len(arms) > 1,
    }
    return InitialWeights(kind, arms) if all(arms) and fitting.get(kind) else None


def _build(content: Mapping[str, Any]) -> Study:
    arms = tuple(_arm(arm) for arm in content["arms"])
    options: dict[str, Any] = {key: dict(content.get(key) or {}) for key in MAPPINGS}
    lists: dict[str, Any] = {
        ATTRIBUTES.get(key, key): () if (key, content[key]) == ALL_FOLDS else tuple(content[key])
        for key in (*WHOLE_NUMBERS, *TEXTS)
        if content.get(key) is not None
    }
    plain = {key: content[key] for key in PLAIN if key in content}
    return Study(
        title=str(content["title"]),
        question=str(content.get("question") or ""),
        arms=arms,
        baseline=str(content.get("baseline") or arms[0].name),
        **options,
        **lists,
        **plain,
    )


def _arm(content: Mapping[str, Any]) -> Arm:
    start = _start(content.get("start", "stage2"))
    if start is None:
        raise ValueError("arms are built once their form is known to be right")
    options: dict[str, Any] = {key: dict(content.get(key) or {}) for key in MAPPINGS}
    if content.get("stage1") is None:
        options["stage1"] = None
    return Arm(str(content["name"]), start, **options, baseline=content.get("baseline"))


def _names(shipped: Mapping[str, Path]) -> str:
    return ", ".join(shipped) or "none"

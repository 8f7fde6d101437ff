"""Stored studies: ``study.json`` read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from jsonschema import Draft202012Validator

from monai_covid.errors import InputError, Problem
from monai_covid.lab.studies.pages.records import (
    RECALL,
    Agreement,
    Arm,
    Comparison,
    Estimate,
    Reading,
    Run,
    Scores,
    Stage1,
    Stage2,
    Study,
)
from monai_covid.lab.studies.pages.schema import FORMAT_VERSION, STUDY


def read_study(path: Path | str, name: str) -> Study:
    """Read ``study.json``.

    Args:
        path: File that ``monai-covid study`` wrote.
        name: Name of the page.

    Raises:
        InputError: If there is no such file, it is not JSON, of another format, or a key is
            missing or has an unusable value; names file and key.
    """
    return parse_study(_content(Path(path)), path, name)


def _content(path: Path) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no JSON; what is not defined is null")

    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except OSError as error:
        raise InputError([Problem(path, None, f"cannot be read ({error.strerror})")]) from error
    except ValueError as error:
        raise InputError([Problem(path, None, f"not a JSON file: {error}")]) from error


def parse_study(content: Any, path: Path | str, name: str) -> Study:
    """Return the study of parsed JSON; see ``read_study``."""
    _check(content, path)
    return Study(
        name,
        content["title"],
        content["question"],
        content["version"],
        content["settings"],
        tuple(_arm(arm, content["settings"]["baseline"]) for arm in content["arms"]),
        tuple(map(_comparison, content["comparisons"])),
        {name: _scores(found) for name, found in content["baselines"].items()},
        tuple(map(_stage2, content.get("stage2", ()))),
        tuple(map(_stage1, content.get("stage1", ()))),
        _agreement(content.get("agreement")),
        tuple(map(_reading, content.get("readings", ()))),
    )


def _check(content: Any, path: Path | str) -> None:
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        message = f"format_version is {version!r}; this version reads {FORMAT_VERSION} (study.json)"
        raise InputError([Problem(path, None, message)])
    errors = Draft202012Validator(STUDY).iter_errors(content)
    found = sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])
    problems = [Problem(path, None, f"{each.json_path}: {each.message}") for each in found]
    problems = problems or [Problem(path, None, text) for text in _contradictions(content)]
    if problems:
        raise InputError(problems)


def _contradictions(content: Mapping[str, Any]) -> list[str]:
    names = [arm["name"] for arm in content["arms"]]
    found = []
    if len(set(names)) < len(names):
        found.append("$.arms: two arms have one name")
    baseline = content["settings"]["baseline"]
    if baseline not in names:
        found.append(f"$.settings.baseline is {baseline!r}; arms are {', '.join(names)}")
    for number, compared in enumerate(content["comparisons"]):
        for key in ("arm", "baseline"):
            if compared[key] not in names:
                found.append(f"$.comparisons[{number}].{key}: no arm {compared[key]!r}")
    for number, read in enumerate(content.get("readings", ())):
        if read["arm"] not in names:
            found.append(f"$.readings[{number}].arm: no arm {read['arm']!r}")
    for number, arm in enumerate(content["arms"]):
        place, epochs = f"$.arms[{number}]", len(arm["curves"]["epoch"])
        if arm.get("baseline", names[0]) not in names:
            found.append(f"{place}.baseline: no arm {arm['baseline']!r}")
        if len(arm["runs"]) != arm["runs_finished"]:
            found.append(f"{place}: {len(arm['runs'])} runs, runs_finished {arm['runs_finished']}")
        if any(len(curve) != epochs for curve in arm["curves"]["validation_auc"]):
            found.append(f"{place}.curves.validation_auc: not {epochs} values for each run")
    return found


def _arm(arm: Mapping[str, Any], baseline: str) -> Arm:
    pooled = arm["pooled"]
    runs = tuple(map(_run, arm["runs"]))
    images, patients = _sample(pooled.get("test") or {}, runs)
    return Arm(
        arm["name"],
        arm["start"],
        arm["started_from"],
        arm["options"],
        arm.get("baseline", baseline),
        arm["runs_planned"],
        arm["runs_finished"],
        runs,
        tuple(arm["curves"]["epoch"]),
        tuple(map(tuple, arm["curves"]["validation_auc"])),
        _scores(pooled.get("test") or {}),
        _scores(pooled.get("ensemble") or {}),
        _scores(pooled.get("against", {})),
        {name: _scores(found) for name, found in pooled.get("further", {}).items()},
        tuple((one["seed"], one["fold"]) for one in arm.get("failures", ())),
        images,
        patients,
        arm.get("stage1"),
    )


def _sample(pooled: Mapping[str, Any], runs: Sequence[Run]) -> tuple[int, int]:
    """Return test images and patients; without counts of all folds each fold is counted once."""
    folds = {run.fold: run for run in runs}.values()
    images, patients = sum(run.images for run in folds), sum(run.patients for run in folds)
    return pooled.get("images", images), pooled.get("patients", patients)


def _run(run: Mapping[str, Any]) -> Run:
    test = run["test"] or {}
    return Run(
        run["seed"],
        run["fold"],
        run["epochs"],
        run["best_validation_auc"],
        run["seconds"],
        test.get("images", 0),
        test.get("patients", 0),
    )


def _scores(found: Mapping[str, Any]) -> Scores:
    """Return the estimates among ``found``, those of ``recall`` under names of their own."""
    flat = {key: value for key, value in found.items() if key != "recall"}
    flat |= {f"{RECALL}{label}": value for label, value in found.get("recall", {}).items()}
    return {
        key: Estimate(value["value"], value["low"], value["high"])
        for key, value in flat.items()
        if isinstance(value, Mapping) and "value" in value
    }


def _comparison(found: Mapping[str, Any]) -> Comparison:
    mean, wide = found["mean_difference"], found.get("corrected")
    return Comparison(
        found["arm"],
        found["baseline"],
        found["measure"],
        found["pairs"],
        Estimate(mean, found["low"], found["high"]),
        found["p_value"],
        found["p_value_holm"],
        found["test"] or "",
        found.get("note") or "",
        None if wide is None else Estimate(mean, wide["low"], wide["high"]),
    )


def _agreement(found: Mapping[str, Any] | None) -> Agreement | None:
    if not found:
        return None
    by_class = _scores(found.get("none_right_of", {}))
    return Agreement(tuple(found["members"]), found["images"], _scores(found), by_class)


def _reading(found: Mapping[str, Any]) -> Reading:
    labels = {name: (one["images"], one["seen"]) for name, one in found["labels"].items()}
    return Reading(
        found["arm"],
        found["class"],
        found["images"],
        found["patients"],
        found["heeds_views"],
        _scores(found),
        labels,
    )


def _stage1(found: Mapping[str, Any]) -> Stage1:
    return Stage1(**{name: found[name] for name in Stage1._fields})


def _stage2(found: Mapping[str, Any]) -> Stage2:
    return Stage2(**{name: found[name] for name in Stage2._fields})

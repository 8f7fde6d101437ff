"""Stored studies: ``study.json`` read and checked.

All files of ``FORMAT_VERSION`` 1 are read, also those of earlier versions: keys never change.
"""

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
from monai_covid.labels import DISPLAY_NAMES, register_stored_names


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
    register_stored_names(content.get(DISPLAY_NAMES, {}))
    return Study(
        name,
        content["title"],
        content["question"],
        content["version"],
        content["settings"],
        tuple(_arm(arm, content["settings"]["baseline"]) for arm in content["arms"]),
        tuple(map(_comparison, content["comparisons"])),
        {name: _scores(fields) for name, fields in content["baselines"].items()},
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
    ordered = sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])
    problems = [Problem(path, None, f"{error.json_path}: {error.message}") for error in ordered]
    problems = problems or [Problem(path, None, text) for text in _contradictions(content)]
    if problems:
        raise InputError(problems)


def _contradictions(content: Mapping[str, Any]) -> list[str]:
    names = [arm["name"] for arm in content["arms"]]
    problems = []
    if len(set(names)) < len(names):
        problems.append("$.arms: two arms have one name")
    baseline = content["settings"]["baseline"]
    if baseline not in names:
        problems.append(f"$.settings.baseline is {baseline!r}; arms are {', '.join(names)}")
    for number, compared in enumerate(content["comparisons"]):
        for key in ("arm", "baseline"):
            if compared[key] not in names:
                problems.append(f"$.comparisons[{number}].{key}: no arm {compared[key]!r}")
    for number, read in enumerate(content.get("readings", ())):
        if read["arm"] not in names:
            problems.append(f"$.readings[{number}].arm: no arm {read['arm']!r}")
    for number, arm in enumerate(content["arms"]):
        place, epochs = f"$.arms[{number}]", len(arm["curves"]["epoch"])
        if arm.get("baseline", names[0]) not in names:
            problems.append(f"{place}.baseline: no arm {arm['baseline']!r}")
        if len(arm["runs"]) != arm["runs_finished"]:
            problems.append(
                f"{place}: {len(arm['runs'])} runs, runs_finished {arm['runs_finished']}"
            )
        if any(len(curve) != epochs for curve in arm["curves"]["validation_auc"]):
            problems.append(f"{place}.curves.validation_auc: not {epochs} values for each run")
    return problems


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
        {name: _scores(fields) for name, fields in pooled.get("further", {}).items()},
        tuple((failure["seed"], failure["fold"]) for failure in arm.get("failures", ())),
        images,
        patients,
        arm.get("stage1"),
        tuple(arm.get("hospitals", ())),
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


def _scores(fields: Mapping[str, Any]) -> Scores:
    """Return the estimates among ``fields``, those of ``recall`` under names of their own."""
    flat = {key: value for key, value in fields.items() if key != "recall"}
    flat |= {f"{RECALL}{label}": value for label, value in fields.get("recall", {}).items()}
    return {
        key: Estimate(value["value"], value["low"], value["high"])
        for key, value in flat.items()
        if isinstance(value, Mapping) and "value" in value
    }


def _comparison(fields: Mapping[str, Any]) -> Comparison:
    mean, corrected = fields["mean_difference"], fields.get("corrected")
    return Comparison(
        fields["arm"],
        fields["baseline"],
        fields["measure"],
        fields["pairs"],
        Estimate(mean, fields["low"], fields["high"]),
        fields["p_value"],
        fields["p_value_holm"],
        fields["test"] or "",
        fields.get("note") or "",
        None if corrected is None else Estimate(mean, corrected["low"], corrected["high"]),
    )


def _agreement(fields: Mapping[str, Any] | None) -> Agreement | None:
    if not fields:
        return None
    by_class = _scores(fields.get("none_right_of", {}))
    return Agreement(tuple(fields["members"]), fields["images"], _scores(fields), by_class)


def _reading(fields: Mapping[str, Any]) -> Reading:
    labels = {name: (read["images"], read["seen"]) for name, read in fields["labels"].items()}
    return Reading(
        fields["arm"],
        fields["class"],
        fields["images"],
        fields["patients"],
        fields["heeds_views"],
        _scores(fields),
        labels,
    )


def _stage1(fields: Mapping[str, Any]) -> Stage1:
    return Stage1(**{name: fields[name] for name in Stage1._fields})


def _stage2(fields: Mapping[str, Any]) -> Stage2:
    return Stage2(**{name: fields[name] for name in Stage2._fields})

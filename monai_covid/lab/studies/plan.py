"""The study as it is run, written down when it starts; later calls may add to it, not change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from monai_covid.data.files import write_text
from monai_covid.errors import RunFolderError
from monai_covid.lab.studies.definition import EXTERNAL, Arm, Options, Study
from monai_covid.lab.studies.study_file import study_from

FILES = "files"


def content_of(study: Study) -> dict[str, Any]:
    """Return a study as the plain types of a study file."""
    return {
        "title": study.title,
        "question": study.question,
        "folds": list(study.folds),
        "seeds": list(study.seeds),
        "first_epochs": study.first_epochs,
        **({"stage1_excludes": "all"} if study.stage1_excludes == "all" else {}),
        "stage2_excludes": study.stage2_excludes,
        **({"stage1": dict(study.stage1)} if study.stage1 else {}),
        "stage2": dict(study.stage2),
        "options": dict(study.options),
        "evaluation": dict(study.evaluation),
        "further": list(study.extra_evaluations),
        "baselines": list(study.baselines),
        "baseline": study.baseline,
        "arms": [_arm_content(arm) for arm in study.arms],
    }


def _arm_content(arm: Arm) -> dict[str, Any]:
    return {
        "name": arm.name,
        "start": str(arm.start),
        "options": dict(arm.options),
        **({} if arm.stage1 is None else {"stage1": dict(arm.stage1)}),
        "stage2": dict(arm.stage2),
        "evaluation": dict(arm.evaluation),
        "baseline": arm.baseline,
    }


def recorded_study(study: Study, plan: Path, files: Mapping[str, str]) -> Study:
    """Write the study down in ``plan``, or check it against what is written there.

    Title, question, baseline, first epochs, cues and extra evaluations may change: no training
    depends on them. Seeds, folds and arms may be added.

    Args:
        study: As given now.
        plan: File of the plan.
        files: What else trainings depend on, by what it is for: ImageNet weights of each network,
            lists of images that are left out; for people.

    Returns:
        The study with the seeds and folds of earlier calls.

    Raises:
        RunFolderError: If something changed that trained runs depend on; names all of it.
        InputError: If the file cannot be read.
    """
    if plan.is_file():
        content = yaml.safe_load(plan.read_text(encoding="utf-8"))
        recorded = content.pop(FILES, {})
        earlier = study_from(content, plan)
        changed = [*_changes(earlier, study), *_file_changes(recorded, files)]
        if changed:
            listed = "\n  ".join(changed)
            raise RunFolderError(
                f"{plan}: runs were made with another study:\n  {listed}\nGive the old values, "
                "another --out, or --overwrite"
            )
        study = replace(
            study,
            seeds=_united(earlier.seeds, study.seeds),
            folds=_united(earlier.folds, study.folds),
        )
        files = {**recorded, **files}
    text = yaml.safe_dump({**content_of(study), FILES: dict(files)}, sort_keys=False)
    if not plan.is_file() or plan.read_text(encoding="utf-8") != text:
        write_text(plan, text)
    return study


def _changes(earlier: Study, now: Study) -> list[str]:
    changes = []
    for key in ("stage1_excludes", "stage2_excludes"):
        changes += _differences(key, getattr(earlier, key), getattr(now, key))
    external = [EXTERNAL in version.extra_evaluations for version in (earlier, now)]
    # Stage 2 leaves the external images out.
    changes += _differences("external among further", *external)
    names = {arm.name for arm in now.arms}
    for arm in earlier.arms:
        if arm.name not in names:
            changes.append(f"arm {arm.name} is no longer there")
            continue
        other = now.arm(arm.name)
        where = f"arm {arm.name}: "
        changes += _differences(f"{where}start", str(arm.start), str(other.start))
        for what in ("options_of", "stage2_options_of", "evaluation_of"):
            values = [getattr(earlier, what)(arm), getattr(now, what)(other)]
            changes += _option_changes(where, *values)
        pretraining = earlier.stage1_options_of(arm), now.stage1_options_of(other)
        changes += _stage1_changes(f"{where}stage1", *pretraining)
    return list(dict.fromkeys(changes))


def _stage1_changes(where: str, earlier: Options | None, now: Options | None) -> list[str]:
    if earlier is None or now is None:
        return _differences(where, earlier, now)
    return _option_changes(f"{where}: ", earlier, now)


def _option_changes(where: str, earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = sorted({*earlier, *now})
    return [
        change
        for name in names
        for change in _differences(f"{where}{name}", earlier.get(name), now.get(name))
    ]


def _differences(name: str, earlier: Any, now: Any) -> list[str]:
    return [] if earlier == now else [f"{name} was {earlier!r} and is now {now!r}"]


def _file_changes(earlier: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        change
        for name in sorted(set(earlier) & set(now))
        for change in _differences(name, earlier[name], now[name])
    ]


def _united(earlier: tuple[int, ...], now: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*earlier, *now)))

"""Where the files of a study lie, and how and where it is computed; neither changes its results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from monai_covid.lab.studies.collections import Collections
from monai_covid.lab.studies.definition import EXTERNAL, Arm, Run, Study
from monai_covid.models.efficientnet import EFFICIENTNET

STUDY_JSON, PLAN = "study.json", "plan.yaml"
READINGS = "readings.csv"
FAILURE = "failure.txt"
PREDICTIONS = "predictions.csv"


class Layout(NamedTuple):
    """The folders of a study.

    Attributes:
        root: Folder of all results.
    """

    root: Path

    @property
    def plan(self) -> Path:
        """The study as it is run."""
        return self.root / PLAN

    @property
    def results(self) -> Path:
        """The results put together."""
        return self.root / STUDY_JSON

    @property
    def readings(self) -> Path:
        """What readers saw, as it was given last."""
        return self.root / READINGS

    def run(self, run: Run) -> Path:
        """Return the folder of a run."""
        return self.root / "runs" / run.arm / f"seed_{run.seed}" / f"fold_{run.fold}"

    def stage1(self, study: Study, run: Run) -> Path:
        """Return the folder of the stage 1 of ``run``, shared by equal ones."""
        return self.root / "stage1" / stage1_key(study, study.arm(run.arm), run)

    def stage2(self, study: Study, run: Run) -> Path:
        """Return the folder of the stage 2 that ``run`` starts from, shared by equal ones."""
        return self.root / "stage2" / stage2_key(study, study.arm(run.arm), run)

    def baseline(self, name: str) -> Path:
        """Return the predictions of a cue."""
        return self.root / "baselines" / name / PREDICTIONS

    def predictions(self, run: Run, evaluation: str | None = None) -> Path:
        """Return the predictions of a run: of its test fold, or of an extra evaluation."""
        name = "evaluation" if evaluation is None else f"evaluation_{evaluation}"
        return self.run(run) / name / PREDICTIONS

    def no_images(self, run: Run, evaluation: str) -> Path:
        """Return the note that an extra evaluation of a run has no image that it could use."""
        return self.run(run) / f"evaluation_{evaluation}" / "none.txt"

    def is_evaluated(self, run: Run, evaluation: str | None = None) -> bool:
        """Return whether an evaluation of a run was made."""
        if self.predictions(run, evaluation).is_file():
            return True
        return evaluation is not None and self.no_images(run, evaluation).is_file()


def stage1_key(study: Study, arm: Arm, run: Run) -> str:
    """Return the name of a stage 1: equal for runs whose stage 1 is the same."""
    options = study.stage1_options_of(arm) or {}
    extra_manifests = study.options_of(arm).get("extra_manifests") or []
    content = [options, extra_manifests, _split(study, arm)]
    if study.stage1_excludes == "all":
        return _key(options, run, [*content, "all"], by_fold=False)
    return _key(options, run, content, by_fold=True)


def stage2_key(study: Study, arm: Arm, run: Run) -> str:
    """Return the name of a stage 2: equal for runs whose stage 2 is the same."""
    options = study.stage2_options_of(arm)
    by_fold = study.stage2_excludes == "fold"
    content: list[Any] = [options, [study.stage2_excludes, *_split(study, arm)]]
    if arm.stage1 is not None:
        by_fold = by_fold or study.stage1_excludes == "fold"
        content.append(stage1_key(study, arm, run))
    return _key(options, run, content, by_fold=by_fold)


def _split(study: Study, arm: Arm) -> list[Any]:
    """Return what decides, beside seed and fold, who is left out."""
    split = [study.options_of(arm).get(name) for name in ("folds", "validation_fraction")]
    if study.hold_out_by is not None:
        split.append(study.hold_out_by)
    return [EXTERNAL in study.extra_evaluations, split]


def _key(options: Mapping[str, Any], run: Run, content: Sequence[Any], *, by_fold: bool) -> str:
    parts = [str(options.get("architecture", "densenet121")), f"seed_{run.seed}"]
    if by_fold:
        parts.append(f"fold_{run.fold}")
    text = json.dumps(content, sort_keys=True)
    return "-".join([*parts, hashlib.sha256(text.encode()).hexdigest()[:8]])


@dataclass(frozen=True)
class Machine:
    """What runs need beside the study.

    Attributes:
        bundle: Folder of the bundle.
        data: The collections.
        leave_out: CSV files of images that runs with further manifests leave out, such as copies of
            test images among them.
        imagenet: Weights file of each network; None or absent for random weights.
        device: Where to compute; None for a GPU if there is one.
        progress: Whether to show progress bars.
        resamples: Bootstrap resamples.
    """

    bundle: Path
    data: Collections
    leave_out: tuple[Path, ...] = ()
    imagenet: Mapping[str, Path | None] = field(default_factory=dict)
    device: str | None = None
    progress: bool = False
    resamples: int = 2000

    def options(self) -> dict[str, Any]:
        """Return the options of every config that say where to compute and what to show."""
        return {"device": self.device, "progress": self.progress}

    def extra_images(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of further images for training, and of those left out with them.

        Args:
            options: Options of stage 3; ``extra_manifests`` may name a collection.
        """
        if not options.get("extra_manifests"):
            return {}
        image_options = {"extra_manifests": self.data.extra_manifests(options["extra_manifests"])}
        if self.leave_out:
            image_options["leave_out_images"] = [str(file) for file in self.leave_out]
        return image_options

    def imagenet_option(self, architecture: str) -> str:
        """Return the option ``imagenet`` of a network."""
        if architecture == EFFICIENTNET:
            return "required"
        file = self.imagenet.get(architecture)
        return "none" if file is None else str(file)

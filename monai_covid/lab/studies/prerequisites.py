"""What a run starts from: its stage 2, and before it a stage 1 if its arm has one.

Several processes can work on one study: each claims the folder that it works in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from monai_covid.lab.studies.collections import write_excluded
from monai_covid.lab.studies.definition import Run, Study
from monai_covid.lab.studies.initial_weights import architecture_of
from monai_covid.lab.studies.layout import Layout, Machine
from monai_covid.training.budget import TimeBudget
from monai_covid.training.cross_validation import run_summary, train_stage

logger = logging.getLogger(__name__)

CLAIM = ".claim"


class Prerequisites:
    """Trains stages 1 and 2; runs that start from the same ones share them.

    Attributes:
        study: The study.
        layout: Where its files lie.
        machine: How and where to compute.
        budget: Time for this call.
    """

    def __init__(self, study: Study, layout: Layout, machine: Machine, budget: TimeBudget) -> None:
        """Put it together; see the attributes."""
        self.study = study
        self.layout = layout
        self.machine = machine
        self.budget = budget

    def train(self, run: Run) -> Outcome:
        """Train what ``run`` starts from as far as it gets; done if its stage 2 is finished."""
        stage2 = self.layout.stage2(self.study, run)
        if self.study.arm(run.arm).stage1 is None or _is_finished(stage2):
            return _shared(stage2, lambda: self._stage2(run, stage2, self._imagenet(run)))
        outcome = self.train_stage1(run)
        if outcome is not Outcome.DONE:
            return outcome
        start = self.layout.stage1(self.study, run) / "model.pt"
        return _shared(stage2, lambda: self._stage2(run, stage2, str(start)))

    def train_stage1(self, run: Run) -> Outcome:
        """Train the stage 1 of ``run`` as far as it gets."""
        folder = self.layout.stage1(self.study, run)
        return _shared(folder, lambda: self._stage1(run, folder))

    def _imagenet(self, run: Run) -> str:
        return self.machine.imagenet_option(architecture_of(self.study, self.study.arm(run.arm)))

    def _stage1(self, run: Run, folder: Path) -> bool:
        """Train stage 1, from random weights; return whether it is finished."""
        arm, data = self.study.arm(run.arm), self.machine.data
        options = self.study.stage1_options_of(arm) or {}
        excluded = write_excluded(
            self.study, data, run, folder / "excluded.csv", self.study.stage1_excludes
        )
        # As in stage 3: copies of test images come with further manifests.
        extra = self.machine.extra_images(self.study.options_of(arm))
        collection = [str(data.manifest)] if self.study.stage1_excludes == "fold" else []
        folders = [str(data.nih), *collection, *extra.get("extra_manifests", [])]
        distilled = "teacher" in options
        return self._finished(
            "stage1_distilled.yaml" if distilled else "stage1_selfsupervised.yaml",
            folder,
            **options,
            **({} if distilled else {"imagenet": "none"}),
            image_folders=folders,
            exclude_manifests=[str(excluded)],
            leave_out_images=extra.get("leave_out_images", []),
            seed=run.seed,
        )

    def _stage2(self, run: Run, folder: Path, start: str) -> bool:
        """Train stage 2; return whether it is finished."""
        excluded = write_excluded(
            self.study, self.machine.data, run, folder / "excluded.csv", self.study.stage2_excludes
        )
        return self._finished(
            "stage2_nih.yaml",
            folder,
            **self.study.stage2_options_of(self.study.arm(run.arm)),
            dataset_dir=str(self.machine.data.nih),
            exclude_manifests=[str(excluded)],
            imagenet=start,
            seed=run.seed,
        )

    def _finished(self, config: str, folder: Path, **options: Any) -> bool:
        logger.info("%s: %s", config.removesuffix(".yaml"), folder.name)
        minutes = self.budget.minutes_left()
        summary = train_stage(
            self.machine.bundle,
            config,
            folder,
            **options,
            minutes=minutes,
            **self.machine.options(),
        )
        return bool(summary["finished"])


def _is_finished(folder: Path) -> bool:
    return bool(run_summary(folder).get("finished"))


def _shared(folder: Path, train: Callable[[], bool]) -> Outcome:
    """Train in a folder that several runs share, unless that is done or another process does."""
    if _is_finished(folder):
        return Outcome.DONE
    with claimed(folder) as mine:
        if not mine:
            return Outcome.BUSY
        return Outcome.DONE if train() else Outcome.UNFINISHED


class Outcome(Enum):
    """How an attempt ended."""

    DONE = "done"
    BUSY = "busy"
    """Another process works on it, or on what it needs."""
    BLOCKED = "blocked"
    """What it starts from is missing."""
    FAILED = "failed"
    """Training diverged."""
    UNFINISHED = "unfinished"
    """Time ran out."""


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Yield whether this process may work in ``folder``; it keeps others out until the block ends.

    The system lets go of a claim when a process dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / CLAIM)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()

"""One run of a study: the stages it starts from, its training, its evaluations."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

from monai_covid.data.files import write_text
from monai_covid.errors import DivergenceError, caused_by
from monai_covid.lab.studies.definition import (
    IMAGENET_START,
    MEAN,
    PROBE,
    SAME,
    STAGE2_START,
    Run,
    Study,
)
from monai_covid.lab.studies.extra_evaluations import write_extra_evaluation
from monai_covid.lab.studies.initial_weights import architecture_of
from monai_covid.lab.studies.layout import FAILURE, Layout, Machine
from monai_covid.lab.studies.prerequisites import Outcome, Prerequisites, claimed
from monai_covid.lab.studies.without_training import average_runs, probe_run
from monai_covid.training.budget import TimeBudget
from monai_covid.training.cross_validation import (
    STAGE3,
    evaluate_stage,
    run_summary,
    train_stage,
)
from monai_covid.training.workflow_options import HEAD_OPTIONS, NO_MODEL

logger = logging.getLogger(__name__)

MODEL_FILES = ("model.pt", "learning_curve.csv", "summary.json")


class Runner:
    """Does the runs of a study, one at a time.

    Attributes:
        study: The study.
        layout: Where its files lie.
        machine: How and where to compute.
        budget: Time for this call.
    """

    def __init__(self, study: Study, layout: Layout, machine: Machine, budget: TimeBudget) -> None:
        """Put a runner together; see the attributes."""
        self.study = study
        self.layout = layout
        self.machine = machine
        self.budget = budget

    def is_done(self, run: Run) -> bool:
        """Return whether a run is trained and has all its evaluations."""
        evaluations = [None, *self.study.extra_evaluations]
        evaluated = all(self.layout.is_evaluated(run, evaluation) for evaluation in evaluations)
        return evaluated and bool(run_summary(self.layout.run(run)).get("finished"))

    def has_failed(self, run: Run) -> bool:
        """Return whether the training of a run diverged, in this call or an earlier one."""
        return (self.layout.run(run) / FAILURE).is_file()

    def attempt(self, run: Run) -> Outcome:
        """Go on with a run as far as it gets.

        Raises:
            SystemExit: With a message for unusable data or options, with status 130 after Ctrl-C.
        """
        folder = self.layout.run(run)
        with claimed(folder) as mine:
            if not mine:
                return Outcome.BUSY
            if self.is_done(run):
                return Outcome.DONE
            logger.info("Run: %s", run)
            kind = self.study.arm(run.arm).start.kind
            if kind == MEAN:
                return self._average(run)
            if kind == PROBE:
                return self._probe(run)
            try:
                outcome = self._train(run)
            except SystemExit as error:
                cause = caused_by(error, (DivergenceError,))
                if cause is None:
                    raise
                logger.warning("%s: %s", run, cause)
                write_text(folder / FAILURE, f"{cause}\n")
                return Outcome.FAILED
            if outcome is Outcome.DONE:
                self._evaluate(run)
                (folder / FAILURE).unlink(missing_ok=True)
            return outcome

    def _average(self, run: Run) -> Outcome:
        others = [run._replace(arm=name) for name in self.study.arm(run.arm).start.arms]
        if not all(map(self.is_done, others)):
            return Outcome.BLOCKED
        average_runs(self.layout, run, others, self.study.extra_evaluations)
        return Outcome.DONE

    def _probe(self, run: Run) -> Outcome:
        if self.study.arm(run.arm).stage1 is not None:
            outcome = self._prerequisites().train_stage1(run)
            if outcome is not Outcome.DONE:
                return outcome
        probe_run(self.study, run, self.layout, self.machine)
        return Outcome.DONE

    def _prerequisites(self) -> Prerequisites:
        return Prerequisites(self.study, self.layout, self.machine, self.budget)

    def _train(self, run: Run) -> Outcome:
        start = self.study.arm(run.arm).start
        if start.kind == STAGE2_START:
            return self._from_stage2(run)
        if start.arms:
            (name,) = start.arms
            other = run._replace(arm=name)
            if not run_summary(self.layout.run(other)).get("finished"):
                return Outcome.BLOCKED
            if start.kind == SAME:
                return self._adopt(self.layout.run(other), self.layout.run(run))
            return self._stage3(run, stage2_model=self._model(other))
        random = start.kind != IMAGENET_START
        architecture = architecture_of(self.study, self.study.arm(run.arm))
        imagenet = "none" if random else self.machine.imagenet_option(architecture)
        return self._stage3(run, stage2_model=NO_MODEL, imagenet=imagenet)

    def _from_stage2(self, run: Run) -> Outcome:
        outcome = self._prerequisites().train(run)
        if outcome is not Outcome.DONE:
            return outcome
        model = self.layout.stage2(self.study, run) / "model.pt"
        return self._stage3(run, stage2_model=str(model))

    def _stage3(self, run: Run, **start: Any) -> Outcome:
        options = self.study.options_of(self.study.arm(run.arm))
        if start["stage2_model"] == NO_MODEL:
            options = {name: value for name, value in options.items() if name not in HEAD_OPTIONS}
        options |= self.machine.extra_images(options)
        summary = train_stage(
            self.machine.bundle,
            STAGE3,
            self.layout.run(run),
            **options,
            **start,
            **self._test_fold(run),
            classes=self.machine.data.classes,
            minutes=self.budget.minutes_left(),
            **self.machine.options(),
        )
        return Outcome.DONE if summary["finished"] else Outcome.UNFINISHED

    def _model(self, run: Run) -> str:
        return str(self.layout.run(run) / "model.pt")

    def _adopt(self, other: Path, folder: Path) -> Outcome:
        """Give a run the files of another one's training."""
        for name in MODEL_FILES:
            if not (folder / name).is_file():
                _link(other / name, folder / name)
        return Outcome.DONE

    def _test_fold(self, run: Run) -> dict[str, Any]:
        data = self.machine.data
        places = {"dataset_dir": str(data.manifest.parent), "manifest": str(data.manifest)}
        return {**places, "fold": run.fold, "seed": run.seed}

    def _evaluate(self, run: Run) -> None:
        arm = self.study.arm(run.arm)
        folder = self.layout.run(run)
        if not self.layout.predictions(run).is_file():
            shared = {
                name: value
                for name, value in self.study.options_of(arm).items()
                if name in ("folds", "hold_out_by", "limit", "batch_size")
            }
            evaluate_stage(
                self.machine.bundle,
                folder,
                **{**shared, **self.study.evaluation_of(arm)},
                **self._test_fold(run),
                resamples=self.machine.resamples,
                **self.machine.options(),
            )
        for name in self.study.extra_evaluations:
            if not self.layout.is_evaluated(run, name):
                write_extra_evaluation(self.study, run, name, self.layout, self.machine)


def _link(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source``, or a copy where links are not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)

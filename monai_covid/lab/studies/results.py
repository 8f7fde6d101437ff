"""``study.json``: all results of a study put together, nothing of single images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.data.files import write_text
from monai_covid.data.readings import views_of
from monai_covid.lab.studies.collections import study_folds
from monai_covid.lab.studies.comparisons import compare_arms
from monai_covid.lab.studies.definition import STAGE2_START, Arm, Run, Study
from monai_covid.lab.studies.finished import FinishedRuns
from monai_covid.lab.studies.initial_weights import started_from
from monai_covid.lab.studies.layout import FAILURE, Layout
from monai_covid.lab.studies.one_run import Runner
from monai_covid.lab.studies.run_results import align_curves, read_stage1, read_stage2
from monai_covid.lab.studies.scores import BINARY, measured
from monai_covid.labels import DISPLAY_NAMES, display_names
from monai_covid.training.cross_validation import run_summary

FORMAT_VERSION = 1


class Results:
    """Puts the finished runs together; what did not change since the last time is kept.

    Attributes:
        study: The study.
        layout: Where its files lie.
    """

    def __init__(
        self,
        runner: Runner,
        settings: Mapping[str, Any],
        readings: pd.DataFrame | None = None,
    ) -> None:
        """Put it together from a runner and settings of the machine that are written down.

        Args:
            runner: Knows the study and where its files lie.
            settings: Are written down as they are.
            readings: What readers saw on images of the collection, if it is known.
        """
        self.study: Study = runner.study
        self.layout: Layout = runner.layout
        self._runner = runner
        self._settings = dict(settings)
        self._readings_of_all = readings
        by_hospital = runner.study.hold_out_by is not None
        names = study_folds(runner.study, runner.machine.data) if by_hospital else {}
        self._finished = FinishedRuns(
            runner.study, runner.layout, runner.machine.resamples, hospitals=names
        )
        self._written: list[Run] | None = None

    def finished(self) -> list[Run]:
        """Return the finished runs in their order."""
        return [run for run in self.study.runs() if self._runner.is_done(run)]

    def write(self) -> Path:
        """Write ``study.json`` and return its path."""
        finished = self.finished()
        content = self.content(finished)
        text = json.dumps(content, indent=1, allow_nan=False)
        write_text(self.layout.results, text + "\n")
        self._written = finished
        return self.layout.results

    def write_if_more(self) -> bool:
        """Write ``study.json`` if further runs are finished; return whether there are."""
        more = self.finished() != self._written
        if more:
            self.write()
        return more

    def content(self, finished: Sequence[Run]) -> dict[str, Any]:
        """Return what `write` writes.

        Args:
            finished: The finished runs.
        """
        study = self.study
        details = {run: self._finished.run(run) for run in finished}
        return {
            "format_version": FORMAT_VERSION,
            "notice": RESEARCH_USE_ONLY,
            "title": study.title,
            "question": study.question,
            "version": __version__,
            DISPLAY_NAMES: display_names(self._runner.machine.data.records.labels),
            "settings": self._all_settings(),
            "arms": [self._arm(arm, details) for arm in study.arms],
            "comparisons": compare_arms(
                details, study.compared(), study.first_epochs, study.extra_evaluations
            ),
            "baselines": self._finished.baselines(),
            "stage1": self._stage1(finished),
            "agreement": self._finished.agreement(finished),
            "readings": self._readings(finished),
            "stage2": self._stage2(finished),
        }

    def _all_settings(self) -> dict[str, Any]:
        study = self.study
        return {
            "folds": list(study.folds),
            "seeds": list(study.seeds),
            "first_epochs": study.first_epochs,
            "baseline": study.baseline,
            "options": dict(study.options),
            **({"stage1": dict(study.stage1)} if study.stage1 else {}),
            "stage2": dict(study.stage2),
            **({"stage1_excludes": "all"} if study.stage1_excludes == "all" else {}),
            "stage2_excludes": study.stage2_excludes,
            "evaluation": dict(study.evaluation),
            "further": list(study.extra_evaluations),
            "resamples": self._runner.machine.resamples,
            **({"binary": BINARY_NOTE} if self._has_binary() else {}),
            **self._settings,
        }

    def _has_binary(self) -> bool:
        return BINARY in measured(self._runner.machine.data.records.labels)

    def _arm(self, arm: Arm, details: Mapping[Run, Mapping[str, Any]]) -> dict[str, Any]:
        runs = {run: result for run, result in details.items() if run.arm == arm.name}
        by_hospital = self.study.hold_out_by is not None
        return {
            "name": arm.name,
            "start": str(arm.start),
            "started_from": started_from(_known(result["start"] for result in runs.values())),
            "options": dict(arm.options),
            **({} if arm.stage1 is None else {"stage1": dict(arm.stage1)}),
            "stage2": dict(arm.stage2),
            "evaluation": dict(arm.evaluation),
            "baseline": arm.baseline or self.study.baseline,
            "runs_planned": len(self.study.seeds) * len(self.study.folds),
            "runs_finished": len(runs),
            "seconds": sum(result["seconds"] for result in runs.values()),
            "runs": [{name: result[name] for name in RUN_KEYS} for result in runs.values()],
            "curves": align_curves([result["curve"] for result in runs.values()]),
            "pooled": self._finished.arm(arm, list(runs)),
            **({"hospitals": self._finished.hospitals(arm, list(runs))} if by_hospital else {}),
            "failures": self._failures(arm),
        }

    def _failures(self, arm: Arm) -> list[dict[str, Any]]:
        return [
            {
                "seed": run.seed,
                "fold": run.fold,
                "message": file.read_text(encoding="utf-8").strip(),
            }
            for run in self.study.runs()
            if run.arm == arm.name and (file := self.layout.run(run) / FAILURE).is_file()
        ]

    def _readings(self, finished: Sequence[Run]) -> list[dict[str, Any]]:
        """Return what each arm says beside what readers saw; empty without readings."""
        if self._readings_of_all is None:
            return []
        views = views_of(self._runner.machine.data.records)
        return self._finished.readings(finished, self._readings_of_all, views)

    def _stage1(self, finished: Sequence[Run]) -> list[dict[str, Any]]:
        with_stage1 = (run for run in finished if self.study.arm(run.arm).stage1 is not None)
        folders = dict.fromkeys(self.layout.stage1(self.study, run) for run in with_stage1)
        return [read_stage1(folder) for folder in folders if run_summary(folder)]

    def _stage2(self, finished: Sequence[Run]) -> list[dict[str, Any]]:
        starts = (run for run in finished if self.study.arm(run.arm).start.kind == STAGE2_START)
        folders = dict.fromkeys(self.layout.stage2(self.study, run) for run in starts)
        return [read_stage2(folder) for folder in folders if run_summary(folder)]


def _known(starts: Iterable[str | None]) -> list[str]:
    """Return the starts of networks; a mean of other arms has none."""
    return [start for start in starts if start is not None]


RUN_KEYS = (
    *("seed", "fold", "epochs", "best_epoch", "best_validation_auc", "seconds"),
    *("training_images", "validation_images", "test", "further"),
)

BINARY_NOTE = (
    "COVID-19 against normal: the three-class networks, restricted to the images and the "
    "probabilities of these two classes; no network was trained for it."
)

"""The results of finished runs, of arms, and of all together; computed again if files change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.lab.studies.baselines import baseline_scores
from monai_covid.lab.studies.definition import EXTERNAL, MEAN, SAME, Arm, Run, Study
from monai_covid.lab.studies.layout import Layout
from monai_covid.lab.studies.readings import compare_arm_with_readings
from monai_covid.lab.studies.run_results import (
    TEST,
    read_agreement,
    read_arm,
    read_hospitals,
    read_run,
)


class FinishedRuns:
    """Puts the files of finished runs together; what did not change is not computed again."""

    def __init__(
        self, study: Study, layout: Layout, resamples: int, hospitals: Mapping[int, str]
    ) -> None:
        """Begin with nothing computed.

        Args:
            study: The study.
            layout: Where its files lie.
            resamples: Bootstrap resamples.
            hospitals: Those that folds hold out, by fold.
        """
        self._study = study
        self._hospitals = hospitals
        self._layout = layout
        self._resamples = resamples
        self._cache = ResultCache()

    def baselines(self) -> dict[str, Any]:
        """Return what trivial features reach on the same folds."""
        study, layout = self._study, self._layout
        scores: dict[str, Any] = self._cache.get(
            ("baselines", study.folds),
            map(layout.baseline, study.baselines),
            partial(baseline_scores, study, layout, self._resamples),
        )
        return scores

    def run(self, run: Run) -> dict[str, Any]:
        """Return everything about one run."""
        folder = self._layout.run(run)
        names = [None, *self._study.extra_evaluations]
        files = {
            name or TEST: file
            for name in names
            if (file := self._layout.predictions(run, name)).is_file()
        }
        read = [*files.values(), folder / "summary.json"]
        result: dict[str, Any] = self._cache.get(
            (run, *files), read, partial(read_run, run, folder, files)
        )
        return result

    def arm(self, arm: Arm, runs: Sequence[Run]) -> dict[str, Any]:
        """Return the measures of an arm, of all its folds and seeds."""
        results: dict[str, Any] = {"test": None, "further": {}, "ensemble": None}
        for name in (None, *self._study.extra_evaluations):
            # External images are the same for all folds: each network has a table of its own.
            files = [
                (str(run) if name == EXTERNAL else str(run.seed), file)
                for run in runs
                if (file := self._layout.predictions(run, name)).is_file()
            ]
            if not files:
                continue
            cues = {} if name else self._cues()
            scores = self._cache.get(
                (arm.name, name, *(part for part, _ in files), *cues),
                [*(file for _, file in files), *cues.values()],
                partial(read_arm, files, self._resamples, cues),
            )
            if name is None:
                results |= scores
            else:
                results["further"][name] = scores["test"]
                results.setdefault("further_ensemble", {})[name] = scores["ensemble"]
        return results

    def hospitals(self, arm: Arm, runs: Sequence[Run]) -> list[dict[str, Any]]:
        """Return what each seed of an arm reaches in each held-out hospital."""
        column = self._study.hold_out_by
        results: list[dict[str, Any]] = []
        for seed in dict.fromkeys(run.seed for run in runs if column is not None):
            files = {run.fold: self._layout.predictions(run) for run in runs if run.seed == seed}
            make = partial(read_hospitals, files, self._hospitals, str(column), self._resamples)
            key = ("hospitals", arm.name, seed, *files)
            results.append({"seed": seed, **self._cache.get(key, files.values(), make)})
        return results

    def agreement(self, finished: Sequence[Run]) -> dict[str, Any] | None:
        """Return how far the arms that have a network of their own make the same errors."""
        files: dict[str, list[Path]] = {}
        for run in finished:
            if self._study.arm(run.arm).start.kind not in (MEAN, SAME):
                seed = f", seed {run.seed}" if len(self._study.seeds) > 1 else ""
                files.setdefault(f"{run.arm}{seed}", []).append(self._layout.predictions(run))
        if len(files) < 2:
            return None
        every = [file for member in files.values() for file in member]
        result: dict[str, Any] = self._cache.get(
            ("agreement", *files), every, partial(read_agreement, files, self._resamples)
        )
        return result

    def readings(
        self, finished: Sequence[Run], readings: pd.DataFrame, views: pd.Series[str] | None
    ) -> list[dict[str, Any]]:
        """Return what each arm says beside what readers saw; see ``compare_arm_with_readings``."""
        comparisons = []
        for arm in self._study.arms:
            files: dict[int, list[Path]] = {}
            for run in finished:
                if run.arm == arm.name:
                    files.setdefault(run.seed, []).append(self._layout.predictions(run))
            tables = list(files.values())
            if tables:
                read = [file for table in tables for file in table]
                make = partial(
                    compare_arm_with_readings, arm.name, tables, readings, views, self._resamples
                )
                comparisons += self._cache.get(("readings", arm.name), read, make)
        return comparisons

    def _cues(self) -> dict[str, Path]:
        """Return the predictions of trivial cues, where they were made."""
        files = {name: self._layout.baseline(name) for name in self._study.baselines}
        return {name: file for name, file in files.items() if file.is_file()}


class ResultCache:
    """Remembers results under the names and the times of the files that they were made of."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._results: dict[tuple[Any, ...], Any] = {}

    def get(self, key: tuple[Any, ...], files: Iterable[Path], make: Callable[[], Any]) -> Any:
        """Return what ``make`` gives, or gave for the same key and unchanged files.

        Args:
            key: What the result is, and everything but files that it depends on.
            files: The files that it is made of; one that is missing counts as such.
            make: Makes it.
        """
        names = tuple(map(str, files))
        full_key = (*key, *names, *map(_time, names))
        if full_key not in self._results:
            self._results[full_key] = make()
        return self._results[full_key]


def _time(file: str) -> int:
    path = Path(file)
    return path.stat().st_mtime_ns if path.is_file() else 0

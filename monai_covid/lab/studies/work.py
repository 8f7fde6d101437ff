"""Working through the runs of a study, alone or beside other processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from monai_covid.errors import OptionError
from monai_covid.lab.studies.definition import Run, Study
from monai_covid.lab.studies.one_run import Runner
from monai_covid.lab.studies.prerequisites import Outcome

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 5.0
"""How long to wait for other processes when all that is left is theirs."""


class RunSelection(NamedTuple):
    """Which runs of a study are to be done in this call; None for all.

    Attributes:
        seeds: Seeds.
        folds: Folds.
        arms: Names of arms.
    """

    seeds: Sequence[int] | None = None
    folds: Sequence[int] | None = None
    arms: Sequence[str] | None = None

    def runs(self, study: Study) -> list[Run]:
        """Return the chosen runs in their order.

        Raises:
            OptionError: If an arm is not in the study.
        """
        for name in self.arms or ():
            study.arm(name)
        return [
            run
            for run in study.runs()
            if (self.seeds is None or run.seed in self.seeds)
            and (self.folds is None or run.fold in self.folds)
            and (self.arms is None or run.arm in self.arms)
        ]


def check_prerequisites(runner: Runner, runs: Sequence[Run]) -> None:
    """Make sure that what runs start from is among them or finished.

    Raises:
        OptionError: Naming the arms that are missing.
    """
    missing = set()
    for run in runs:
        for other in runner.study.arm(run.arm).start.arms:
            needed = run._replace(arm=other)
            if needed not in runs and not runner.is_done(needed):
                missing.add(f"{run.arm} needs {other}")
    if missing:
        raise OptionError(f"--arms: {', '.join(sorted(missing))}; name these arms too")


def work(runner: Runner, runs: Sequence[Run], after_each: Callable[[], None]) -> list[Run]:
    """Do all runs that are not done, until the time of ``runner`` is up.

    At least one run is taken one step further, so that calls with little time come to an end too.
    A run whose training diverges is left, and the others go on.

    Args:
        runner: What does them.
        runs: The runs in their order.
        after_each: Called after every run that was finished.

    Returns:
        The runs that are still to be done.
    """
    given_up: set[Run] = set()
    while True:
        unfinished = [run for run in runs if not runner.is_done(run)]
        open_runs = [run for run in unfinished if run not in given_up]
        if not open_runs:
            return unfinished
        outcomes = {}
        for run in open_runs:
            outcomes[run] = runner.attempt(run)
            if outcomes[run] is Outcome.DONE:
                after_each()
            if outcomes[run] is Outcome.UNFINISHED or _time_is_up(runner, outcomes[run]):
                return [run for run in runs if not runner.is_done(run)]
        given_up |= _hopeless(runner, outcomes, given_up)
        if Outcome.DONE not in outcomes.values() and Outcome.BUSY in outcomes.values():
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _time_is_up(runner: Runner, outcome: Outcome) -> bool:
    return outcome is not Outcome.BUSY and runner.budget.minutes_left() == 0


def _hopeless(runner: Runner, outcomes: dict[Run, Outcome], given_up: set[Run]) -> set[Run]:
    """Return the runs that diverged, and those that start from one of these."""
    hopeless = {run for run, outcome in outcomes.items() if outcome is Outcome.FAILED}
    for run, outcome in outcomes.items():
        needed = {run._replace(arm=other) for other in runner.study.arm(run.arm).start.arms}
        if outcome is Outcome.BLOCKED and needed & (hopeless | given_up):
            hopeless.add(run)
    return hopeless

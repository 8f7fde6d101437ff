"""Stopping a run in time, so that it can be continued."""

from __future__ import annotations

import logging
import time

import ignite.distributed as idist
from ignite.engine import Engine, Events

logger = logging.getLogger(__name__)


class TimeBudget:
    """Ends a trainer after the epoch during which its time would run out.

    It stops early enough that the next epoch would not end after the deadline, judged by the
    longest epoch so far. The run is then unfinished and can be continued.

    Attributes:
        exhausted: Whether the trainer was stopped.
    """

    def __init__(self, minutes: float | None) -> None:
        """Allow ``minutes`` from now on; None for any time."""
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.exhausted = False
        self._epoch_started = 0.0
        self._longest = 0.0

    def attach(self, engine: Engine) -> None:
        """Watch the trainer ``engine``; attach last, after its checkpoint handler."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def minutes_left(self) -> float | None:
        """Return the minutes until the deadline, at least 0; None without one."""
        if self.deadline is None:
            return None
        return max((self.deadline - time.monotonic()) / 60, 0.0)

    def _start(self, _: Engine) -> None:
        self._epoch_started = time.monotonic()

    def __call__(self, engine: Engine) -> None:
        """Stop the trainer if another epoch would not fit."""
        if self.deadline is None or engine.state.epoch >= engine.state.max_epochs:
            return
        now = time.monotonic()
        self._longest = max(self._longest, now - self._epoch_started)
        over = now + self._longest > self.deadline
        # All processes must stop together, whatever their clocks say.
        if idist.get_world_size() > 1:
            over = bool(idist.broadcast(float(over), src=0))
        if over:
            logger.warning("Time is up after epoch %d", engine.state.epoch)
            self.exhausted = True
            engine.terminate()

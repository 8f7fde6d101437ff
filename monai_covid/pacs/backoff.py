"""How long to wait before something is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random


class Backoff:
    """Waiting times that double after every failure, up to a limit.

    Each is shortened at random by up to a half, so that several senders that failed together do not
    come back together.
    """

    def __init__(
        self,
        first: float,
        most: float,
        random: Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without any failure.

        Args:
            first: Seconds after the first failure.
            most: The most seconds.
            random: Source of the shortening.
            clock: Monotonic seconds.
        """
        self._first = first
        self._most = most
        self._random = random
        self._clock = clock
        self._until = clock()
        self.failures = 0

    def fail(self) -> float:
        """Count a failure; return the seconds until the next try."""
        # Without the bound on the exponent a destination that is down for weeks overflows.
        longest = min(self._most, self._first * 2.0 ** min(self.failures, 64))
        self.failures += 1
        seconds = longest * self._random.uniform(0.5, 1.0)
        self._until = self._clock() + seconds
        return seconds

    def succeed(self) -> None:
        """Forget all failures."""
        self.failures = 0
        self._until = self._clock()

    def remaining(self) -> float:
        """Return the seconds until the next try; 0 if it is due."""
        return max(0.0, self._until - self._clock())

"""Waiting for what another process does, never longer than it may take."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
INTERVAL = 0.05
"""Seconds between two questions."""


def until(
    condition: Callable[[], T], what: str, seconds: float = 60, interval: float = INTERVAL
) -> T:
    """Ask ``condition`` again and again until its answer is true, and return the answer.

    Raises:
        AssertionError: After ``seconds``; the message says ``what`` did not come about and what the
            last answer was.
    """
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still not: {what}; last answer {answer!r}")
        time.sleep(interval)

"""How an attempt at a run, or at what it starts from, ended."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """How an attempt ended."""

    DONE = "done"
    BUSY = "busy"
    """Another process works on it, or on what it needs."""
    BLOCKED = "blocked"
    """What it starts from is not there."""
    FAILED = "failed"
    """Training diverged."""
    UNFINISHED = "unfinished"
    """Time ran out."""

"""Errors that list everything that is wrong with an input at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

SHOWN_AT_MOST = 20

_LOADER_PROCESS = re.compile(r"Caught \w+ in DataLoader worker process \d+")

P = ParamSpec("P")
T = TypeVar("T")


class Problem(NamedTuple):
    """One thing that is wrong with an input.

    Attributes:
        file: The file in which it was found.
        row: Line of a text file, counted from 1 with the header as line 1; None for the whole file.
        message: What is wrong, with the value, and what would be right.
    """

    file: Path | str
    row: int | None
    message: str

    def __str__(self) -> str:
        """Return ``file:row: message``."""
        place = f"{self.file}:{self.row}" if self.row is not None else f"{self.file}"
        return f"{place}: {self.message}"


class InputError(ValueError):
    """The input cannot be used; the message lists every problem found.

    Attributes:
        problems: All problems, also those that the message no longer shows.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Build the message from ``problems`` (at least one)."""
        self.problems = tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN_AT_MOST]]
        left = len(self.problems) - len(shown)
        if left:
            shown.append(f"… and {left} more")
        head = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n  ".join([f"{head} in the input:", *shown]))


class ImageReadError(ValueError):
    """An image file cannot be read or is not a usable radiograph; the message names the file."""


class OptionError(ValueError):
    """An option is unknown or has an unusable value; the message says what would be right."""


class WeightsError(ValueError):
    """Weights are missing, unreadable or do not fit the network; the message names the file."""


class RunFolderError(ValueError):
    """A run folder cannot be used as asked; the message says what would."""


class DivergenceError(ArithmeticError):
    """Training produced numbers that are not finite; the message says what would help."""


class TransientError(RuntimeError):
    """Something beside the input failed, such as an ended process; trying again may help."""


USER_ERRORS = (
    InputError,
    ImageReadError,
    OptionError,
    WeightsError,
    RunFolderError,
    DivergenceError,
)
"""Errors that the person who gave the input can mend."""


def or_exit(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``function``; turn an error of the user's input into one clear line and exit status 1.

    Meant for the outermost layer (configs, command line), where a traceback through a framework
    hides what is wrong. Errors of the program itself pass through unchanged.

    Raises:
        SystemExit: With the message of the input error that was raised or that caused the error.
    """
    try:
        return function(*args, **kwargs)
    except Exception as error:
        cause = caused_by(error, USER_ERRORS)
        if cause is None:
            raise
        raise SystemExit(f"error: {_without_traceback(cause)}") from error


def _without_traceback(error: BaseException) -> str:
    # PyTorch raises an error of a loader process again, with that process's traceback as its text.
    message = str(error)
    if not _LOADER_PROCESS.match(message):
        return message
    return message.rsplit(f"{type(error).__name__}: ", 1)[-1].strip()


def caused_by(
    error: BaseException | None, kinds: tuple[type[BaseException], ...]
) -> BaseException | None:
    """Return the first of ``error`` and its causes that is one of ``kinds``, or None."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__
    return error

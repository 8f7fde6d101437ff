"""Sending kinds of results apart, where a destination does not say which of them it refuses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydicom.filereader import read_file_meta_info

from monai_covid.dicom.service.destinations import (
    Problem,
    Sender,
    UnclearError,
    UnreachableError,
)


def kind_of(file: Path) -> str:
    """Return the name of the SOP class of a result."""
    name: str = read_file_meta_info(file).MediaStorageSOPClassUID.name
    return name


class _Failure(NamedTuple):
    files: list[Path]
    error: UnreachableError
    answers: int
    """What the destination had answered until then."""


class KindByKind:
    """A sender that sends again kind by kind what ended without a reason.

    Some archives reject an association, and some web servers end a connection, because of one kind
    of instance, without saying so. A kind that fails where another got through is suspect, and the
    destination is not unreachable. If a result of it fails again, that is a problem only if the
    destination has answered to anything since: otherwise it may have gone away.
    """

    def __init__(self, sender: Sender) -> None:
        """Send by ``sender``."""
        self._sender = sender
        self._answers = 0
        self._suspects: set[str] = set()
        self._failed: dict[Path, int] = {}  # what was answered until each failed last

    def __call__(
        self, files: Sequence[Path], stored: Callable[[Path], None], stopping: Callable[[], bool]
    ) -> list[Problem]:
        """Send ``files``; see :class:`~.destinations.Sender`.

        Raises:
            UnclearError: Only kinds that failed before were sent, and nothing was answered since.
        """
        problems: list[Problem] = []
        failed: dict[str, _Failure] = {}
        before = self._answers
        groups = self._groups(files)
        while groups and not stopping():
            group = groups.popleft()
            # What all destinations have may be deleted as soon as it is stored.
            sent = {kind_of(file) for file in group}
            left = dict.fromkeys(group)

            def noted(file: Path, left: dict[Path, None] = left) -> None:
                del left[file]
                self._answers += 1
                stored(file)

            try:
                refused = self._sender(group, noted, stopping)
            except UnreachableError as error:
                if not error.may_be_the_kind:
                    raise
                kinds = _by_kind(left)
                if len(kinds) > 1:
                    groups.extend(kinds.values())
                else:
                    failed |= {kind: _Failure(kinds[kind], error, self._answers) for kind in kinds}
            else:
                problems += refused
                self._answers += len(refused)
                self._suspects -= sent
        return problems + self._problems(failed, before)

    def _groups(self, files: Sequence[Path]) -> deque[list[Path]]:
        """Return what is sent together: all but the kinds that failed before."""
        kinds = _by_kind(files)
        others = [file for kind in kinds if kind not in self._suspects for file in kinds[kind]]
        alone = [kinds[kind] for kind in kinds if kind in self._suspects]
        return deque(group for group in (others, *alone) if group)

    def _problems(self, failed: dict[str, _Failure], before: int) -> list[Problem]:
        """Return the failures that count; ``before``: what was answered until this call."""
        if self._answers > before:
            self._suspects |= set(failed)
        problems = [
            Problem(file, kind, f"{kind}: {failure.error}")
            for kind, failure in failed.items()
            for file in failure.files
            if self._answers > self._failed.get(file, before)
        ]
        self._remember(failed.values())
        for kind, failure in failed.items():
            if kind not in self._suspects:
                raise failure.error
        if failed and not problems:
            error = next(iter(failed.values())).error
            raise UnclearError(str(error), error.may_be_the_kind) from error
        return problems

    def _remember(self, failed: Iterable[_Failure]) -> None:
        kept = {file: answers for file, answers in self._failed.items() if file.exists()}
        new = {file: failure.answers for failure in failed for file in failure.files}
        self._failed = kept | new


def _by_kind(files: Sequence[Path] | dict[Path, None]) -> dict[str, list[Path]]:
    kinds: dict[str, list[Path]] = {}
    for file in files:
        kinds.setdefault(kind_of(file), []).append(file)
    return kinds

"""Sending kinds of results apart, where a destination does not say which of them it refuses."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom.filereader import read_file_meta_info

from monai_covid.dicom.service.destinations import Problem, Sender, UnreachableError


def kind_of(file: Path) -> str:
    """Return the name of the SOP class of a result."""
    name: str = read_file_meta_info(file).MediaStorageSOPClassUID.name
    return name


class KindByKind:
    """A sender that sends again kind by kind what ended without a reason.

    Some archives reject an association, and some web servers end a connection, because of one kind
    of instance, without saying so. A kind that fails where another got through is at fault, and the
    destination is not unreachable.
    """

    def __init__(self, sender: Sender) -> None:
        """Send by ``sender``."""
        self._sender = sender
        self._suspects: set[str] = set()

    def __call__(
        self, files: Sequence[Path], stored: Callable[[Path], None], stopping: Callable[[], bool]
    ) -> list[Problem]:
        """Send ``files``; see :class:`~.destinations.Sender`."""
        problems: list[Problem] = []
        failed: dict[str, tuple[list[Path], UnreachableError]] = {}
        answered = False
        groups = self._groups(files)
        while groups and not stopping():
            group = groups.popleft()
            # What all destinations have may be deleted as soon as it is stored.
            sent = {kind_of(file) for file in group}
            left = dict.fromkeys(group)

            def noted(file: Path, left: dict[Path, None] = left) -> None:
                del left[file]
                stored(file)

            try:
                problems += self._sender(group, noted, stopping)
                answered = True
                self._suspects -= sent
            except UnreachableError as error:
                if not error.may_be_the_kind:
                    raise
                answered |= len(left) < len(group)
                kinds = _by_kind(left)
                if len(kinds) > 1:
                    groups.extend(kinds.values())
                else:
                    failed |= {kind: (files_of, error) for kind, files_of in kinds.items()}
        return problems + self._problems(failed, answered)

    def _groups(self, files: Sequence[Path]) -> deque[list[Path]]:
        """Return what is sent together: all but the kinds that failed before."""
        kinds = _by_kind(files)
        others = [file for kind in kinds if kind not in self._suspects for file in kinds[kind]]
        alone = [kinds[kind] for kind in kinds if kind in self._suspects]
        return deque(group for group in (others, *alone) if group)

    def _problems(
        self, failed: dict[str, tuple[list[Path], UnreachableError]], answered: bool
    ) -> list[Problem]:
        if not answered:
            for kind, (_, error) in failed.items():
                if kind not in self._suspects:
                    raise error
        self._suspects |= set(failed)
        return [
            Problem(file, kind, f"{kind}: {error}")
            for kind, (files, error) in failed.items()
            for file in files
        ]


def _by_kind(files: Sequence[Path] | dict[Path, None]) -> dict[str, list[Path]]:
    kinds: dict[str, list[Path]] = {}
    for file in files:
        kinds.setdefault(kind_of(file), []).append(file)
    return kinds

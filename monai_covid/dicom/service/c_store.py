"""Sending results by C-STORE."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.filereader import read_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import _config, build_context
from pynetdicom.association import Association
from pynetdicom.status import code_to_category

from monai_covid.dicom.service.associations import Requestor
from monai_covid.dicom.service.connections import AnswerQueue
from monai_covid.dicom.service.destinations import (
    ALREADY_STORED,
    Destination,
    Problem,
    UnreachableError,
    is_final,
)
from monai_covid.dicom.service.kinds import kind_of
from monai_covid.dicom.service.settings import Settings

# Documented by pynetdicom as its way to send a file as it is.
_config.STORE_SEND_CHUNKED_DATASET = True

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


class CStoreSender:
    """Sends to a Storage SCP, each call over one association, or more where it ends early.

    An instance counts as stored if the status is success, a warning, or says that the destination
    has it already (DICOM PS3.4, B.2.3).
    """

    def __init__(
        self, destination: Destination, settings: Settings, tls: ssl.SSLContext | None
    ) -> None:
        """Send to ``destination``, by TLS if there is a context."""
        self._requestor = Requestor(destination, settings, tls)
        self._ending: set[str] = set()

    def __call__(
        self, files: Sequence[Path], stored: Callable[[Path], None], stopping: Callable[[], bool]
    ) -> list[Problem]:
        """Send ``files``; see :class:`~.destinations.Sender`."""
        problems: list[Problem] = []
        # What ended an association before comes last: it may take the destination down.
        left = sorted(files, key=lambda file: kind_of(file) in self._ending)
        while left and not stopping():
            try:
                association = self._association(left)
            except UnreachableError:
                if problems:
                    break
                raise
            if association is None:
                return [*problems, *map(_not_accepted, left)]
            try:
                left = self._send_over(association, left, problems, stored, stopping)
            finally:
                if association.is_established:
                    association.release()
        return problems

    def _send_over(
        self,
        association: Association,
        files: Sequence[Path],
        problems: list[Problem],
        stored: Callable[[Path], None],
        stopping: Callable[[], bool],
    ) -> list[Path]:
        """Send until the association ends; return what is left for another one."""
        for position, file in enumerate(files):
            if stopping():
                return []
            if position and not association.is_established:
                return list(files[position:])
            # What all destinations have may be deleted as soon as it is stored.
            kind = kind_of(file)
            try:
                problem = _send(association, file)
            except _EndedError as error:
                if position and not error.was_sent:
                    return list(files[position:])
                self._ending.add(kind)
                problems.append(Problem(file, kind, str(error)))
                return list(files[position + 1 :])
            if problem is None:
                stored(file)
                self._ending.discard(kind)
            else:
                problems.append(problem)
        return []

    def _association(self, files: Sequence[Path]) -> Association | None:
        """Return an association; None if the destination takes no SOP class of ``files``."""
        contexts = [build_context(*context) for context in _proposed(files)]
        association = self._requestor.associate(contexts)
        if association is not None:
            association.dimse.msg_queue = AnswerQueue()
        return association


def _proposed(files: Sequence[Path]) -> list[tuple[str, list[str]]]:
    """Return what the files need: SOP classes with transfer syntaxes, each once."""
    proposed: dict[tuple[str, str], list[str]] = {}
    for file in files:
        meta = read_file_meta_info(file)
        syntax = meta.TransferSyntaxUID
        # Only uncompressed results can be converted on the way.
        syntaxes = [syntax, *(syntax_uid for syntax_uid in UNCOMPRESSED if syntax_uid != syntax)]
        key = (meta.MediaStorageSOPClassUID, syntax)
        proposed[key] = syntaxes if syntax in UNCOMPRESSED else [syntax]
    return [(sop_class, syntaxes) for (sop_class, _), syntaxes in proposed.items()]


def _not_accepted(file: Path) -> Problem:
    kind = kind_of(file)
    return Problem(file, kind, f"{kind} is not accepted", final=True)


class _EndedError(Exception):
    """An association has ended at an instance, which may be what the destination cannot bear."""

    def __init__(self, reason: str, was_sent: bool) -> None:
        """Say ``reason``, and whether the instance was on its way."""
        super().__init__(reason)
        self.was_sent = was_sent


def _send(association: Association, file: Path) -> Problem | None:
    """Send one file; return why it was not stored, or None.

    Raises:
        _EndedError: The association has ended.
    """
    meta = read_file_meta_info(file)
    kind = meta.MediaStorageSOPClassUID.name
    accepted = _accepted_syntaxes(association, meta.MediaStorageSOPClassUID)
    if not accepted:
        return _not_accepted(file)
    # Decoding and encoding again take longer than sending.
    as_it_is = meta.TransferSyntaxUID in accepted
    try:
        answer = association.send_c_store(file if as_it_is else dcmread(file))
    except ValueError:
        reason = f"{kind} is not accepted in {meta.TransferSyntaxUID.name}"
        return Problem(file, kind, reason, final=True)
    except RuntimeError as error:
        raise _EndedError(f"the association ended before {kind}", was_sent=False) from error
    if "Status" not in answer:
        reason = f"the association ended or timed out before {kind} was answered"
        raise _EndedError(reason, was_sent=True)
    status = int(answer.Status)
    if status == ALREADY_STORED or code_to_category(status) in ("Success", "Warning"):
        return None
    reason = f"{kind} was answered with status 0x{status:04X}"
    return Problem(file, kind, reason, is_final(status))


def _accepted_syntaxes(association: Association, sop_class: str) -> set[str]:
    """Return the transfer syntaxes in which the destination takes instances of ``sop_class``."""
    return {
        syntax
        for context in association.accepted_contexts
        if context.abstract_syntax == sop_class
        for syntax in context.transfer_syntax
    }

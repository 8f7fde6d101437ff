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
    is_final,
)
from monai_covid.dicom.service.settings import Settings

# Documented by pynetdicom as its way to send a file as it is.
_config.STORE_SEND_CHUNKED_DATASET = True

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


class CStoreSender:
    """Sends to a Storage SCP, each call over one association.

    An instance counts as stored if the status is success, a warning, or says that the destination
    has it already (DICOM PS3.4, B.2.3).
    """

    def __init__(
        self, destination: Destination, settings: Settings, tls: ssl.SSLContext | None
    ) -> None:
        """Send to ``destination``, by TLS if there is a context."""
        self._requestor = Requestor(destination, settings, tls)

    def __call__(
        self, files: Sequence[Path], stored: Callable[[Path], None], stopping: Callable[[], bool]
    ) -> list[Problem]:
        """Send ``files``; see :class:`~.destinations.Sender`."""
        association = self._association(files)
        if association is None:
            return [_not_accepted(file) for file in files]
        problems: list[Problem] = []
        try:
            for file in files:
                if stopping():
                    break
                if not association.is_established:
                    ended = "the association ended before the last instance"
                    problems.append(Problem(file, _kind(file), ended))
                    break
                problem = _send(association, file)
                if problem is None:
                    stored(file)
                else:
                    problems.append(problem)
        finally:
            if association.is_established:
                association.release()
        return problems

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


def _kind(file: Path) -> str:
    name: str = read_file_meta_info(file).MediaStorageSOPClassUID.name
    return name


def _not_accepted(file: Path) -> Problem:
    kind = _kind(file)
    return Problem(file, kind, f"{kind} is not accepted", final=True)


def _send(association: Association, file: Path) -> Problem | None:
    """Send one file; return why it was not stored, or None.

    An association that ends here is a problem of the instance: it may be the one that the
    destination cannot bear. If the destination is gone, the next association tells.
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
    except RuntimeError:
        return Problem(file, kind, f"the association ended before {kind}")
    if "Status" not in answer:
        reason = f"the association ended or timed out before {kind} was answered"
        return Problem(file, kind, reason)
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

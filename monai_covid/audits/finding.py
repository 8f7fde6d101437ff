"""What an audit found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monai_covid.evaluation.pages.page import Section


class Verdict(StrEnum):
    """What an audit comes to."""

    FAULT = "a fault was found"
    QUIET = "no fault was found"
    UNKNOWN = "cannot be told"


def combine_verdicts(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what the parts of an audit come to.

    Returns:
        FAULT if any part shows one, QUIET if all are quiet, else UNKNOWN, as without any part.
    """
    found = set(verdicts)
    for verdict in (Verdict.FAULT, Verdict.UNKNOWN):
        if verdict in found:
            return verdict
    return Verdict.QUIET if found else Verdict.UNKNOWN


@dataclass(frozen=True)
class AuditFinding:
    """The result of one audit.

    Attributes:
        verdict: What it comes to. QUIET is no proof: the audit tried and did not succeed.
        summary: One to three sentences in plain words, with the figures that matter.
        sections: Tables and pictures, in the order of the report.
        numbers: The same figures for programs; JSON types alone, None for what is not defined.
    """

    verdict: Verdict
    summary: str
    sections: tuple[Section, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)

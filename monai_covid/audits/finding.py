"""What an audit found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monai_covid.evaluation import Section


class Verdict(StrEnum):
    """What an audit comes to."""

    FAULT = "a fault was found"
    QUIET = "no fault was found"
    UNKNOWN = "cannot be told"


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

"""What an audit concludes: its verdict, a summary in plain words, sections of the page, numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monai_covid.evaluation.pages.page import Section


class Verdict(StrEnum):
    """The conclusion of an audit.

    ``Verdict("a fault was found")`` and the like work too: so it stands in earlier ``audit.json``.
    """

    PROBLEM = "problem found"
    PASSED = "no problem found"
    INCONCLUSIVE = "inconclusive"

    @classmethod
    def _missing_(cls, value: object) -> Verdict | None:
        return EARLIER_VERDICTS.get(value)


EARLIER_VERDICTS: Mapping[object, Verdict] = {
    "a fault was found": Verdict.PROBLEM,
    "no fault was found": Verdict.PASSED,
    "cannot be told": Verdict.INCONCLUSIVE,
}


def combine_verdicts(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of an audit from those of its parts.

    Returns:
        PROBLEM if any part has one, PASSED if all parts passed, else INCONCLUSIVE, as without any.
    """
    distinct = set(verdicts)
    for verdict in (Verdict.PROBLEM, Verdict.INCONCLUSIVE):
        if verdict in distinct:
            return verdict
    return Verdict.PASSED if distinct else Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class AuditFinding:
    """The result of one audit.

    Attributes:
        verdict: The conclusion. PASSED is no proof: the audit looked for a problem and found none.
        summary: One to three sentences in plain words, with the figures that matter.
        sections: Tables and pictures, in the order of the report.
        numbers: The same figures for programs; JSON types alone, None for what is not defined.
    """

    verdict: Verdict
    summary: str
    sections: tuple[Section, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)

"""Running audits and writing their report."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.audits.finding import AuditFinding
from monai_covid.audits.subject import Subject
from monai_covid.data.files import write_text
from monai_covid.evaluation.pages.page import Section, write_page
from monai_covid.evaluation.pages.tables import Table
from monai_covid.evaluation.report_text import strict_json
from monai_covid.preprocessing.text.finder import HOW_TO_INSTALL, missing_packages

logger = logging.getLogger(__name__)

AUDIT_JSON = "audit.json"


class Audit(NamedTuple):
    """An audit that can be asked for.

    Attributes:
        question: What it asks; the heading of its part of the report.
        needs: What it takes: "model", "external" collections, "readings", the "reader" of text.
    """

    question: str
    needs: tuple[str, ...] = ()


AUDITS: Mapping[str, Audit] = {
    "words": Audit("Does it read the words on the images?", ("model", "reader")),
    "shortcuts": Audit("What can be told without looking at lungs?"),
    "groups": Audit("Does it serve everybody alike?", ("model",)),
    "leaks": Audit("Are the parts really apart?"),
    "external": Audit("What is left of it in another hospital?", ("model", "external")),
    "readings": Audit("Is it what readers see?", ("model", "readings")),
}
"""What each audit asks; it is the function ``audit`` of the package of its name."""


def run_audits(
    subject: Subject, names: Sequence[str], folder: Path
) -> tuple[dict[str, AuditFinding], Path]:
    """Run audits and write ``index.html`` and ``audit.json``.

    Args:
        subject: What is audited.
        names: Of ``AUDITS``; what the subject lacks something for is left out and said so.
        folder: Existing folder of the report.

    Returns:
        The findings, and the page.
    """
    findings = {}
    for name in names:
        if missing(subject, AUDITS[name]):
            continue
        logger.info("audit %s: %s", name, AUDITS[name].question)
        subject.folder = folder / name
        subject.folder.mkdir(parents=True, exist_ok=True)
        findings[name] = _function(name)(subject)
        logger.info("audit %s: %s. %s", name, findings[name].verdict, findings[name].summary)
    left_out = {name: missing(subject, AUDITS[name]) for name in names if name not in findings}
    write_text(folder / AUDIT_JSON, strict_json(_content(subject, findings, left_out)))
    return findings, _page(subject, findings, left_out, folder)


def missing(subject: Subject, audit: Audit) -> str:
    """Return what ``subject`` or the installation lacks for ``audit``; empty if nothing."""
    if "model" in audit.needs and subject.classifier is None:
        return "needs --model"
    if "external" in audit.needs and not subject.external:
        return "needs --external"
    if "readings" in audit.needs and subject.readings is None:
        return "needs --readings"
    if "reader" in audit.needs and missing_packages():
        return f"needs {', '.join(missing_packages())}: {HOW_TO_INSTALL}"
    return ""


def _function(name: str) -> Callable[[Subject], AuditFinding]:
    audit: Callable[[Subject], AuditFinding] = importlib.import_module(
        f"monai_covid.audits.{name}.audit"
    ).audit
    return audit


def _content(
    subject: Subject, findings: Mapping[str, AuditFinding], left_out: Mapping[str, str]
) -> dict[str, Any]:
    found = {
        name: {
            "question": AUDITS[name].question,
            "verdict": finding.verdict.value,
            "summary": finding.summary,
            "numbers": dict(finding.numbers),
        }
        for name, finding in findings.items()
    }
    return {
        "notice": RESEARCH_USE_ONLY,
        "images": len(subject.records),
        "fold": subject.options.fold,
        "seed": subject.options.seed,
        "audits": found,
        "left_out": dict(left_out),
    }


def _page(
    subject: Subject,
    findings: Mapping[str, AuditFinding],
    left_out: Mapping[str, str],
    folder: Path,
) -> Path:
    sections = [_overview(findings, left_out)]
    for name, finding in findings.items():
        text = f"{finding.verdict.value.capitalize()}. {finding.summary}"
        parts = [section._replace(level=3) for section in finding.sections]
        sections += [Section(AUDITS[name].question, text), *parts]
    patients = len(set(subject.records.patients))
    lead = (
        f"{len(subject.records):,} images of {patients:,} patients. An audit that finds no fault "
        "proves nothing: it tried and did not succeed."
    )
    return write_page(folder, "Audit", lead=lead, sections=sections)


def _overview(findings: Mapping[str, AuditFinding], left_out: Mapping[str, str]) -> Section:
    """Return all verdicts at a glance, and what was not asked and why."""
    said = {name: finding.verdict.value for name, finding in findings.items()}
    said |= {name: f"not asked: {reason}" for name, reason in left_out.items()}
    rows = [(AUDITS[name].question, [name, said[name]]) for name in AUDITS if name in said]
    return Section("Verdicts", table=Table(("Question", "Audit", "Verdict"), rows))

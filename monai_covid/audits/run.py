"""Running audits and writing their report.

The report is a page for people and ``audit.json`` for programs: of each audit its title, question,
verdict, summary and numbers. Earlier versions called the audit of burnt-in text ``words`` and had
other verdicts; ``audit_name`` and ``Verdict`` take both.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.audits.finding import AuditFinding, Verdict
from monai_covid.audits.subject import Subject
from monai_covid.data.files import write_text
from monai_covid.data.unknown_patients import count_unknown, unknown_patients_note
from monai_covid.evaluation.pages.page import Section, write_page
from monai_covid.evaluation.pages.tables import Table
from monai_covid.evaluation.report_text import strict_json
from monai_covid.evaluation.wording import counted
from monai_covid.preprocessing.text.finder import HOW_TO_INSTALL, missing_packages

logger = logging.getLogger(__name__)

AUDIT_JSON = "audit.json"


class Audit(NamedTuple):
    """An audit that can be asked for.

    Attributes:
        title: Heading of its part of the report.
        question: What it answers.
        needs: What it takes: "model", "external" collections, "readings", the "reader" of text.
    """

    title: str
    question: str
    needs: tuple[str, ...] = ()


AUDITS: Mapping[str, Audit] = {
    "text": Audit(
        "Burnt-in text", "Does the model use text burnt into the images?", ("model", "reader")
    ),
    "shortcuts": Audit("Shortcuts", "Can the classes be predicted without the lungs?"),
    "groups": Audit(
        "Subgroup performance", "Does the model perform equally well in all subgroups?", ("model",)
    ),
    "leaks": Audit("Splits disjoint", "Do splits share patients or copies of images?"),
    "external": Audit(
        "External validation",
        "Does performance hold on images of other hospitals?",
        ("model", "external"),
    ),
    "readings": Audit(
        "Agreement with readers", "Does the model rank images as readers do?", ("model", "readings")
    ),
}
"""All audits; each is the function ``audit`` of the package of its name."""

EARLIER_NAMES: Mapping[str, str] = {"words": "text"}


def audit_name(name: str) -> str:
    """Return the name of an audit in ``AUDITS``; unknown names come back as they are."""
    return EARLIER_NAMES.get(name, name)


def run_audits(
    subject: Subject, names: Sequence[str], folder: Path
) -> tuple[dict[str, AuditFinding], Path]:
    """Run audits and write ``index.html`` and ``audit.json``.

    Args:
        subject: What is audited.
        names: Of ``AUDITS``; those that the subject lacks something for are left out, and the
            report says why.
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
    audits = {
        name: {
            "title": AUDITS[name].title,
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
        "images_of_unknown_patients": count_unknown(subject.records.patients),
        "fold": subject.options.fold,
        "hold_out_by": subject.options.hold_out_by,
        "seed": subject.options.seed,
        "audits": audits,
        "left_out": dict(left_out),
    }


def _page(
    subject: Subject,
    findings: Mapping[str, AuditFinding],
    left_out: Mapping[str, str],
    folder: Path,
) -> Path:
    sections = [_overview(subject, findings, left_out)]
    for name, finding in findings.items():
        text = f"{finding.verdict.value.capitalize()}. {finding.summary}"
        parts = [section._replace(level=3) for section in finding.sections]
        sections += [Section(AUDITS[name].title, text), *parts]
    return write_page(folder, "Audit", lead=_lead(findings), sections=sections)


def _lead(findings: Mapping[str, AuditFinding]) -> str:
    """Return the titles of all audits that ran, by verdict, problems first."""
    groups = {
        verdict: [AUDITS[name].title for name in findings if findings[name].verdict is verdict]
        for verdict in (Verdict.PROBLEM, Verdict.INCONCLUSIVE, Verdict.PASSED)
    }
    sentences = [
        f"{verdict.value.capitalize()}: {', '.join(titles)}."
        for verdict, titles in groups.items()
        if titles
    ]
    return " ".join(sentences) or "No audit could be run."


def _overview(
    subject: Subject, findings: Mapping[str, AuditFinding], left_out: Mapping[str, str]
) -> Section:
    """Return all verdicts at a glance, and which audits did not run and why."""
    verdicts = {name: finding.verdict.value for name, finding in findings.items()}
    verdicts |= {name: f"not run: {reason}" for name, reason in left_out.items()}
    rows = [
        (audit.title, [audit.question, name, verdicts[name]])
        for name, audit in AUDITS.items()
        if name in verdicts
    ]
    images = counted(len(subject.records), "image")
    patients = counted(len(set(subject.records.patients)), "patient")
    sentences = [
        f"{images} of {patients}.",
        unknown_patients_note(subject.records.patients),
        "An audit without a problem found is no proof that there is none: it looked for one and "
        "found none.",
    ]
    method = " ".join(filter(None, sentences))
    table = Table(("Audit", "Question", "Name", "Verdict"), rows)
    return Section("Verdicts", table=table, method=method)

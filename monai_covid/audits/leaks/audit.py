"""The audit of leaks: are the parts of a collection really apart?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monai_covid.audits.finding import AuditFinding, Verdict
from monai_covid.audits.leaks.pairs import Kind, Pair
from monai_covid.audits.leaks.patients import PART_COLUMNS, SharedPatient, parts_of, shared_patients
from monai_covid.audits.leaks.report import Evidence, report_sections
from monai_covid.audits.leaks.search import OWN, search
from monai_covid.audits.leaks.trial import try_copies
from monai_covid.audits.subject import Subject
from monai_covid.evaluation.wording import counted


def audit(subject: Subject) -> AuditFinding:
    """Look for patients and near-duplicate images in two folds, splits or collections.

    A patient or a pair of copies in two parts is a fault. Copies inside one part under different
    patients or labels are remarks. Without parts and without external collections there is nothing
    that could leak; the verdict is then that it cannot be told.

    Raises:
        InputError: If images cannot be read.
    """
    found = search(subject)
    patients = shared_patients(subject.records, OWN, subject.external)
    seed = subject.options.seed
    evidence = Evidence(
        found,
        patients,
        try_copies(subject.records, found.own.gallery, found.backgrounds[OWN], seed),
    )
    leaks = [pair for pair in found.pairs if pair.is_leak]
    shared = [one for one in patients if one.is_leak]
    return AuditFinding(
        _verdict(subject, leaks, shared),
        _summary(evidence, leaks, shared),
        report_sections(subject.folder, evidence),
        _numbers(evidence),
    )


def _verdict(subject: Subject, leaks: Sequence[Pair], shared: Sequence[SharedPatient]) -> Verdict:
    if leaks or shared:
        return Verdict.FAULT
    parted = any(len(set(parts_of(subject.records, name)) - {""}) > 1 for name in PART_COLUMNS)
    return Verdict.QUIET if parted or subject.external else Verdict.UNKNOWN


def _summary(evidence: Evidence, leaks: Sequence[Pair], shared: Sequence[SharedPatient]) -> str:
    remarks = sum(pair.is_remark for pair in evidence.search.pairs)
    tried = sum(len(trial.scores) for trial in evidence.trials.values())
    caught = sum(trial.found for trial in evidence.trials.values())
    return (
        f"{counted(len(leaks), 'pair')} of copies and {counted(len(shared), 'patient')} are in two "
        f"parts that must be apart; {counted(remarks, 'pair')} of copies inside one part go under "
        f"different patients or labels. Of {tried:,} copies made on purpose {caught:,} were found."
    )


def _numbers(evidence: Evidence) -> dict[str, Any]:
    pairs, patients = evidence.search.pairs, evidence.patients
    kinds = {
        kind.name.lower(): sum(pair.kind == kind for pair in pairs if pair.is_leak)
        for kind in Kind
        if kind != Kind.NONE
    }
    random = evidence.random
    collections = {pair.other.name for pair in pairs if pair.is_leak}
    return {
        "candidates": len(pairs),
        "candidates_left_out": evidence.search.dropped,
        "leaking_pairs": sum(pair.is_leak for pair in pairs),
        "leaking_pairs_by_kind": kinds,
        "leaking_pairs_by_collection": {
            name: sum(pair.is_leak for pair in pairs if pair.other.name == name)
            for name in sorted(collections)
        },
        "copies_within_a_part": sum(pair.kind != Kind.NONE and not pair.crosses for pair in pairs),
        "remarked_pairs": sum(pair.is_remark for pair in pairs),
        "patients_in_two_parts": sum(one.is_leak for one in patients),
        "patients_remarked": sum(not one.is_leak for one in patients),
        "planted_copies": {
            kind: {"made": len(trial.scores), "found": trial.found}
            for kind, trial in evidence.trials.items()
        },
        "random_pairs": len(random),
        "highest_random_score": max(random, default=None),
        "least_correlation_of_a_copy": {
            name: one.limit for name, one in evidence.search.backgrounds.items()
        },
    }

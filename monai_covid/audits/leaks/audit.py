"""The audit of leaks: whether splits share patients or copies of images."""

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

    A patient or a pair of copies in two splits is a problem. Copies within one split under
    different patients or labels are remarks. Without splits and external collections there is
    nothing that could leak; the verdict is then INCONCLUSIVE.

    Raises:
        InputError: If images cannot be read.
    """
    pairs = search(subject)
    patients = shared_patients(subject.records, OWN, subject.external)
    seed = subject.options.seed
    trials = try_copies(subject.records, pairs.own.image_set, pairs.backgrounds[OWN], seed)
    evidence = Evidence(pairs, patients, trials)
    leaks = [pair for pair in pairs.pairs if pair.is_leak]
    shared = [patient for patient in patients if patient.is_leak]
    return AuditFinding(
        _verdict(subject, leaks, shared),
        _summary(evidence, leaks, shared),
        report_sections(subject.folder, evidence),
        _numbers(evidence),
    )


def _verdict(subject: Subject, leaks: Sequence[Pair], shared: Sequence[SharedPatient]) -> Verdict:
    if leaks or shared:
        return Verdict.PROBLEM
    is_split = any(len(set(parts_of(subject.records, name)) - {""}) > 1 for name in PART_COLUMNS)
    return Verdict.PASSED if is_split or subject.external else Verdict.INCONCLUSIVE


def _summary(evidence: Evidence, leaks: Sequence[Pair], shared: Sequence[SharedPatient]) -> str:
    remarks = sum(pair.is_remark for pair in evidence.search.pairs)
    planted = sum(len(trial.scores) for trial in evidence.trials.values())
    detected = sum(trial.found for trial in evidence.trials.values())
    return (
        f"{counted(len(leaks), 'pair')} of copies and {counted(len(shared), 'patient')} are in two "
        f"splits that must be disjoint; {counted(remarks, 'pair')} of copies within one split have "
        f"different patients or labels. Of {planted:,} planted copies {detected:,} were found."
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
        "patients_in_two_parts": sum(patient.is_leak for patient in patients),
        "patients_remarked": sum(not patient.is_leak for patient in patients),
        "planted_copies": {
            kind: {"made": len(trial.scores), "found": trial.found}
            for kind, trial in evidence.trials.items()
        },
        "random_pairs": len(random),
        "highest_random_score": max(random, default=None),
        "least_correlation_of_a_copy": {
            name: background.limit for name, background in evidence.search.backgrounds.items()
        },
    }

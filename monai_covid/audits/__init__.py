"""Attempts to prove a model or a collection wrong: what else than disease could decide?"""

from monai_covid.audits.finding import AuditFinding, Verdict
from monai_covid.audits.run import AUDITS, run_audits
from monai_covid.audits.subject import AuditOptions, Subject

__all__ = ["AUDITS", "AuditFinding", "AuditOptions", "Subject", "Verdict", "run_audits"]

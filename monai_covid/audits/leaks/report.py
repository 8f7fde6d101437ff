"""Sections of the report about leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from monai_covid.audits.leaks.pairs import Kind, Pair
from monai_covid.audits.leaks.patients import SharedPatient
from monai_covid.audits.leaks.search import Search
from monai_covid.audits.leaks.similarity import THRESHOLD
from monai_covid.audits.leaks.tables import (
    ROWS_SHOWN,
    pair_sheet,
    pair_table,
    patient_table,
    score_histogram,
    trial_table,
    write_pairs,
)
from monai_covid.audits.leaks.trial import Trial
from monai_covid.evaluation.pages.page import Picture, Section
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.wording import counted

CSV = "pairs.csv"


class Evidence(NamedTuple):
    """All that the audit measured.

    Attributes:
        search: The pairs.
        patients: Patients in two splits or under two spellings.
        trials: Planted copies, by kind.
    """

    search: Search
    patients: list[SharedPatient]
    trials: Mapping[str, Trial]

    @property
    def random(self) -> list[float]:
        """Scores of random pairs of different patients."""
        backgrounds = self.search.backgrounds.values()
        return [score for background in backgrounds for score in background.scores]


def report_sections(folder: Path, evidence: Evidence) -> tuple[Section, ...]:
    """Return the parts of the report; pictures and ``pairs.csv`` go into ``folder``."""
    search = evidence.search
    copies = sorted(
        (pair for pair in search.pairs if pair.kind != Kind.NONE),
        key=lambda pair: (not pair.crosses, -pair.score),
    )
    write_pairs(search.own, copies, folder / CSV)
    leaks = [pair for pair in copies if pair.is_leak]
    remarks = [pair for pair in copies if pair.is_remark]
    sections = [
        _pairs(search, leaks, "Copies in two splits", folder / "leaks.png"),
        _pairs(
            search, remarks, "Copies under different patients or labels", folder / "remarks.png"
        ),
        _patients(evidence.patients),
    ]
    present = [section for section in sections if section is not None]
    return (*present, _sensitivity(evidence, folder / "scores.png"))


def _pairs(search: Search, pairs: Sequence[Pair], title: str, path: Path) -> Section | None:
    if not pairs:
        return None
    save_png(pair_sheet(search.own, pairs, title), path)
    text = f"{counted(len(pairs), 'pair')}; up to {ROWS_SHOWN} are below, all are in {CSV}."
    picture = Picture(path, f"The first pairs of: {title.lower()}.")
    return Section(title, text, (picture,), pair_table(search.own, pairs))


def _patients(patients: Sequence[SharedPatient]) -> Section | None:
    if not patients:
        return None
    method = (
        "Ids are compared without regard to case, separators and leading zeros; an NIH image name "
        "names its patient. An id of digits alone is no proof across collections."
    )
    return Section(
        "Patients in two splits or under two ids",
        f"{counted(len(patients), 'patient')}; up to {ROWS_SHOWN} are below.",
        table=patient_table(patients),
        method=method,
    )


def _sensitivity(evidence: Evidence, path: Path) -> Section:
    copies = [score for trial in evidence.trials.values() for score in trial.scores]
    candidates = [pair.score for pair in evidence.search.pairs]
    save_png(score_histogram(copies, evidence.random, candidates), path)
    above = sum(score >= THRESHOLD for score in evidence.random)
    compared = counted(len(candidates), "pair")
    drawn = counted(len(evidence.random), "random pair")
    found = sum(trial.found for trial in evidence.trials.values())
    text = (
        f"{found:,} of {len(copies):,} planted copies were found. Of {drawn} of different patients "
        f"{above} score {THRESHOLD} or more, as copies do."
    )
    if evidence.search.dropped:
        text += (
            f"\n\n{evidence.search.dropped:,} further pairs were left out because there were too "
            "many similar ones; the collection holds masses of copies or of blank images."
        )
    method = (
        f"{compared} were similar by perceptual hash or descriptor and were compared pixel by "
        "pixel after registration. Images of this collection were copied, changed and searched "
        "for; a copy that is no candidate counts as score 0."
    )
    picture = Picture(path, "Scores of planted copies and of pairs of different patients.")
    return Section(
        "Sensitivity of the search",
        text,
        (picture,),
        trial_table(evidence.trials),
        method=method + _raised_limits(evidence.search),
    )


def _raised_limits(search: Search) -> str:
    limits = {name: background.limit for name, background in search.backgrounds.items()}
    raised = [f"{name}: {limit:.2f}" for name, limit in limits.items() if limit > THRESHOLD]
    if not raised:
        return ""
    return (
        "\n\nDifferent patients are so similar here that a copy must stand out more than usual. "
        f"Scores are reduced so that {THRESHOLD} is a correlation of ({'; '.join(raised)})."
    )

"""The index of all studies whose stored files lie in one folder."""

from __future__ import annotations

from collections.abc import Sequence

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.studies.pages.markdown import DASH, escape, estimate, feature_name, table
from monai_covid.studies.pages.page import HOW_TO_READ
from monai_covid.studies.pages.radiologist import chosen_arm
from monai_covid.studies.pages.records import Estimate, Study

TITLE = "# Results"
LEAD = (
    "The arm of each study that did best on validation images, its test accuracy with the 95 % "
    "interval over patients, and what the best trivial feature reaches on the same folds."
)
HEADER = ("Study", "Question", "Runs", "Best arm by validation", "Test accuracy", "Best trivial")


def index_page(studies: Sequence[Study]) -> str:
    """Return the Markdown index of ``studies``, in the order of their names."""
    rows = [_row(study) for study in sorted(studies, key=lambda study: study.name)]
    parts = [
        TITLE,
        f"**{RESEARCH_USE_ONLY}** {HOW_TO_READ}",
        LEAD,
        table(HEADER, rows),
        "Made by `monai-covid results` from the stored study files in [data](data).",
    ]
    return "\n\n".join(parts) + "\n"


def _row(study: Study) -> tuple[str, ...]:
    planned = sum(arm.planned for arm in study.arms)
    finished = sum(arm.finished for arm in study.arms)
    runs = f"{finished}" if finished >= planned else f"{finished} of {planned}, not finished"
    arm = chosen_arm(study)
    return (
        f"[{escape(study.title)}]({study.name}.md)",
        escape(study.question),
        runs,
        escape(arm.name) if arm else DASH,
        estimate(arm.test.get("accuracy")) if arm else DASH,
        _best_trivial(study),
    )


def _best_trivial(study: Study) -> str:
    known: dict[str, Estimate] = {
        name: scores["accuracy"]
        for name, scores in study.baselines.items()
        if "accuracy" in scores and scores["accuracy"].value is not None
    }
    if not known:
        return DASH
    best = max(known, key=lambda name: known[name].value or 0.0)
    return f"{feature_name(best)}: {estimate(known[best])}"

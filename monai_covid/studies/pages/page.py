"""The page of one study."""

from __future__ import annotations

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.studies.pages.agreement import agreement_section
from monai_covid.studies.pages.engineer import for_engineers
from monai_covid.studies.pages.markdown import escape
from monai_covid.studies.pages.published import CAVEAT
from monai_covid.studies.pages.radiologist import for_radiologists
from monai_covid.studies.pages.readings import readings_section
from monai_covid.studies.pages.records import Study
from monai_covid.studies.pages.sentences import listed
from monai_covid.studies.pages.tables import (
    arms_table,
    contributions_table,
    fewer_classes,
    further_table,
    glance_table,
    stage1_table,
    stage2_table,
    test_table,
    unfinished,
)

HOW_TO_READ = "How to read these pages: [Evidence](../explanation/evidence.md)."


CORRECTED = (
    "Folds share training images, so their runs are not independent. The corrected interval allows "
    "for that (Nadeau & Bengio, 2003), and all sentences above rest on it."
)


def study_page(study: Study, figures: str) -> str:
    """Return the Markdown page of a study.

    Args:
        study: What to show.
        figures: Folder of ``NAME-curves.png`` and ``NAME-forest.png``, relative to the page.
    """
    waiting = unfinished(study)
    study = study.begun()
    parts = [
        f"# {escape(study.title)}",
        f"**{RESEARCH_USE_ONLY}** All studies: [index](index.md).",
        escape(study.question),
        waiting,
        _without_imagenet(study),
        "## For a radiologist",
        for_radiologists(study),
        "## For a machine-learning engineer",
        for_engineers(study),
        "## Learning curves",
        f"![Validation AUC over epochs of all arms]({figures}/{study.name}-curves.png)",
        "## Test images",
        f"![Test figures of all arms]({figures}/{study.name}-forest.png)",
        "All test folds pooled; 95 % intervals over patients in brackets.",
        test_table(study),
        escape(str(study.settings.get("binary", ""))),
        CAVEAT,
        "## Arms",
        arms_table(study),
        "Best validation AUC: mean over runs, lowest to highest in brackets.",
        stage1_table(study),
        stage2_table(study),
        *_optional("## What each arm contributes", _contributions(study)),
        *_optional("## Images that all get right, or none", agreement_section(study.agreement)),
        *_optional("## What readers saw", readings_section(study.readings)),
        *_optional("## Other images", _other_images(study)),
        _foot(study),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _without_imagenet(study: Study) -> str:
    """Name the arms that are called after ImageNet but had no weights of it; empty without any."""
    found = [
        escape(arm.name)
        for arm in study.arms
        if arm.start in ("imagenet", "probe")
        and "imagenet" not in (arm.started_from or "imagenet").lower()
    ]
    if not found:
        return ""
    return f"**Without ImageNet weights,** from random ones: {listed(found)}. None were at hand."


def _optional(heading: str, text: str) -> tuple[str, ...]:
    return (heading, text) if text else ()


def _contributions(study: Study) -> str:
    found = contributions_table(study)
    if not found:
        return ""
    tests = dict.fromkeys(escape(each.test) for each in study.comparisons if each.test)
    notes = dict.fromkeys(escape(each.note) for each in study.comparisons if each.note)
    words = [
        "Arm less the one it is compared with, in pairs of one seed and fold, 95 % intervals in "
        f"brackets. Test: {'; '.join(tests) or 'none'}."
    ]
    if any(each.corrected for each in study.comparisons):
        words.append(CORRECTED)
    return "\n\n".join([found, *words, *notes])


def _other_images(study: Study) -> str:
    parts = (glance_table(study), fewer_classes(study), further_table(study))
    return "\n\n".join(part for part in parts if part)


def _foot(study: Study) -> str:
    return (
        f"Made by `monai-covid results` from [data/{study.name}.json](data/{study.name}.json), of "
        f"version {escape(study.version)}. {HOW_TO_READ}"
    )

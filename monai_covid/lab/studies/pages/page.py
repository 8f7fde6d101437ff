"""The page of one study: findings first, then figures, tables and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.evaluation.readings import (
    LABELS_BY_MODEL,
    LABELS_BY_READERS,
    READINGS_BY_MODEL,
    WITHIN_LABELS,
    WITHIN_VIEWS,
)
from monai_covid.evaluation.wording import counted
from monai_covid.lab.studies.pages.engineer import for_engineers
from monai_covid.lab.studies.pages.hospitals import hospitals_section
from monai_covid.lab.studies.pages.markdown import escape, estimate, table
from monai_covid.lab.studies.pages.radiologist import for_radiologists
from monai_covid.lab.studies.pages.records import CAVEAT, Agreement, Reading, Study
from monai_covid.lab.studies.pages.sentences import listed
from monai_covid.lab.studies.pages.tables import (
    arms_table,
    class_words,
    contributions_table,
    fewer_classes,
    further_table,
    glance_table,
    stage1_table,
    stage2_table,
    test_table,
    unfinished,
)

NONE = "No network is right"

COLUMNS = {
    LABELS_BY_MODEL: "The label",
    READINGS_BY_MODEL: "What readers saw",
    WITHIN_LABELS: "among images of one label",
    WITHIN_VIEWS: "and of one view",
}

HOW_TO_READ_READINGS = (
    "AUC with 95 % intervals over patients in brackets; 0.5 is chance. The last column decides: "
    "other cues to the label are the same for images of one label, and a network that recognises "
    "the finding ranks those higher on which readers saw it. Probabilities of the networks of all "
    "folds are ranked together. Method: [what readers see](../explanation/readings.md)."
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
        CAVEAT if study.published else "",
        "## Arms",
        arms_table(study),
        "Best validation AUC: mean over runs, lowest to highest in brackets.",
        stage1_table(study),
        stage2_table(study),
        *_optional("## Hospitals that were held out", hospitals_section(study)),
        *_optional("## What each arm contributes", _contributions(study)),
        *_optional("## Agreement of the networks", agreement_section(study.agreement)),
        *_optional("## What readers saw", readings_section(study.readings)),
        *_optional("## Other images", _other_images(study)),
        _foot(study),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _without_imagenet(study: Study) -> str:
    """Return the arms named after ImageNet that were not ImageNet-pretrained; empty without any."""
    names = [
        escape(arm.name)
        for arm in study.arms
        if arm.start in ("imagenet", "probe")
        and "imagenet" not in (arm.started_from or "imagenet").lower()
    ]
    if not names:
        return ""
    return f"**Not ImageNet-pretrained,** but from random weights: {listed(names)}."


def _optional(heading: str, text: str) -> tuple[str, ...]:
    return (heading, text) if text else ()


def _contributions(study: Study) -> str:
    contributions = contributions_table(study)
    if not contributions:
        return ""
    compared = study.comparisons
    tests = dict.fromkeys(escape(comparison.test) for comparison in compared if comparison.test)
    notes = dict.fromkeys(escape(comparison.note) for comparison in compared if comparison.note)
    method = [
        "Arm minus the one it is compared with, in pairs of one seed and fold, 95 % intervals in "
        f"brackets. Test: {'; '.join(tests) or 'none'}."
    ]
    if any(comparison.corrected for comparison in compared):
        method.append(CORRECTED)
    return "\n\n".join([contributions, *method, *notes])


def _other_images(study: Study) -> str:
    parts = (glance_table(study), fewer_classes(study), further_table(study))
    return "\n\n".join(part for part in parts if part)


def _foot(study: Study) -> str:
    return (
        f"Made by `monai-covid results` from [data/{study.name}.json](data/{study.name}.json), of "
        f"version {escape(study.version)}. {HOW_TO_READ}"
    )


def agreement_section(agreement: Agreement | None) -> str:
    """Return sentences and a table; empty where nothing is stored."""
    if agreement is None or not agreement.images:
        return ""
    shares = agreement.shares
    rows = [
        ("All networks are right", estimate(shares["all_right"])),
        (NONE, estimate(shares["none_right"])),
        ("and all give the same wrong class", estimate(shares["none_right_one_answer"])),
        *(
            (f"{NONE}, of {class_words(label)}", estimate(share))
            for label, share in agreement.none_right_of.items()
        ),
    ]
    names = ", ".join(map(escape, agreement.members))
    return "\n\n".join(
        [
            f"{counted(agreement.images, 'test image')}, classified by each of "
            f"{counted(len(agreement.members), 'network')}: {names}.",
            table(("Images", "Share"), rows),
            "Where none is right, the image is hard for all of them or its label is wrong. 95 % "
            "intervals over patients in brackets.",
        ]
    )


def readings_section(readings: Sequence[Reading]) -> str:
    """Return sentences and a table for each class; empty where nothing is stored."""
    ordered = sorted(readings, key=lambda reading: reading.label)
    by_class = groupby(ordered, key=lambda reading: reading.label)
    parts = [_of_class(label, list(of_class)) for label, of_class in by_class]
    return "\n\n".join([*parts, HOW_TO_READ_READINGS]) if parts else ""


def _of_class(label: str, readings: Sequence[Reading]) -> str:
    first, name = max(readings, key=lambda reading: reading.images), class_words(label)
    shares = [
        f"{seen:,} of {images:,} labelled {class_words(given)}"
        for given, (images, seen) in first.labels.items()
    ]
    rows = [
        (
            escape(reading.arm),
            f"{reading.images:,}",
            *(estimate(reading.shares[measure]) for measure in COLUMNS),
        )
        for reading in readings
    ]
    by_readers = estimate(first.shares[LABELS_BY_READERS])
    rows.append(("*readers*", f"{first.images:,}", by_readers, *[""] * (len(COLUMNS) - 1)))
    return "\n\n".join(
        [
            f"{counted(first.images, 'test image')} of {counted(first.patients, 'patient')} were "
            f"read for {name}. It was seen on {', '.join(shares)}.",
            table(("Arm", "Images", *COLUMNS.values()), rows),
        ]
    )

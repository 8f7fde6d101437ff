"""What a page says of networks beside readers of the same images."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from monai_covid.evaluation.readings import (
    LABELS_BY_MODEL,
    LABELS_BY_READERS,
    READINGS_BY_MODEL,
    WITHIN_LABELS,
    WITHIN_VIEWS,
)
from monai_covid.evaluation.wording import counted
from monai_covid.studies.pages.markdown import escape, estimate, table
from monai_covid.studies.pages.records import Reading
from monai_covid.studies.pages.tables import class_words

COLUMNS = {
    LABELS_BY_MODEL: "The label",
    READINGS_BY_MODEL: "What readers saw",
    WITHIN_LABELS: "among images of one label",
    WITHIN_VIEWS: "and of one view",
}
HOW_TO_READ = (
    "AUC with 95 % intervals over patients in brackets; 0.5 is guessing. The last column counts: "
    "what gives the label away is the same for images of one label, and a network that recognises "
    "the finding ranks those higher on which readers saw it. Probabilities of the networks of all "
    "folds are ranked together. How: "
    "[what readers see](../explanation/readings.md)."
)


def readings_section(readings: Sequence[Reading]) -> str:
    """Return sentences and a table for each class; empty where nothing is stored."""
    by_class = groupby(sorted(readings, key=lambda one: one.label), key=lambda one: one.label)
    parts = [_of_class(label, list(found)) for label, found in by_class]
    return "\n\n".join([*parts, HOW_TO_READ]) if parts else ""


def _of_class(label: str, readings: Sequence[Reading]) -> str:
    first, name = max(readings, key=lambda one: one.images), class_words(label)
    shares = [
        f"{seen:,} of {images:,} labelled {class_words(given)}"
        for given, (images, seen) in first.labels.items()
    ]
    rows = [
        (escape(one.arm), f"{one.images:,}", *(estimate(one.shares[name]) for name in COLUMNS))
        for one in readings
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

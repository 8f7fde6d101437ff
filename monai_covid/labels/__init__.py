"""Label sets: those that are shipped, and those of users."""

from __future__ import annotations

from monai_covid.labels.display import (
    DISPLAY_NAMES,
    display_name,
    display_names,
    register_display_names,
    register_stored_names,
)
from monai_covid.labels.label_set import CodedConcept, Label, LabelSet, plain
from monai_covid.labels.reading import SHIPPED, chosen_labels, in_known_order, known_labels, shipped

NO_FINDING = "No Finding"

NIH_LABELS = shipped("nih").names
"""The 15 outputs of stage 2: the 14 findings of ChestX-ray14, then No Finding."""

NIH_FINDINGS = NIH_LABELS[:-1]

PUBLISHED = shipped("covid")
"""The label set of stage 3 of the publication, and of the shipped model."""

COVID_LABELS = PUBLISHED.names

__all__ = [
    "COVID_LABELS",
    "DISPLAY_NAMES",
    "NIH_FINDINGS",
    "NIH_LABELS",
    "NO_FINDING",
    "PUBLISHED",
    "SHIPPED",
    "CodedConcept",
    "Label",
    "LabelSet",
    "chosen_labels",
    "display_name",
    "display_names",
    "in_known_order",
    "known_labels",
    "plain",
    "register_display_names",
    "register_stored_names",
    "shipped",
]

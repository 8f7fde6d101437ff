"""Class vocabularies of the two transfer stages and their coded concepts."""

from __future__ import annotations

from typing import NamedTuple

NIH_FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
"""The 14 findings of ChestX-ray14, in the order of Wang et al., CVPR 2017."""

NO_FINDING = "No Finding"

NIH_LABELS = (*NIH_FINDINGS, NO_FINDING)
"""The 15 outputs of stage 2: the findings, then No Finding."""

COVID_LABELS = ("covid19", "pneumonia", "normal")
"""The 3 outputs of stage 3."""

NIH_TO_COVID = {"Pneumonia": "pneumonia", NO_FINDING: "normal"}
"""Output neurons that both label sets share: source label -> target label."""

DISPLAY_NAMES = {"covid19": "COVID-19", "pneumonia": "Pneumonia", "normal": "Normal"}
"""How a class is written for people."""


class CodedConcept(NamedTuple):
    """A code from a terminology.

    Attributes:
        value: Code value, at most 16 characters.
        scheme: Coding scheme designator; ``SCT`` is SNOMED CT.
        meaning: Code meaning, at most 64 characters.
    """

    value: str
    scheme: str
    meaning: str


COVID_CONCEPTS = {
    "covid19": CodedConcept("840539006", "SCT", "COVID-19"),
    "pneumonia": CodedConcept("233604007", "SCT", "Pneumonia"),
    "normal": CodedConcept("17621005", "SCT", "Normal"),
}
"""The coded concept of each stage-3 class."""


def display_name(label: str) -> str:
    """Return how ``label`` is written for people; unknown labels are returned as they are."""
    return DISPLAY_NAMES.get(label, label.replace("_", " "))

"""Coded concepts of the results; what no standard terminology has is coded privately."""

from __future__ import annotations

import hashlib

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept

from monai_covid.labels import COVID_CONCEPTS, display_name

PRIVATE_SCHEME = "99MONAICOVID"

CHEST_RADIOGRAPHY = CodedConcept("399208008", "SCT", "Plain chest X-ray")
THORAX = CodedConcept("51185008", "SCT", "Thorax")
NO_UNIT = CodedConcept("1", "UCUM", "no units")
COMMENT = CodedConcept("121106", "DCM", "Comment")
ROLE_OF_EQUIPMENT = CodedConcept("109102", "DCM", "Processing Equipment")
SPATIAL_CONCEPT = CodedConcept("309825002", "SCT", "Spatial and Relational Concept")

MOST_PROBABLE_CLASS = CodedConcept("CLASS", PRIVATE_SCHEME, "Most probable class")
EXPLAINED_CLASS = CodedConcept("EXPLAINED", PRIVATE_SCHEME, "Class explained by the heatmap")
RELEVANCE = CodedConcept("RELEVANCE", PRIVATE_SCHEME, "Relevance for the class")

_LONGEST_VALUE = 16
_LONGEST_MEANING = 64


def class_concept(label: str) -> CodedConcept:
    """Return the concept of a class: SNOMED CT for those of stage 3, a private code for others."""
    known = COVID_CONCEPTS.get(label)
    if known:
        return CodedConcept(known.value, known.scheme, known.meaning)
    return CodedConcept(_short("C_", label), PRIVATE_SCHEME, display_name(label)[:_LONGEST_MEANING])


def probability_concept(label: str) -> CodedConcept:
    """Return the concept of the probability of a class."""
    meaning = f"Probability of {display_name(label)}"[:_LONGEST_MEANING]
    return CodedConcept(_short("P_", label), PRIVATE_SCHEME, meaning)


def private_scheme() -> CodingSchemeIdentificationItem:
    """Return the item of Coding Scheme Identification Sequence (0008,0110)."""
    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME,
        name="monai_covid",
        responsible_organization="monai_covid contributors",
    )


def _short(prefix: str, label: str) -> str:
    value = prefix + label.upper()
    if len(value) <= _LONGEST_VALUE and value.isascii():
        return value
    digest = hashlib.sha256(label.encode()).hexdigest().upper()
    return prefix + digest[: _LONGEST_VALUE - len(prefix)]

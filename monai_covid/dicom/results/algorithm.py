"""Who made a result, and by which codes and UIDs results are known.

The algorithm has a version and weights. Concepts that no standard terminology has are coded
privately. UIDs depend on nothing but what a result was made from.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import NamedTuple

import highdicom as hd
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import AlgorithmIdentification, CodedConcept, DeviceObserverIdentifyingAttributes
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.dicom.identity import MANUFACTURER
from monai_covid.labels import Label

PRIVATE_SCHEME = "99MONAICOVID"

CHEST_RADIOGRAPHY = CodedConcept("399208008", "SCT", "Plain chest X-ray")
THORAX = CodedConcept("51185008", "SCT", "Thorax")
NO_UNIT = CodedConcept("1", "UCUM", "no units")
COMMENT = CodedConcept("121106", "DCM", "Comment")
ROLE_OF_EQUIPMENT = CodedConcept("109102", "DCM", "Processing Equipment")
SPATIAL_CONCEPT = CodedConcept("309825002", "SCT", "Spatial and Relational Concept")

PRESENT_CLASS = CodedConcept("PRESENT", PRIVATE_SCHEME, "Class with a probability of 0.5 or more")
MOST_PROBABLE_CLASS = CodedConcept("CLASS", PRIVATE_SCHEME, "Most probable class")
EXPLAINED_CLASS = CodedConcept("EXPLAINED", PRIVATE_SCHEME, "Class explained by the heatmap")
RELEVANCE = CodedConcept("RELEVANCE", PRIVATE_SCHEME, "Relevance for the class")

_LONGEST_VALUE = 16
_LONGEST_MEANING = 64


def class_concept(label: Label) -> CodedConcept:
    """Return the concept of a class: as its label set codes it, else a private code."""
    if label.code is not None:
        return CodedConcept(label.code.value, label.code.scheme, label.code.meaning)
    meaning = label.display[:_LONGEST_MEANING]
    return CodedConcept(_short("C_", label.name), PRIVATE_SCHEME, meaning)


def probability_concept(label: Label) -> CodedConcept:
    """Return the concept of the probability of a class."""
    meaning = f"Probability of {label.display}"[:_LONGEST_MEANING]
    return CodedConcept(_short("P_", label.name), PRIVATE_SCHEME, meaning)


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


_NAMESPACE = uuid.UUID("6f1c6b5e-2f6d-5d59-9a52-0d5e6a2d0c2f")


def derived_uid(role: str, *sources: str) -> UID:
    """Return the UID of what plays ``role`` for ``sources``: always the same for the same.

    Args:
        role: What is identified, such as ``series report``.
        sources: What it was made from.

    Returns:
        UID below 2.25 (DICOM PS3.5 B.2), made from a UUID of version 5.
    """
    name = "\x1f".join((role, *sources))
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, name).int}")


SHORT_HASH = 16
"""Characters of the hash where it has to fit into 64 characters."""


METHOD = "Layer-wise relevance propagation, EpsilonZBox"
CONTRASTIVE = f"{METHOD}, contrastive"
"""Of a class against the others."""


class Algorithm(NamedTuple):
    """The algorithm behind a result.

    Attributes:
        weights_hash: SHA-256 of the model file, in hexadecimal.
        name: Its name, at most 64 characters.
        version: Its version.
        method: How the heatmap is made.
    """

    weights_hash: str
    name: str = "monai_covid twice transfer learning"
    version: str = __version__
    method: str = METHOD

    @property
    def key(self) -> str:
        """What makes results of this algorithm different from those of others."""
        return "|".join((self.name, self.version, self.method, self.weights_hash))

    @property
    def device_uid(self) -> UID:
        """UID of the algorithm as a device; the same for all its results."""
        return derived_uid("device", self.key)

    @property
    def software_versions(self) -> list[str]:
        """Version and weights, as Software Versions (0018,1020)."""
        return [f"monai_covid {self.version}", f"weights {self.weights_hash[:SHORT_HASH]}"]

    @property
    def serial_number(self) -> str:
        """The weights, as Device Serial Number (0018,1000)."""
        return self.weights_hash[:SHORT_HASH]

    def identification(self) -> AlgorithmIdentification:
        """Return TID 4019 Algorithm Identification."""
        return AlgorithmIdentification(
            name=self.name,
            version=self.version,
            parameters=[f"weights SHA-256 {self.weights_hash}", RESEARCH_USE_ONLY],
            manufacturer=MANUFACTURER,
        )

    def identification_sequence(self) -> hd.AlgorithmIdentificationSequence:
        """Return the Algorithm Identification Macro (DICOM PS3.3 10.16) of the heatmap."""
        return hd.AlgorithmIdentificationSequence(
            name=self.name,
            family=codes.cid7162.ArtificialIntelligence,
            version=self.version,
            source=MANUFACTURER,
            parameters={
                "method": self.method,
                "weights SHA-256": self.weights_hash,
                "use": "research only",
            },
        )

    def observer(self) -> DeviceObserverIdentifyingAttributes:
        """Return TID 1004 Device Observer Identifying Attributes."""
        return DeviceObserverIdentifyingAttributes(
            uid=self.device_uid,
            name=self.name,
            manufacturer_name=MANUFACTURER,
            model_name=f"{self.name} {self.version}",
            serial_number=self.serial_number,
        )

    def contribution(self) -> hd.ContributingEquipment:
        """Return the item of Contributing Equipment Sequence (0018,A001)."""
        return hd.ContributingEquipment(
            manufacturer=MANUFACTURER,
            purpose_of_reference=ROLE_OF_EQUIPMENT,
            manufacturer_model_name=self.name,
            software_versions=", ".join(self.software_versions),
            contribution_description=RESEARCH_USE_ONLY,
        )

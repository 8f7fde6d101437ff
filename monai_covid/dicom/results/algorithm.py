"""Who made a result: the algorithm with its version and the weights it used."""

from __future__ import annotations

from typing import NamedTuple

import highdicom as hd
from highdicom.sr import AlgorithmIdentification, DeviceObserverIdentifyingAttributes
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from monai_covid import RESEARCH_USE_ONLY, __version__
from monai_covid.dicom.identity import MANUFACTURER
from monai_covid.dicom.results.codes import ROLE_OF_EQUIPMENT
from monai_covid.dicom.results.uids import derived_uid

SHORT_HASH = 16
"""Characters of the hash where it has to fit into 64 characters."""


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
    method: str = "Layer-wise relevance propagation, EpsilonZBox"

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

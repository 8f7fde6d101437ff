"""What was fitted on validation images and is stored with a network's weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class OperatingPoint:
    """The threshold of one class for a sensitivity that was asked for.

    All numbers count patients: one with the class is found when all of that patient's images of it
    are called, one without it is a false alarm when any image is.

    Attributes:
        label: The class, against the rest.
        sensitivity: What was asked for, in (0, 1).
        confidence: How sure it is that the sensitivity is reached, in (0, 1).
        threshold: Images with at least this calibrated probability are called; None where there
            are too few patients for any threshold.
        specificity: At the threshold; None without threshold or patients without the class.
        low: Lower bound of its 95 % interval.
        high: Upper bound of its 95 % interval.
        positives: Patients with the class.
        negatives: Patients with images without the class.
        needed: Patients with the class that a threshold takes at least.
    """

    label: str
    sensitivity: float
    confidence: float
    threshold: float | None
    specificity: float | None
    low: float | None
    high: float | None
    positives: int
    negatives: int
    needed: int


@dataclass(frozen=True)
class Calibration:
    """What a temperature was fitted on, and the thresholds that came of it.

    Attributes:
        data: Which images, in words.
        images: Their number.
        patients: Their patients.
        log_loss_before: Mean log loss of the network as it was trained, in nats.
        log_loss_after: The same with the fitted temperature, on the same images.
        points: Threshold of each class.
    """

    data: str
    images: int
    patients: int
    log_loss_before: float
    log_loss_after: float
    points: tuple[OperatingPoint, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return plain values, for model files and JSON."""
        return {**asdict(self), "points": [asdict(point) for point in self.points]}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Calibration:
        """Return what ``fields`` wrote down.

        Raises:
            TypeError: If a value is missing or unknown.
            KeyError: If the thresholds are missing.
        """
        points = tuple(OperatingPoint(**point) for point in fields["points"])
        return cls(**{**fields, "points": points})

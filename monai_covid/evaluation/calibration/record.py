"""What was fitted on validation images and is stored with a network's weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CUTOFF_MEASURES = ("max_probability", "margin", "entropy")
"""Measures of ``calibration.uncertainty`` that the probabilities of one network are enough for."""


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
class UncertaintyCutoff:
    """How unsure a network may be of an image, with what was measured on validation images.

    Attributes:
        measure: Of ``CUTOFF_MEASURES``.
        value: Images whose uncertainty is above it are uncertain.
        goal: What was asked for: ``coverage`` or ``accuracy``.
        asked: How much of it, in (0, 1).
        coverage: Share of the images that are not uncertain.
        coverage_low: Lower bound of its 95 % interval over patients; None without an interval.
        coverage_high: Upper bound of the same.
        accuracy: Share of those that are classified right (selective accuracy).
        accuracy_low: Lower bound of its 95 % interval over patients; None without an interval.
        accuracy_high: Upper bound of the same.
        accuracy_of_all: Share of all images that are classified right.
    """

    measure: str
    value: float
    goal: str
    asked: float
    coverage: float
    coverage_low: float | None
    coverage_high: float | None
    accuracy: float
    accuracy_low: float | None
    accuracy_high: float | None
    accuracy_of_all: float


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
        cutoff: From where on an image is uncertain; None where none was asked for.
    """

    data: str
    images: int
    patients: int
    log_loss_before: float
    log_loss_after: float
    points: tuple[OperatingPoint, ...] = ()
    cutoff: UncertaintyCutoff | None = None

    def fields(self) -> dict[str, Any]:
        """Return plain values, for model files and JSON; ``cutoff`` only where there is one.

        Earlier versions read what has none, and refuse what has one rather than leave it out.
        """
        plain = {**asdict(self), "points": [asdict(point) for point in self.points]}
        if self.cutoff is None:
            plain.pop("cutoff")
        return plain

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Calibration:
        """Return what ``fields`` wrote down.

        Raises:
            TypeError: If a value is missing or unknown, or the cut-off is none.
            KeyError: If the thresholds are missing.
        """
        points = tuple(OperatingPoint(**point) for point in fields["points"])
        known = fields.get("cutoff")
        cutoff = _checked(UncertaintyCutoff(**known)) if known is not None else None
        return cls(**{**fields, "points": points, "cutoff": cutoff})


def _checked(cutoff: UncertaintyCutoff) -> UncertaintyCutoff:
    if cutoff.measure not in CUTOFF_MEASURES:
        raise TypeError(f"its cut-off is one of {cutoff.measure!r}, an unknown measure")
    if not isinstance(cutoff.value, int | float) or not math.isfinite(cutoff.value):
        raise TypeError(f"its cut-off is {cutoff.value!r}, not a number")
    return cutoff

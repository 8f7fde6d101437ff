"""Calibration of a network, as fitted on validation images and stored with its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CUTOFF_MEASURES = ("max_probability", "margin", "entropy")
"""Measures of ``calibration.uncertainty`` that need the probabilities of one network alone."""


@dataclass(frozen=True)
class OperatingPoint:
    """The threshold of one class for a target sensitivity.

    All numbers count patients: one with the class is a true positive when all of that patient's
    images of it are positive, one without it is a false positive when any image is.

    Attributes:
        label: The class, against the rest.
        sensitivity: The target, in (0, 1).
        confidence: With which the target is reached, in (0, 1).
        threshold: Images with at least this calibrated probability are positive; None where there
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
    """The uncertainty above which an image is not accepted, with what was measured at the fit.

    Attributes:
        measure: Of ``CUTOFF_MEASURES``.
        value: Images whose uncertainty is above it are uncertain; the others are accepted.
        goal: What the target is of: ``coverage`` or ``accuracy``.
        asked: The target, in (0, 1).
        coverage: Share of the images that are accepted.
        coverage_low: Lower bound of its 95 % interval over patients; None without an interval.
        coverage_high: Upper bound of the same.
        accuracy: Accuracy on accepted images (selective accuracy).
        accuracy_low: Lower bound of its 95 % interval over patients; None without an interval.
        accuracy_high: Upper bound of the same.
        accuracy_of_all: Accuracy on all images.
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
    """What a temperature was fitted on, and the thresholds fitted with it.

    Attributes:
        data: Which images, in words.
        images: Their number.
        patients: Their patients.
        log_loss_before: Mean log loss of the network as it was trained, in nats.
        log_loss_after: The same with the fitted temperature, on the same images.
        points: Threshold of each class.
        cutoff: Above which an image is uncertain; None where none was asked for.
        biases: What was added to those of the last layer, one a class; none: nothing.
    """

    data: str
    images: int
    patients: int
    log_loss_before: float
    log_loss_after: float
    points: tuple[OperatingPoint, ...] = ()
    cutoff: UncertaintyCutoff | None = None
    biases: tuple[float, ...] = ()

    def fields(self) -> dict[str, Any]:
        """Return plain values, for model files and JSON; ``cutoff`` and ``biases`` if there are.

        Earlier versions read what has none, and refuse what has some rather than leave it out.
        """
        plain = {**asdict(self), "points": [asdict(point) for point in self.points]}
        if self.cutoff is None:
            plain.pop("cutoff")
        plain["biases"] = list(self.biases)
        if not self.biases:
            plain.pop("biases")
        return plain

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Calibration:
        """Return the calibration that ``fields`` stored.

        Raises:
            TypeError: If a value is missing or unknown, or the cut-off cannot be used.
            KeyError: If the thresholds are missing.
        """
        points = tuple(OperatingPoint(**point) for point in fields["points"])
        stored = fields.get("cutoff")
        cutoff = _checked(UncertaintyCutoff(**stored)) if stored is not None else None
        biases = tuple(float(bias) for bias in fields.get("biases", ()))
        return cls(**{**fields, "points": points, "cutoff": cutoff, "biases": biases})


def _checked(cutoff: UncertaintyCutoff) -> UncertaintyCutoff:
    if cutoff.measure not in CUTOFF_MEASURES:
        raise TypeError(f"its cut-off is one of {cutoff.measure!r}, an unknown measure")
    if not isinstance(cutoff.value, int | float) or not math.isfinite(cutoff.value):
        raise TypeError(f"its cut-off is {cutoff.value!r}, not a number")
    return cutoff

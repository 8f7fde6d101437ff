"""A calibration as text for the console and as plain values."""

from __future__ import annotations

from typing import Any

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.unknown_patients import unknown_patients_note
from monai_covid.evaluation.calibration.fitting import FittedTable
from monai_covid.evaluation.calibration.record import OperatingPoint, UncertaintyCutoff
from monai_covid.evaluation.calibration.scores import NAMES
from monai_covid.evaluation.columns import PATIENT
from monai_covid.evaluation.pages.tables import Value
from monai_covid.evaluation.report_text import align, interval_json
from monai_covid.evaluation.wording import counted, interval, number, sample_size
from monai_covid.labels import display_name

SAME_IMAGES = "Measured on the images of the fit: evaluate it on others."
CROSS_FITTED = "Measured in each hospital by what was fitted to the others."


def render_calibration(fitted: FittedTable) -> str:
    """Return temperature, scores before and after, and thresholds, for the console."""
    size = sample_size(len(fitted.before), fitted.before[PATIENT].nunique())
    scores = [["", "before", "after", "change"]]
    scores += [
        [NAMES[row.score], *map(_cell, (row.before, row.after, row.difference))]
        for row in fitted.rows
    ]
    lines = [
        f"Temperature {fitted.fit.temperature:.3f}, fitted on {size}; 95 % intervals over patients",
        "",
        *align(scores),
        "",
        *(_threshold(point) for point in fitted.points),
        *([] if fitted.cutoff is None else ["", *_cutoff(fitted.cutoff)]),
        "",
        *filter(None, [unknown_patients_note(fitted.before[PATIENT])]),
        CROSS_FITTED if fitted.cross_fitted else SAME_IMAGES,
        RESEARCH_USE_ONLY,
    ]
    return "\n".join(lines) + "\n"


def calibration_json(
    fitted: FittedTable, data: str, *, resamples: int, seed: int
) -> dict[str, Any]:
    """Return the calibration as plain values.

    Args:
        fitted: What was fitted.
        data: Which images it was fitted on, in words.
        resamples: Bootstrap resamples of the intervals.
        seed: Their seed.
    """
    return {
        "notice": RESEARCH_USE_ONLY,
        "temperature": fitted.fit.temperature,
        "calibration": fitted.record(data).fields(),
        "interval": interval_json(resamples, seed),
        "scores": [
            {
                "score": row.score,
                "before": row.before._asdict(),
                "after": row.after._asdict(),
                "difference": row.difference._asdict(),
            }
            for row in fitted.rows
        ],
    }


def _cell(value: Value) -> str:
    if value.value is None or value.low is None:
        return number(value.value)
    return f"{number(value.value)} ({interval(value.low, value.high)})"


def _threshold(point: OperatingPoint) -> str:
    goal = f"sensitivity {point.sensitivity:.0%} with {point.confidence:.0%} confidence"
    name = display_name(point.label)
    if point.threshold is None:
        return (
            f"{name}: no threshold for {goal}: {counted(point.positives, 'patient')}, "
            f"{point.needed} are needed"
        )
    specificity = "specificity not defined"
    if point.specificity is not None:
        bounds = interval(point.low, point.high)
        specificity = f"specificity {number(point.specificity)} ({bounds})"
    return (
        f"{name}: threshold {point.threshold:.4f} for {goal} "
        f"({counted(point.positives, 'patient')}); {specificity}"
    )


_UNCERTAIN = {
    "max_probability": lambda value: f"the largest probability is below {1 - value:.4f}",
    "margin": lambda value: f"the two largest probabilities differ by less than {1 - value:.4f}",
    "entropy": lambda value: f"the entropy of the probabilities is above {value:.4f} nats",
}


def _cutoff(cutoff: UncertaintyCutoff) -> list[str]:
    """Return which images are uncertain, coverage, and accuracy on the accepted images."""
    coverage = interval(cutoff.coverage_low, cutoff.coverage_high)
    accuracy = interval(cutoff.accuracy_low, cutoff.accuracy_high)
    return [
        f"Uncertain where {_UNCERTAIN[cutoff.measure](cutoff.value)}, for a target {cutoff.goal} "
        f"of {cutoff.asked:g}",
        f"Accepted images: {number(cutoff.coverage)} ({coverage}) of all; accuracy on them "
        f"{number(cutoff.accuracy)} ({accuracy}), on all images {number(cutoff.accuracy_of_all)}",
    ]

"""Whether a network is too unsure of an image, and how that is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from monai_covid.calibrated import Calibration
from monai_covid.calibration.uncertainty import Scores, uncertainty

_WORDS: Mapping[str, Callable[[float, float], str]] = {
    "max_probability": lambda unsure, limit: (
        f"its largest probability is {1 - unsure:.1%}, below {1 - limit:.1%}"
    ),
    "margin": lambda unsure, limit: (
        f"its two largest probabilities differ by {1 - unsure:.1%}, less than {1 - limit:.1%}"
    ),
    "entropy": lambda unsure, limit: (
        f"the entropy of its probabilities is {unsure:.3f} nats, above {limit:.3f}"
    ),
}


def uncertainty_of(calibration: Calibration | None, row: Sequence[float]) -> float | None:
    """Return how unsure a network is of one image.

    Args:
        calibration: What is stored with the network.
        row: Calibrated probability of each class.

    Returns:
        In the measure of the stored cut-off; None where none is stored.
    """
    if calibration is None or calibration.cutoff is None:
        return None
    return float(uncertainty(calibration.cutoff.measure, Scores(np.array([row])))[0])


def doubts(calibration: Calibration | None, row: Sequence[float]) -> tuple[str, ...] | None:
    """Return in plain words why a network is too unsure of one image.

    Args:
        calibration: What is stored with the network.
        row: Calibrated probability of each class.

    Returns:
        Nothing if it is sure enough; None where no cut-off is stored.
    """
    unsure = uncertainty_of(calibration, row)
    if unsure is None or calibration is None or calibration.cutoff is None:
        return None
    cutoff = calibration.cutoff
    if unsure <= cutoff.value:
        return ()
    why = _WORDS[cutoff.measure](unsure, cutoff.value)
    share = f"{1 - cutoff.coverage:.0%}"
    return (f"The network is unsure: {why}, where {share} of its validation images lie.",)

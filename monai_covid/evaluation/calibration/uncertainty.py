"""Measures of uncertainty of a network or an ensemble, and the flags of uncertain images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, xlogy

from monai_covid.evaluation.calibration.record import Calibration
from monai_covid.evaluation.outcomes import FloatArray


class Scores(NamedTuple):
    """Predictions of N images, of mutually exclusive classes.

    Attributes:
        probabilities: ``(N, C)``, rows sum to 1; of an ensemble the mean.
        members: Probabilities of each member of an ensemble, ``(M, N, C)``; None without one.
        logits: ``(N, C)`` as the network gives them, for the energy; None where they are lost.
    """

    probabilities: FloatArray
    members: FloatArray | None = None
    logits: FloatArray | None = None

    @classmethod
    def of_ensemble(cls, members: FloatArray) -> Scores:
        """Return the scores of an ensemble's members ``(M, N, C)``."""
        return cls(members.mean(axis=0), members)


def uncertainty(measure: str, scores: Scores) -> FloatArray:
    """Return the uncertainty of each image, ``(N,)``; larger is more uncertain.

    ``max_probability``, ``margin`` and ``entropy`` take one network or the mean of an ensemble;
    ``energy`` (Liu et al., NeurIPS 2020) takes logits; ``mutual_information`` (Houlsby et al.,
    arXiv:1112.5745) and ``vote_entropy`` (Dagan & Engelson, ICML 1995) take the members of an
    ensemble and say how much these disagree. Entropies are in nats.

    Args:
        measure: One of ``MEASURES``.
        scores: The predictions.

    Raises:
        ValueError: If the measure is unknown or the scores lack what it needs.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure is {measure!r}; it must be one of {', '.join(MEASURES)}")
    needs, function = MEASURES[measure]
    if needs and getattr(scores, needs) is None:
        raise ValueError(f"{measure} needs {needs}, and there are none")
    return np.asarray(function(scores), dtype=np.float64)


def _entropy(probabilities: FloatArray) -> FloatArray:
    return np.asarray(-xlogy(probabilities, probabilities).sum(axis=-1), dtype=np.float64)


def _max_probability(scores: Scores) -> FloatArray:
    return np.asarray(1 - scores.probabilities.max(axis=1), dtype=np.float64)


def _margin(scores: Scores) -> FloatArray:
    ordered = np.sort(scores.probabilities, axis=1)
    return np.asarray(1 - (ordered[:, -1] - ordered[:, -2]), dtype=np.float64)


def _entropy_of_mean(scores: Scores) -> FloatArray:
    return _entropy(scores.probabilities)


def _energy(scores: Scores) -> FloatArray:
    assert scores.logits is not None
    return np.asarray(-logsumexp(scores.logits, axis=1), dtype=np.float64)


def _mutual_information(scores: Scores) -> FloatArray:
    assert scores.members is not None
    inner = _entropy(scores.members).mean(axis=0)
    return np.asarray(_entropy(scores.members.mean(axis=0)) - inner, dtype=np.float64)


def _vote_entropy(scores: Scores) -> FloatArray:
    assert scores.members is not None
    votes = np.eye(scores.members.shape[2])[scores.members.argmax(axis=2)]
    return _entropy(votes.mean(axis=0))


MEASURES: Mapping[str, tuple[str, Callable[[Scores], FloatArray]]] = {
    "max_probability": ("", _max_probability),
    "margin": ("", _margin),
    "entropy": ("", _entropy_of_mean),
    "energy": ("logits", _energy),
    "mutual_information": ("members", _mutual_information),
    "vote_entropy": ("members", _vote_entropy),
}
"""What each measure needs beside probabilities, and how it is computed."""


_REASONS: Mapping[str, Callable[[float, float], str]] = {
    "max_probability": lambda value, limit: (
        f"its largest probability is {1 - value:.1%}, below {1 - limit:.1%}"
    ),
    "margin": lambda value, limit: (
        f"its two largest probabilities differ by {1 - value:.1%}, less than {1 - limit:.1%}"
    ),
    "entropy": lambda value, limit: (
        f"the entropy of its probabilities is {value:.3f} nats, above {limit:.3f}"
    ),
}


def uncertainty_of(calibration: Calibration | None, row: Sequence[float]) -> float | None:
    """Return the uncertainty of one image.

    Args:
        calibration: What is stored with the network.
        row: Calibrated probability of each class.

    Returns:
        In the measure of the stored cut-off; None where none is stored.
    """
    if calibration is None or calibration.cutoff is None:
        return None
    return float(uncertainty(calibration.cutoff.measure, Scores(np.array([row])))[0])


def uncertainty_flags(
    calibration: Calibration | None, row: Sequence[float]
) -> tuple[str, ...] | None:
    """Return in plain words why one image is uncertain.

    Args:
        calibration: What is stored with the network.
        row: Calibrated probability of each class.

    Returns:
        Nothing if it is not; None where no cut-off is stored.
    """
    value = uncertainty_of(calibration, row)
    if value is None or calibration is None or calibration.cutoff is None:
        return None
    cutoff = calibration.cutoff
    if value <= cutoff.value:
        return ()
    reason = _REASONS[cutoff.measure](value, cutoff.value)
    share = f"{1 - cutoff.coverage:.0%}"
    return (f"The network is unsure: {reason}, where {share} of its validation images lie.",)

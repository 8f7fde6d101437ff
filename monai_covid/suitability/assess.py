"""Is this an upright frontal chest radiograph?"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

from monai_covid.suitability import statistics
from monai_covid.suitability.network import INPUT_SIDE, TURNS, scores
from monai_covid.suitability.thumbnail import sample_of, squashed
from monai_covid.suitability.verdict import Suitability
from monai_covid.suitability.weights import Trained, shipped
from monai_covid.transforms.equalise import equalize_histogram

SMALLEST_SIDE = 32
SMALL_SIDE = 128
EVEN_SCORE = 0.5
"""Score of a statistic above which it speaks against an image."""

LOW_CONTRAST = 0.25
BORDERED = 0.1

_ANOTHER_PICTURE = ("noise", "document", "other")
_ANOTHER_POSITION = ("lateral", *(f"turned_{degrees}" for degrees in TURNS if degrees))
_ANOTHER_DISPLAY = ("inverted", "cropped", "exposure")


def assess(pixels: NDArray[Any], trained: Trained | None = None) -> Suitability:
    """Tell what speaks against ``pixels`` being an upright frontal chest radiograph.

    The answer stays the same when the grey values are multiplied by a positive number or shifted,
    and, but for small changes of the scores, when the image is scaled.

    Args:
        pixels: Grey values (H, W), larger is brighter, any scale.
        trained: The network and its thresholds; by default those that come with the package.

    Returns:
        Codes, cautions and scores. An image that is no chest radiograph gets no answers about its
        position.

    Raises:
        ValueError: ``pixels`` is not one grey image of finite numbers.
        WeightsError: The weights of the package are damaged.
    """
    sample = sample_of(pixels)
    asked = _statistics(sample)
    shortest = min(pixels.shape)
    if shortest < SMALLEST_SIDE or asked["blank"] > EVEN_SCORE:
        useless = {"too_small": shortest < SMALLEST_SIDE, "blank": asked["blank"] > EVEN_SCORE}
        return Suitability(tuple(code for code, holds in useless.items() if holds), (), asked)
    trained = shipped() if trained is None else trained
    asked |= _network_scores(sample, trained)
    against = [name for name in asked if asked[name] > trained.thresholds.get(name, EVEN_SCORE)]
    codes = tuple(_ordered(against))
    cautions = {
        "mirrored": not codes and "mirrored" in against,
        "small": shortest < SMALL_SIDE,
        "low_contrast": statistics.contrast(sample) < LOW_CONTRAST,
        "bordered": statistics.border_share(sample) >= BORDERED,
    }
    return Suitability(codes, tuple(code for code, holds in cautions.items() if holds), asked)


def _ordered(against: list[str]) -> list[str]:
    """Leave out what has no meaning beside a more basic reason."""
    found = [name for name in _ANOTHER_PICTURE if name in against]
    if found:
        return found
    # What a whole frontal chest shows is no measure of a lateral one.
    meaningless = {"cropped"} if "lateral" in against else set()
    asked = (*_ANOTHER_POSITION, *_ANOTHER_DISPLAY)
    return [name for name in asked if name in against and name not in meaningless]


def _statistics(sample: statistics.Sample) -> dict[str, float]:
    tone, slope = statistics.tone_share(sample), statistics.spectrum_slope(sample)
    return {
        "blank": _ramp(tone, 0.95, 1.0),
        "noise": _ramp(slope, -1.6, -0.8),
        "document": _ramp(tone, 0.55, 0.95),
        "exposure": _ramp(statistics.clipped_share(sample), 0.4, 0.8),
    }


def _ramp(value: float, nothing: float, certain: float) -> float:
    return min(1.0, max(0.0, (value - nothing) / (certain - nothing)))


@torch.inference_mode()
def _network_scores(sample: statistics.Sample, trained: Trained) -> dict[str, float]:
    thumbnail = equalize_histogram(squashed(sample, INPUT_SIDE))
    answers = scores(trained.network(thumbnail[None, None]))
    return {name: float(value[0]) for name, value in answers.items()}

"""Whether an image is an upright frontal chest radiograph, with reasons, cautions and scores.

A reason refuses the image; a caution is for whoever reads the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from numpy.typing import NDArray

from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.suitability import statistics
from monai_covid.preprocessing.suitability.network import (
    INPUT_SIDE,
    TURNS,
    Trained,
    question_scores,
    shipped_model,
)
from monai_covid.preprocessing.suitability.statistics import sample_of, squashed

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "too_small": "The image is smaller than 32 pixels.",
        "blank": "The image is blank: almost all of it has one grey value.",
        "noise": "The image is noise: it has no large structures.",
        "document": "The image looks like a document or a drawing: most of it has one grey value.",
        "other": "The image does not look like a chest radiograph.",
        "lateral": "The image looks like a lateral chest radiograph; a frontal one is needed.",
        "turned_90": "The image is turned by 90 degrees counter-clockwise.",
        "turned_180": "The image is upside-down: turned by 180 degrees.",
        "turned_270": "The image is turned by 90 degrees clockwise.",
        "inverted": "The grey values are inverted: bone must be bright and air dark.",
        "cropped": "The image shows only a part of the chest.",
        "exposure": "Most of the image is plain black or plain white: the exposure is not usable.",
    }
)
"""Why an image is refused."""

CAUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "mirrored": (
            "The heart seems to lie on the right side of the patient: the image is mirrored, or "
            "the patient has dextrocardia. The image alone cannot tell which."
        ),
        "small": "The image is smaller than 128 pixels; details are missing.",
        "low_contrast": "The image has little contrast.",
        "bordered": (
            "The image has bars of one grey value at its edges: a tenth of its area or more."
        ),
    }
)
"""What a reader should know of an image that is not refused for it."""

MIRRORED = 0.96
"""Score above which an image is said to be mirrored. Chosen on films of Shenzhen and COVID-CXNet,
of which one in a thousand is above it."""

SMALLEST_SIDE = 32
SMALL_SIDE = 128

EVEN_SCORE = 0.5
"""Score of a statistic above which an image is refused."""

LOW_CONTRAST = 0.25
BORDERED = 0.1
_ANOTHER_PICTURE = ("noise", "document", "other")
_ANOTHER_POSITION = ("lateral", *(f"turned_{degrees}" for degrees in TURNS if degrees))
_ANOTHER_DISPLAY = ("inverted", "cropped", "exposure")


@dataclass(frozen=True)
class Suitability:
    """Whether an image is an upright frontal chest radiograph.

    Attributes:
        codes: Keys of `REASONS` for which the image is refused; empty: it is suitable.
        caution_codes: Keys of `CAUTIONS`.
        scores: Score in [0, 1] of every check that was made; 1: certainly not suitable.
    """

    codes: tuple[str, ...]
    caution_codes: tuple[str, ...]
    scores: Mapping[str, float]

    @property
    def suitable(self) -> bool:
        """Whether the image is an upright frontal chest radiograph as far as is known."""
        return not self.codes

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the image is refused, in plain words; empty: it is suitable."""
        return tuple(REASONS[code] for code in self.codes)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader should know besides, in plain words."""
        return tuple(CAUTIONS[code] for code in self.caution_codes)


def assess(pixels: NDArray[Any], trained: Trained | None = None) -> Suitability:
    """Check whether ``pixels`` are an upright frontal chest radiograph.

    The answer stays the same when the grey values are multiplied by a positive number or shifted,
    and, but for small changes of the scores, when the image is scaled.

    Args:
        pixels: Grey values (H, W), larger is brighter, any scale.
        trained: The network and its thresholds; by default those that come with the package.

    Returns:
        Codes, cautions and scores. The position of an image that is not a chest radiograph is not
        judged.

    Raises:
        ValueError: ``pixels`` is not one grey image of finite numbers.
        WeightsError: The weights of the package are damaged.
    """
    sample = sample_of(pixels)
    scores = _statistics(sample)
    shortest = min(pixels.shape)
    if shortest < SMALLEST_SIDE or scores["blank"] > EVEN_SCORE:
        unusable = {
            "too_small": shortest < SMALLEST_SIDE,
            "blank": scores["blank"] > EVEN_SCORE,
        }
        return Suitability(tuple(code for code, holds in unusable.items() if holds), (), scores)
    trained = shipped_model() if trained is None else trained
    scores |= _network_scores(sample, trained)
    failed = [name for name in scores if scores[name] > trained.thresholds.get(name, EVEN_SCORE)]
    codes = tuple(_ordered(failed))
    cautions = {
        "mirrored": not codes and scores["mirrored"] > MIRRORED,
        "small": shortest < SMALL_SIDE,
        "low_contrast": statistics.contrast(sample) < LOW_CONTRAST,
        "bordered": statistics.border_share(sample) >= BORDERED,
    }
    return Suitability(codes, tuple(code for code, holds in cautions.items() if holds), scores)


def _ordered(failed: list[str]) -> list[str]:
    """Leave out what has no meaning beside a more basic reason."""
    basic = [name for name in _ANOTHER_PICTURE if name in failed]
    if basic:
        return basic
    # What a whole frontal chest shows is no measure of a lateral one.
    meaningless = {"cropped"} if "lateral" in failed else set()
    others = (*_ANOTHER_POSITION, *_ANOTHER_DISPLAY)
    return [name for name in others if name in failed and name not in meaningless]


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
    answers = question_scores(trained.network(thumbnail[None, None]))
    return {name: float(value[0]) for name, value in answers.items()}

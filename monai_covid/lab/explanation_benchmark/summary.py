"""Means over images with bootstrap intervals, and how two networks differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from monai_covid.evaluation.bootstrap import RESAMPLES, percentile_interval, resample
from monai_covid.evaluation.outcomes import FloatArray
from monai_covid.lab.explanation_benchmark.cases import LESION, TEXT
from monai_covid.lab.explanation_benchmark.networks import READS_TEXT, SEES_LESIONS

MEASURES = {
    f"mass_{LESION}": "Relevance in the lesion",
    f"rank_{LESION}": "Most relevant pixels in the lesion",
    f"mass_{TEXT}": "Relevance on text",
    f"rank_{TEXT}": "Most relevant pixels on text",
    "faithfulness": "Faithfulness (pixel flipping)",
    "same_head": "Similarity to maps of a random head",
    "same_all": "Similarity to maps of random weights",
}
"""Measures that are tabulated, by column of the table of ``measure``."""

CONTRASTS = {
    f"mass_{LESION}": (SEES_LESIONS, READS_TEXT),
    f"mass_{TEXT}": (READS_TEXT, SEES_LESIONS),
}
"""Measures by which a method must distinguish the networks: higher for the first of the two."""


FEWEST_IMAGES = 10
"""Images below which there is no interval: the resamples of so few say little."""


class Estimate(NamedTuple):
    """A mean over images.

    Attributes:
        mean: NaN where no image has a value.
        low: Lower bound of the 95 % interval, None with fewer than ten images.
        high: Upper bound, None with fewer than ten images.
        images: Images with a value.
    """

    mean: float
    low: float | None
    high: float | None
    images: int


def estimate(values: Sequence[float], images: Sequence[str], resamples: int, seed: int) -> Estimate:
    """Return the mean of values with a percentile bootstrap interval over images.

    Args:
        values: NaN where unknown.
        images: Image of each value; images are taken as independent of each other.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
    """
    numbers = np.asarray(values, dtype=np.float64)
    defined = ~np.isnan(numbers)
    if not defined.any():
        return Estimate(float("nan"), None, None, 0)
    filled = np.where(defined, numbers, 0.0)
    centre, count = float(filled.sum() / defined.sum()), int(defined.sum())
    if count < FEWEST_IMAGES:
        return Estimate(centre, None, None, count)

    def mean(weights: FloatArray) -> dict[str, FloatArray]:
        counted = weights @ defined
        total = weights @ filled
        return {"mean": np.divide(total, counted, np.full(len(counted), np.nan), where=counted > 0)}

    drawn = resample(mean, list(images), resamples, seed)["mean"]
    interval = percentile_interval(drawn)
    return Estimate(centre, interval.low, interval.high, count)


def summarise(table: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Return mean and interval of every measure.

    Args:
        table: Of ``measure``, with ``network`` where there are several.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        A row for each network, method and measure: mean, low, high, images.
    """
    keys = [key for key in ("network", "method") if key in table]
    rows = []
    for group, part in table.groupby(keys, sort=False):
        for column in (name for name in MEASURES if name in part):
            interval = estimate(part[column].tolist(), part["image"].tolist(), resamples, seed)
            rows.append(
                {**dict(zip(keys, group, strict=True)), "measure": column, **interval._asdict()}
            )
    return pd.DataFrame(rows)


def tell_apart(table: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """Return how far each method's maps differ between the two networks, image by image.

    Args:
        table: Of ``measure`` for both networks, with ``network``.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.

    Returns:
        A row for each method and measure: mean difference, low, high, images, and whether the
        interval lies above 0.
    """
    rows = []
    for method, part in table.groupby("method", sort=False):
        for column, (higher, lower) in CONTRASTS.items():
            wide = part.pivot(index="image", columns="network", values=column)
            difference = (wide[higher] - wide[lower]).tolist()
            interval = estimate(difference, list(wide.index), resamples, seed)
            is_higher = interval.low is not None and interval.low > 0
            row = {
                "method": method,
                "measure": column,
                **interval._asdict(),
                "told_apart": is_higher,
            }
            rows.append(row)
    return pd.DataFrame(rows)

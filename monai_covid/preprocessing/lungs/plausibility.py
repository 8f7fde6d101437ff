"""Whether two regions can be the lungs of an upright frontal chest radiograph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Limits:
    """Limits of plausibility.

    Attributes:
        aspect: Largest ratio of the longer to the shorter side of the image.
        greys: Fewest different grey values of an image.
        side: Fewest pixels of the shorter side.
        smaller_area: Least area of the smaller field, relative to the image.
        area: (Least, largest) area of both fields.
        balance: Least area of the smaller field relative to the larger one.
        overlap: Least part of the rows of the shorter field that the other one has, too.
        across: (Least, largest) horizontal position of the centre of both.
        along: The same for the vertical position.
        height: Least height of both together, relative to the image.
        cut: Greatest width at the upper or lower edge relative to the greatest width.
        certainty: Least certainty of the network about the pixels in question.
        chest_score: Least score of the network that this is a chest.
    """

    aspect: float = 2.5
    greys: int = 8
    side: int = 32
    smaller_area: float = 0.03
    area: tuple[float, float] = (0.09, 0.55)
    balance: float = 0.5
    overlap: float = 0.7
    across: tuple[float, float] = (0.33, 0.67)
    along: tuple[float, float] = (0.25, 0.62)
    height: float = 0.38
    cut: float = 0.4
    certainty: float = 0.7
    chest_score: float = 0.5


LIMITS = Limits()


class Measures(NamedTuple):
    """Measures of two regions in a square image; lengths and areas relative to the image.

    Attributes:
        smaller_area: Area of the smaller region.
        area: Area of both.
        balance: Area of the smaller region relative to the larger one.
        overlap: Rows that both have, relative to the rows of the shorter one.
        centre: (across, along) of both together: 0 is the left or upper edge, 1 the other.
        height: Rows that either region has.
        cut: Width at the upper or lower edge of the image relative to the greatest width.
        certainty: Mean of |2p - 1| of the network over all pixels whose p is above 0.1.
    """

    smaller_area: float
    area: float
    balance: float
    overlap: float
    centre: tuple[float, float]
    height: float
    cut: float
    certainty: float


def find_faults(measures: Measures, chest_score: float, limits: Limits = LIMITS) -> list[str]:
    """Return what makes two regions implausible, in plain words; empty if nothing does."""
    if measures.smaller_area < limits.smaller_area:
        return ["no two lung fields were found"]
    faults = [
        _outside("area of both lung fields", measures.area, *limits.area),
        _outside("ratio of their areas", measures.balance, limits.balance, 1.0),
        _outside("overlap of their heights", measures.overlap, limits.overlap, 1.0),
        _outside("horizontal position", measures.centre[0], *limits.across),
        _outside("vertical position", measures.centre[1], *limits.along),
        _outside("height", measures.height, limits.height, 1.0),
        _outside("width at the edge of the image", measures.cut, 0.0, limits.cut),
        _outside("certainty about the outline", measures.certainty, limits.certainty, 1.0),
        _outside("similarity to an upright frontal chest", chest_score, limits.chest_score, 1.0),
    ]
    return [fault for fault in faults if fault]


def _outside(name: str, value: float, low: float, high: float) -> str:
    if low <= value <= high:
        return ""
    return f"{name} {value:.2f} is not within {low:g} to {high:g}"


def measure(
    left: NDArray[np.bool_], right: NDArray[np.bool_], probabilities: NDArray[np.float32]
) -> Measures:
    """Return the measures of two regions (N, N) that were cut from ``probabilities`` (2, N, N)."""
    areas = sorted((float(left.mean()), float(right.mean())))
    rows = [set(np.flatnonzero(side.any(1)).tolist()) for side in (left, right)]
    shorter = max(1, min(map(len, rows)))
    both = left | right
    where = np.argwhere(both)
    centre = where.mean(axis=0) / len(left) if len(where) else np.full(2, 0.5)
    best = probabilities.max(axis=0)
    candidates = best[best > 0.1]
    return Measures(
        smaller_area=areas[0],
        area=sum(areas),
        balance=areas[0] / max(areas[1], 1e-9),
        overlap=len(rows[0] & rows[1]) / shorter,
        centre=(float(centre[1]), float(centre[0])),
        height=len(rows[0] | rows[1]) / len(left),
        cut=_cut(both),
        certainty=float(np.abs(2.0 * candidates - 1.0).mean()) if candidates.size else 0.0,
    )


def _cut(both: NDArray[np.bool_]) -> float:
    """Return how wide the regions are at the edges they reach, relative to their widest row."""
    widths = both.sum(axis=1)
    # Two rows, because the outermost pixels are the least certain ones.
    return float(max(*widths[:2], *widths[-2:]) / max(1, widths.max()))

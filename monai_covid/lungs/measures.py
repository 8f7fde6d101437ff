"""Numbers that tell whether two regions can be lungs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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

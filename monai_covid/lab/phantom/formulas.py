"""Array types and the small formulas that all parts of the phantom share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
"""Maps are float64: the last bit of ``exp`` depends on the processor, eight-bit pixels must not."""

BoolArray = NDArray[np.bool_]


def unit_range(values: FloatArray) -> FloatArray:
    """Return ``values`` limited to [0, 1]."""
    return np.minimum(1.0, np.maximum(0.0, values))


def smoothstep(
    start: float | FloatArray, end: float | FloatArray, values: FloatArray
) -> FloatArray:
    """Return 0 at ``start``, 1 at ``end`` and a smooth cubic between; ``start > end`` falls.

    Args:
        start: Value that becomes 0.
        end: Value that becomes 1.
        values: Any shape.

    Returns:
        Same shape, in [0, 1].
    """
    ramp: FloatArray = values - start
    ramp *= 1.0 / (end - start)
    np.maximum(ramp, 0.0, out=ramp)
    np.minimum(ramp, 1.0, out=ramp)
    curve: FloatArray = 3.0 - 2.0 * ramp
    curve *= ramp
    curve *= ramp
    return curve


def ellipse_chord(norm_squared: FloatArray) -> FloatArray:
    """Return the relative path length through an ellipsoid: 1 at its centre, 0 at the rim.

    Args:
        norm_squared: Squared distance from the centre in units of the radius.

    Returns:
        Same shape, in [0, 1].
    """
    rest: FloatArray = 1.0 - norm_squared
    np.maximum(rest, 0.0, out=rest)
    return np.sqrt(rest, out=rest)

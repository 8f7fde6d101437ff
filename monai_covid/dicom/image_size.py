"""Which image sizes are accepted, whatever the file format."""

from __future__ import annotations

MINIMUM_SIDE = 32
"""Pixels; anything smaller is an icon, not a radiograph."""

MAXIMUM_PIXELS = 80_000_000
"""Rows times columns. A 35 x 43 cm film at 0.05 mm has 60 million pixels."""


def size_problem(rows: int, columns: int) -> str | None:
    """Say what is wrong with an image of ``rows`` x ``columns`` pixels, or None if nothing is."""
    if min(rows, columns) < MINIMUM_SIDE:
        return (
            f"is {columns} x {rows} pixels (columns x rows); "
            f"at least {MINIMUM_SIDE} x {MINIMUM_SIDE} are needed"
        )
    if rows * columns > MAXIMUM_PIXELS:
        return (
            f"is {columns} x {rows} pixels (columns x rows), {rows * columns / 1e6:.0f} million; "
            f"at most {MAXIMUM_PIXELS / 1e6:.0f} million are read"
        )
    return None

"""What is known about the lungs in one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LungFields:
    """The lung fields of one image.

    Sides are those of the image, not of the patient: an image may have been mirrored.

    Attributes:
        left: (H, W) bool, the field on the left of the image; may be empty.
        right: (H, W) bool, the field on the right of the image; may be empty.
        plausible: Whether these look like the two lungs of an upright frontal chest radiograph.
        reason: Why not, in plain words, all reasons in one text; empty if plausible.
        chest_score: How sure the network is that this is an upright frontal chest, 0 to 1; not a
            calibrated probability.
    """

    left: NDArray[np.bool_]
    right: NDArray[np.bool_]
    plausible: bool
    reason: str
    chest_score: float

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Both fields, (H, W) bool."""
        both: NDArray[np.bool_] = self.left | self.right
        return both

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Rows and columns (top, bottom, first, last + 1) around both; None without lungs."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        if not rows.size:
            return None
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1

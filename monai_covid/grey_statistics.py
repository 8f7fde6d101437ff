"""Statistics of ImageNet by which grey values are standardised."""

from __future__ import annotations

GREY_MEAN = 0.449
"""Mean of the three channel means of ImageNet."""

GREY_DEVIATION = 0.226
"""Mean of the three channel standard deviations of ImageNet."""

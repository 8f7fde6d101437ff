"""How good a relevance map is: where it lies, what it is worth to the network, what it hangs on."""

from monai_covid.explain.quality.flipping import Flipping, flip
from monai_covid.explain.quality.localisation import mass_accuracy, rank_accuracy
from monai_covid.explain.quality.random_map import RandomMap
from monai_covid.explain.quality.randomisation import Part, randomised, rank_correlation

__all__ = [
    "Flipping",
    "Part",
    "RandomMap",
    "flip",
    "mass_accuracy",
    "randomised",
    "rank_accuracy",
    "rank_correlation",
]

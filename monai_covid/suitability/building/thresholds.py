"""Thresholds that refuse few of the right images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.suitability.building.placement import equalised
from monai_covid.suitability.network import INPUT_SIDE, SuitabilityNetwork, scores
from monai_covid.transforms.resize import resize_to_square

LOWEST = 0.5
FALSE_REFUSALS = 0.01


@torch.inference_mode()
def scores_of_bases(
    network: SuitabilityNetwork, bases: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Return the scores (N,) of each question for squares (N, 128, 128)."""
    thumbnails = resize_to_square(torch.from_numpy(bases), INPUT_SIDE)[:, None]
    answers = scores(network(equalised(thumbnails)))
    return {name: value.double().numpy() for name, value in answers.items()}


def choose_thresholds(
    found: Mapping[str, NDArray[np.float64]], most: float = FALSE_REFUSALS
) -> dict[str, float]:
    """Return the lowest threshold of each question that refuses no more than ``most`` in all.

    The images that fail worst, ``most`` of all of them, are given up; each threshold is the
    highest score of the others, but at least one half.

    Args:
        found: Scores (N,) in [0, 1] of each question for images that nothing speaks against.
        most: Share of the images that may be refused over all questions, in [0, 1).
    """
    table = np.stack(list(found.values()))
    kept = np.argsort(table.max(axis=0), kind="stable")[
        : table.shape[1] - int(most * table.shape[1])
    ]
    highest = table[:, kept].max(axis=1)
    return {name: max(LOWEST, float(top)) for name, top in zip(found, highest, strict=True)}

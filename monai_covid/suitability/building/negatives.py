"""The synthetic pictures that are no frontal chest radiograph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monai_covid.data.phantom.arrays import FloatArray
from monai_covid.suitability.building import pages, projections, slices, textures
from monai_covid.suitability.building.collection import BASE_SIDE
from monai_covid.suitability.building.lateral import lateral_chest
from monai_covid.suitability.building.montage import fragment, jigsaw, panels

Maker = Callable[[np.random.Generator, int], FloatArray]

MAKERS: tuple[Maker, ...] = (
    textures.power_noise,
    textures.dead_leaves,
    textures.dead_leaves,
    textures.object_on_background,
    textures.object_on_background,
    textures.landscape,
    textures.landscape,
    textures.gradient,
    pages.page,
    projections.limb,
    projections.hand,
    projections.skull,
    projections.pelvis,
    projections.anything,
    projections.anything,
    slices.chest_slice,
    slices.abdomen_slice,
    slices.head_slice,
    slices.ultrasound,
)
"""Which picture is drawn; twice where there is more variety."""


def others(seed: int, count: int) -> NDArray[np.float32]:
    """Return ``count`` pictures (N, 128, 128) float32 in [0, 1] of something else."""
    random = np.random.default_rng(seed)
    pictures = [MAKERS[number % len(MAKERS)](random, BASE_SIDE) for number in range(count)]
    return np.stack(pictures).astype(np.float32)


def laterals(seed: int, count: int) -> NDArray[np.float32]:
    """Return ``count`` synthetic lateral chests (N, 128, 128) float32 in [0, 1]."""
    random = np.random.default_rng(seed)
    return np.stack([lateral_chest(random, BASE_SIDE) for _ in range(count)]).astype(np.float32)


def montages(seed: int, count: int, chests: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``count`` pictures (N, 128, 128) pieced together from ``chests`` (M, 128, 128)."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        first, second = (chests[i] for i in random.integers(0, len(chests), 2))
        if number % 4 == 0:
            made.append(panels(random, first, second))
        elif number % 4 == 1:
            made.append(fragment(random, first))
        else:
            made.append(jigsaw(random, first))
    return np.stack(made).astype(np.float32)

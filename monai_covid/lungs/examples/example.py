"""One training example from its number alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monai_covid.lungs.examples.chest import Chest, draw_chest
from monai_covid.lungs.examples.clutter import add_clutter
from monai_covid.lungs.examples.exposure import expose_chest
from monai_covid.lungs.examples.geometry import draw_placement, sample
from monai_covid.lungs.examples.strangers import draw_stranger, turn_away
from monai_covid.lungs.prepare import INPUT_SIZE, prepare

VIEWS_PER_CHEST = 8
"""Examples that are made of one chest, which takes as long to draw as they do."""

SHARE_TURNED = 0.16
SHARE_STRANGE = 0.14


class Example(NamedTuple):
    """What the network sees and should say.

    Attributes:
        image: (C, N, N) float32, see `prepare`.
        fields: (2, N, N) float32, 1 in the lung field on the left and on the right of the image;
            all 0 where ``is_chest`` is 0.
        is_chest: 1 for an upright frontal chest radiograph, else 0.
    """

    image: NDArray[np.float32]
    fields: NDArray[np.float32]
    is_chest: float


def draw_examples(seed: int, number: int) -> list[Example]:
    """Return ``VIEWS_PER_CHEST`` examples; nothing but the arguments decides what they are.

    Args:
        seed: Seed of the training.
        number: Number of the chest.
    """
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    chest = draw_chest(random)
    return [_draw_example(chest, random) for _ in range(VIEWS_PER_CHEST)]


def _draw_example(chest: Chest, random: np.random.Generator) -> Example:
    nothing = np.zeros((2, INPUT_SIZE, INPUT_SIZE), dtype=np.float32)
    if random.random() < SHARE_STRANGE:
        image = add_clutter(draw_stranger(random, INPUT_SIZE), random)
        return Example(prepare(image), nothing, 0.0)
    image, fields = draw_view(chest, random)
    if random.random() < SHARE_TURNED:
        return Example(prepare(turn_away(image, random)), nothing, 0.0)
    return Example(prepare(image), fields, 1.0)


def draw_view(
    chest: Chest, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a radiograph (N, N) in [0, 1] of ``chest`` and its lung fields (2, N, N)."""
    maps = sample(np.stack(chest), draw_placement(random, INPUT_SIZE))
    if random.random() < 0.5:
        maps = maps[:, :, ::-1].copy()
        maps[-2:] = maps[:-3:-1].copy()  # the sides are those of the image
    placed = Chest(*maps)
    image = add_clutter(expose_chest(placed, random), random)
    return image, (maps[-2:] > 0.5).astype(np.float32)

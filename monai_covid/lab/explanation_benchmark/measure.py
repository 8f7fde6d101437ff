"""Every measure of every method on every image."""

from __future__ import annotations

import logging
import time
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from monai_covid.explain.explainer import Explainer
from monai_covid.explain.methods import METHODS, PixelRange, make_explainer
from monai_covid.explain.quality import (
    Part,
    RandomMap,
    mass_accuracy,
    pixel_flipping,
    randomised,
    rank_accuracy,
    rank_correlation,
)
from monai_covid.lab.explanation_benchmark.cases import Cases

logger = logging.getLogger(__name__)

RANDOM = "random"
"""The control among the methods."""

CHUNK = 8
RANDOMISATIONS = 3
RANDOMISED_PARTS: tuple[Part, ...] = ("head", "all")


def titles() -> dict[str, str]:
    """Return the name for people of each method, the control last."""
    return {**{name: method.title for name, method in METHODS.items()}, RANDOM: "Random maps"}


def predicted(network: nn.Module, images: Tensor) -> Tensor:
    """Return the most probable class of each image, ``(N,)``."""
    with torch.no_grad():
        return torch.cat([network(part).argmax(1) for part in torch.split(images, CHUNK)])


def measure(
    network: nn.Module,
    cases: Cases,
    pixels: PixelRange,
    method: str,
    *,
    randomised_images: int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Explain the predicted class of each image against the others, and measure the maps.

    Args:
        network: In evaluation mode; its classes are mutually exclusive.
        cases: The images.
        pixels: Range of the network's input.
        method: One of ``METHODS``, or ``random``.
        randomised_images: Images of the randomisation check, which takes long; they are drawn. None
            for all.
        seed: Of all that is drawn.

    Returns:
        A row for each image: ``method``, ``image``, ``mass_NAME`` and ``rank_NAME`` for each mask,
        ``faithfulness``, ``most_00`` ... and ``least_00`` ... (curves of probability),
        ``same_head`` and ``same_all`` (size of the rank correlation with maps of networks with
        random weights, mean of three; NaN where not measured), ``seconds`` for a map.
    """
    targets = predicted(network, cases.images)
    make = partial(_explainer, method, pixels, RandomMap(seed))
    started = time.monotonic()
    maps = make(network).attribute(cases.images, targets, contrast=True)
    seconds = (time.monotonic() - started) / len(maps)
    columns = {**_localisation(maps, cases), **_faithfulness(network, cases, maps, targets)}
    drawn = _draw_images(len(maps), randomised_images, seed)
    for part in RANDOMISED_PARTS:
        correlations = [
            _similarity(make(randomised(network, part, number)), cases.images, targets, maps, drawn)
            for number in range(RANDOMISATIONS)
        ]
        columns[f"same_{part}"] = np.mean(correlations, axis=0)
    logger.info("%s: %.2f s a map", titles()[method], seconds)
    table = pd.DataFrame({"method": method, "image": cases.names, **columns})
    return table.assign(seconds=seconds)


def _explainer(
    method: str, pixels: PixelRange, control: RandomMap, network: nn.Module
) -> Explainer:
    return control if method == RANDOM else make_explainer(method, network, pixels, CHUNK)


def _draw_images(images: int, count: int | None, seed: int) -> Tensor:
    """Return the indices of the images of the randomisation check."""
    order = torch.randperm(images, generator=torch.Generator().manual_seed(seed))
    return order[: images if count is None else count].sort().values


def _similarity(
    explainer: Explainer, images: Tensor, targets: Tensor, maps: Tensor, drawn: Tensor
) -> np.ndarray:
    """Return the size of the rank correlation for the images ``drawn``, NaN for the others."""
    other_maps = explainer.attribute(images[drawn], targets[drawn], contrast=True)
    same = np.full(len(images), np.nan)
    # A random head turns maps around at random, so that the sign means nothing.
    same[drawn.numpy()] = rank_correlation(maps[drawn], other_maps).abs().numpy()
    return same


def _localisation(maps: Tensor, cases: Cases) -> dict[str, np.ndarray]:
    columns = {}
    for name, mask in cases.masks.items():
        columns[f"mass_{name}"] = mass_accuracy(maps, mask).double().numpy()
        columns[f"rank_{name}"] = rank_accuracy(maps, mask).double().numpy()
    return columns


def _faithfulness(
    network: nn.Module, cases: Cases, maps: Tensor, targets: Tensor
) -> dict[str, np.ndarray]:
    chunks = (torch.split(values, CHUNK) for values in (cases.images, maps, targets))
    flipped = [pixel_flipping(network, *chunk) for chunk in zip(*chunks, strict=True)]
    columns = {"faithfulness": torch.cat([curves.faithfulness() for curves in flipped]).numpy()}
    for name, probabilities in (
        ("most", torch.cat([curves.most_first for curves in flipped])),
        ("least", torch.cat([curves.least_first for curves in flipped])),
    ):
        columns |= {
            f"{name}_{step:02d}": column.numpy() for step, column in enumerate(probabilities.T)
        }
    return columns

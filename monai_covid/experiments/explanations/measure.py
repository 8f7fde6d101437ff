"""Every measure of every method on every image."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from monai_covid.experiments.explanations.cases import Cases
from monai_covid.explain import METHODS, Explainer, PixelRange, make_explainer
from monai_covid.explain.quality import (
    Part,
    RandomMap,
    flip,
    mass_accuracy,
    randomised,
    rank_accuracy,
    rank_correlation,
)

logger = logging.getLogger(__name__)

RANDOM = "random"
"""The control among the methods."""

CHUNK = 8
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
    methods: Sequence[str] | None = None,
    randomised_images: int | None = None,
) -> pd.DataFrame:
    """Explain the predicted class of each image against the others, and measure the maps.

    Args:
        network: In evaluation mode; its classes exclude each other.
        cases: The images.
        pixels: Range of the network's input.
        methods: Of ``METHODS`` or ``random``; None for all.
        randomised_images: Images of the randomisation check, which takes long; None for all.

    Returns:
        A row for each method and image: ``method``, ``image``, ``mass_NAME`` and ``rank_NAME`` for
        each mask, ``faithfulness``, ``most_00`` ... and ``least_00`` ... (curves of probability),
        ``same_head`` and ``same_all`` (rank correlation with the map of a network with random
        weights; NaN where not measured), ``seconds`` for a map.
    """
    targets = predicted(network, cases.images)
    control = RandomMap()
    few = len(cases.names) if randomised_images is None else randomised_images
    others = {part: randomised(network, part) for part in RANDOMISED_PARTS}
    tables = []
    for method in titles() if methods is None else methods:
        make = partial(_explainer, method, pixels, control)
        started = time.monotonic()
        maps = make(network).attribute(cases.images, targets, contrast=True)
        seconds = (time.monotonic() - started) / len(maps)
        columns = {**_localisation(maps, cases), **_faithfulness(network, cases, maps, targets)}
        for part, other in others.items():
            there = make(other).attribute(cases.images[:few], targets[:few], contrast=True)
            columns[f"same_{part}"] = _similarity(maps, there)
        table = pd.DataFrame({"method": method, "image": cases.names, **columns})
        tables.append(table.assign(seconds=seconds))
        logger.info("%s: %.2f s a map", titles()[method], seconds)
    return pd.concat(tables, ignore_index=True)


def _explainer(
    method: str, pixels: PixelRange, control: RandomMap, network: nn.Module
) -> Explainer:
    return control if method == RANDOM else make_explainer(method, network, pixels, CHUNK)


def _similarity(maps: Tensor, there: Tensor) -> np.ndarray:
    """Return the rank correlations of the first maps, and NaN for the others."""
    same = np.full(len(maps), np.nan)
    same[: len(there)] = rank_correlation(maps[: len(there)], there).numpy()
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
    parts = zip(*(torch.split(each, CHUNK) for each in (cases.images, maps, targets)), strict=True)
    found = [flip(network, *part) for part in parts]
    columns = {"faithfulness": torch.cat([each.faithfulness() for each in found]).numpy()}
    for name, curves in (
        ("most", torch.cat([each.most_first for each in found])),
        ("least", torch.cat([each.least_first for each in found])),
    ):
        columns |= {f"{name}_{step:02d}": column.numpy() for step, column in enumerate(curves.T)}
    return columns

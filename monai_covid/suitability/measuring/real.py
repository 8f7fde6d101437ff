"""Real chest radiographs that nothing was built from, as they are and spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monai_covid.suitability.building.collection import HELD_OUT_FOLD

Pixels = NDArray[np.float32]


def held_out_sets(data: Path) -> dict[str, list[Path]]:
    """Return the images to measure on by set: covid fold 0 by class, the nih test list, extra.

    Args:
        data: Folder with ``covid``, ``covid_extra`` and ``nih``.
    """
    covid = pd.read_csv(data / "covid" / "metadata.csv", dtype=str)
    covid = covid[covid["fold"] == HELD_OUT_FOLD]
    extra = pd.read_csv(data / "covid_extra" / "metadata.csv", dtype=str)
    test = (data / "nih" / "test_list.txt").read_text().split()
    names = {
        f"covid fold 0, {label}": _paths(
            data / "covid", covid.loc[covid["label"] == label, "image"]
        )
        for label in ("covid19", "pneumonia", "normal")
    }
    return names | {
        "nih test list": _paths(data / "nih", test),
        "covid_extra": _paths(data / "covid_extra", extra["image"]),
    }


def _paths(folder: Path, names: pd.Series | list[str]) -> list[Path]:
    return [folder / "images" / name for name in names]


def upper_left(pixels: Pixels) -> Pixels:
    """Return the upper left quarter of the area."""
    height, width = pixels.shape
    return pixels[: height // 2, : width // 2]


def middle(pixels: Pixels) -> Pixels:
    """Return the middle quarter of the area."""
    height, width = pixels.shape
    return pixels[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4]


def bottom_third(pixels: Pixels) -> Pixels:
    """Return the lowest third."""
    return pixels[pixels.shape[0] * 2 // 3 :]


def shuffled(pixels: Pixels) -> Pixels:
    """Return the pixels in another order: noise with the grey values of a chest."""
    mixed: Pixels = np.random.default_rng(0).permutation(pixels.ravel()).reshape(pixels.shape)
    return mixed


SPOILT: Mapping[str, Callable[[Pixels], Pixels]] = MappingProxyType(
    {
        "turned by 90": np.rot90,
        "turned by 180": lambda pixels: np.rot90(pixels, 2),
        "turned by 270": lambda pixels: np.rot90(pixels, 3),
        "inverted": lambda pixels: pixels.max() + pixels.min() - pixels,
        "upside-down (flipped)": lambda pixels: pixels[::-1],
        "cut to a corner": upper_left,
        "cut to the middle": middle,
        "cut to the lowest third": bottom_third,
        "pixels shuffled": shuffled,
    }
)
"""What is done to right images so that they must be refused."""

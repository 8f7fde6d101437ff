"""The files that are written for one image."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import atomic_path
from monai_covid.data.image_formats import detect_format, without_suffix
from monai_covid.data.images import read_image
from monai_covid.data.nifti import nifti_like
from monai_covid.evaluation.plots.style import save_png
from monai_covid.explain.methods import METHODS
from monai_covid.explain.pictures.blend import FloatMap, display_grey
from monai_covid.explain.pictures.figures import ClassMap, draw_map, draw_overlay, draw_panel
from monai_covid.explain.pictures.grid import scaled_box, smoothed, to_image_grid
from monai_covid.inference.explaining import Explanation, Question
from monai_covid.labels import display_name
from monai_covid.models.model_file import ModelInfo

SMOOTHING = 2.0
"""Standard deviation in pixels of the network's input; of the pictures, not of the values."""

SHOWN_SIDE = 1024
"""Longer side of a displayed radiograph in pixels."""

DPI = 160


LONGEST_STEM = 160
"""Bytes in UTF-8, so that a file name with class and suffix has less than 255."""

_UNUSUAL = re.compile(r"[^\w.()+-]")


class Picture(NamedTuple):
    """An image and what was found in it.

    Attributes:
        path: File.
        stem: Start of the names of its files.
        probabilities: Of each label of the network, ``(L,)``.
        explanation: Its maps.
    """

    path: str
    stem: str
    probabilities: Sequence[float]
    explanation: Explanation


def unique_stems(names: Sequence[str]) -> list[str]:
    """Return a file name without suffix for each image name.

    The name of the file where no other image has it; else with its suffix (``a.png``: ``a_png``),
    then with its folders (``x/a.png``: ``x__a_png``), then with a number. Spaces and signs other
    than ``._-+()`` become ``_``; of long names the end is kept.
    """
    parts = [
        [_UNUSUAL.sub("_", part) for part in PurePath(name).parts if part not in ("/", "..")]
        for name in names
    ]
    choices = [
        [without_suffix(each[-1]), each[-1].replace(".", "_"), "__".join(each).replace(".", "_")]
        for each in parts
    ]
    common = Counter(choice.casefold() for each in choices for choice in set(each))
    taken: set[str] = set()
    stems = []
    for each in choices:
        stem = next((choice for choice in each if common[choice.casefold()] == 1), each[-1])
        stem = stem.encode()[-LONGEST_STEM:].decode(errors="ignore")
        number, candidate = 1, stem
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{stem}_{number}"
        taken.add(candidate.casefold())
        stems.append(candidate)
    return stems


class HeatmapFiles:
    """Writes the pictures and values of images.

    Args:
        folder: Where to.
        info: What the network is.
        question: What was asked.
        smoothing: Standard deviation by which pictures are smoothed, in pixels of the input.
        arrays: Whether the values are written as NumPy arrays as well.
    """

    def __init__(
        self,
        folder: Path,
        info: ModelInfo,
        question: Question,
        *,
        smoothing: float = SMOOTHING,
        arrays: bool = False,
    ) -> None:
        """Note where to write."""
        self.folder = folder
        self.info = info
        self.question = question
        self.smoothing = smoothing
        self.arrays = arrays

    def write(self, picture: Picture) -> list[str]:
        """Write the files of an image, each whole or not at all; return their names.

        Raises:
            ImageReadError: If the image cannot be read (any more).
        """
        pixels = read_image(picture.path)
        chosen = picture.explanation.chosen
        label = _UNUSUAL.sub("_", self.info.labels[chosen])
        made = self._pictures(picture, pixels)
        names = []
        for kind, figure in made.items():
            part = "" if kind == "panel" else f"_{label}"
            names.append(f"{picture.stem}{part}_{kind}.png")
            save_png(figure, self.folder / names[-1], dpi=DPI)
        for suffix, content in self._values(picture, pixels.shape).items():
            names.append(f"{picture.stem}_{label}_relevance{suffix}")
            with atomic_path(self.folder / names[-1]) as temporary:
                temporary.write_bytes(content)
        return names

    def _pictures(self, picture: Picture, pixels: FloatMap) -> Mapping[str, Figure]:
        grey = display_grey(_reduced(pixels))
        shape = (grey.shape[0], grey.shape[1])
        box = picture.explanation.box
        if box is not None:
            box = scaled_box(box, (pixels.shape[0], pixels.shape[1]), shape)
        maps = {
            index: ClassMap(
                display_name(self.info.labels[index]),
                float(picture.probabilities[index]),
                to_image_grid(smoothed(values, self.smoothing), shape, box),
            )
            for index, values in picture.explanation.maps.items()
        }
        title = METHODS[self.question.method].title
        chosen = maps[picture.explanation.chosen]
        in_order = [maps[index] for index in sorted(maps)]
        return {
            "map": draw_map(chosen, title, self._subtitle("class")),
            "overlay": draw_overlay(grey, chosen, title, self._subtitle("class")),
            "panel": draw_panel(grey, in_order, title, self._subtitle("each class")),
        }

    def _subtitle(self, what: str) -> str:
        asked = f"{what} against the others" if self.question.contrast else f"{what} alone"
        drawn = f"; smoothed by {self.smoothing:g} px of the input" if self.smoothing else ""
        return asked + drawn

    def _values(self, picture: Picture, shape: tuple[int, ...]) -> Mapping[str, bytes]:
        made = {}
        values, box = picture.explanation.maps[picture.explanation.chosen], picture.explanation.box
        if detect_format(Path(picture.path)) == "nifti":
            placed = to_image_grid(values, (shape[0], shape[1]), box)
            made[".nii.gz"] = nifti_like(picture.path, placed, f"Relevance. {RESEARCH_USE_ONLY}")
        if self.arrays:
            stream = io.BytesIO()
            np.save(stream, values)
            made[".npy"] = stream.getvalue()
        return made


def _reduced(pixels: FloatMap) -> FloatMap:
    """Return an image with at most ``SHOWN_SIDE`` pixels along its longer side."""
    image = Image.fromarray(pixels)
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.BILINEAR)
    reduced: FloatMap = np.asarray(image, dtype=np.float32)
    return reduced

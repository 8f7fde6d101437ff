"""The model on whole images, without lungs, and on lungs alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from monai_covid.audits.shortcuts.blanking import lungs_alone, without_hull, without_rectangle
from monai_covid.data.images import read_image
from monai_covid.data.records import Records
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.evaluation.predictions import multiclass_table
from monai_covid.inference.classifier import ImageClassifier
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import prepare_pixels
from monai_covid.preprocessing.region import find_region

Pixels = NDArray[Any]


class Lungs(Protocol):
    """What a finder of lungs returns; see ``monai_covid.preprocessing.lungs``."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(H, W), True in the lungs."""

    @property
    def plausible(self) -> bool:
        """Whether the mask can be trusted."""

    @property
    def reason(self) -> str:
        """Why not."""


Finder = Callable[[Pixels], Lungs]


class Part(NamedTuple):
    """A version of every image.

    Attributes:
        title: Name on the page.
        change: Turns image and lung mask, both (H, W), into the version.
    """

    title: str
    change: Callable[[Pixels, NDArray[np.bool_]], Pixels]


def unchanged(pixels: Pixels, lungs: NDArray[np.bool_]) -> Pixels:
    """Return the image as it is."""
    return pixels


WHOLE_IMAGE = "whole"
WITHOUT_LUNGS = ("without_hull", "without_rectangle")

PARTS: Mapping[str, Part] = {
    WHOLE_IMAGE: Part("Whole image", unchanged),
    "without_hull": Part("Without lungs (hull)", without_hull),
    "without_rectangle": Part("Without lungs (rectangle)", without_rectangle),
    "lungs_alone": Part("Lungs alone", lungs_alone),
}


@dataclass(frozen=True)
class PartPredictions:
    """The model's predictions for every version of the images with plausible lungs.

    Attributes:
        tables: Predictions table of each of ``PARTS``; the same images in the same order. Empty if
            no image has plausible lungs.
        left_out: Images without plausible lungs, counted by reason.
    """

    tables: Mapping[str, pd.DataFrame]
    left_out: Mapping[str, int]


def predict_parts(
    records: Records,
    classifier: ImageClassifier,
    find: Finder,
    batch_size: int,
    *,
    progress: bool = False,
) -> PartPredictions:
    """Classify every version of images that the model was not trained on.

    Lungs are hidden in the grey values of the file, before equalisation, so that not even their
    histogram reaches the network. A network that was trained on a region of the images, such as the
    lungs' rectangle, is given the same region of every version.

    Args:
        records: The images.
        classifier: The model.
        find: Finds the lungs of an image (H, W), larger is brighter.
        batch_size: Versions that pass the network together, at least.
        progress: Whether a progress bar is shown.

    Raises:
        InputError: If images cannot be read; names all of them.
    """
    is_plausible = np.zeros(len(records), dtype=bool)
    reasons: Counter[str] = Counter()
    waiting: list[torch.Tensor] = []
    rows = [np.zeros((0, len(records.labels)))]
    images = tqdm(
        _images(records), "Lungs hidden", len(records), unit="image", disable=not progress
    )
    for place, pixels in enumerate(images):
        lungs = find(pixels)
        if not lungs.plausible:
            reasons[lungs.reason or "no reason given"] += 1
            continue
        is_plausible[place] = True
        waiting += _versions(classifier.info, pixels, lungs.mask)
        if len(waiting) >= batch_size:
            rows.append(_classify(classifier, waiting))
            waiting = []
    if waiting:
        rows.append(_classify(classifier, waiting))
    if not is_plausible.any():
        return PartPredictions({}, dict(reasons))
    tables = _tables(records.select(is_plausible), np.concatenate(rows))
    return PartPredictions(tables, dict(reasons))


def _images(records: Records) -> Iterator[Pixels]:
    """Yield every image; at the end all that cannot be read are named together."""
    problems = []
    for path in records.paths:
        try:
            pixels = read_image(Path(path))
        except ImageReadError as error:
            problems.append(Problem(records.file, None, str(error)))
            continue
        yield pixels
    if problems:
        raise InputError(problems)


def _versions(info: ModelInfo, pixels: Pixels, lungs: NDArray[np.bool_]) -> list[torch.Tensor]:
    region = find_region(pixels, info.preprocessing)
    settings = (info.image_size, info.channels, info.preprocessing)
    return [
        prepare_pixels(part.change(pixels, lungs), *settings, region).image
        for part in PARTS.values()
    ]


def _classify(classifier: ImageClassifier, images: list[torch.Tensor]) -> NDArray[np.float64]:
    return classifier.probabilities(torch.stack(images)).double().numpy()


def _tables(records: Records, probabilities: NDArray[np.float64]) -> dict[str, pd.DataFrame]:
    """Return a table of each version; ``probabilities`` has all versions image by image."""
    names, patients = records.frame["image"].tolist(), records.patients.tolist()
    return {
        part: multiclass_table(
            names, patients, records.classes, probabilities[place :: len(PARTS)], records.labels
        )
        for place, part in enumerate(PARTS)
    }

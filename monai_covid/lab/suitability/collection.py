"""The chest radiographs that the network is trained on, as squares of grey values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from monai_covid.data.images import read_image
from monai_covid.lab.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS, NIH_FINDINGS
from monai_covid.preprocessing.suitability.statistics import sample_of, squashed

BASE_SIDE = 128
HELD_OUT_FOLD = "0"

UPSIDE_DOWN = "00003490_011.jpg"
"""A known fault of the collection; kept out so that nothing learns it as right."""


class Chests(NamedTuple):
    """Upright frontal chest radiographs.

    Attributes:
        bases: (N, 128, 128) float32 in [0, 1].
        patients: N names, by which folds are made.
        weights: (N,) how often each is drawn, relative to the others.
    """

    bases: NDArray[np.float32]
    patients: tuple[str, ...]
    weights: NDArray[np.float64]


def read_base(path: Path) -> NDArray[np.float32]:
    """Return the image in ``path``, squashed to (128, 128)."""
    return squashed(sample_of(read_image(path)), BASE_SIDE).numpy()


def building_images(data: Path, left_out: Sequence[str] = ()) -> pd.DataFrame:
    """List the real images to build from: ``path``, ``patient``, ``label``.

    Folds 1 to 4 of ``covid`` and the official training list of ``nih``, each image once, without
    the patients of fold 0, of the official test list and of ``left_out``.

    Args:
        data: Folder with ``covid`` and ``nih``.
        left_out: Patients such as ``nih-00061`` that are measured on elsewhere.
    """
    covid = pd.read_csv(data / "covid" / "metadata.csv", dtype=str)
    covid["path"] = [str(data / "covid" / "images" / name) for name in covid["image"]]
    covid = covid.rename(columns={"patient_id": "patient"})
    test = (data / "nih" / "test_list.txt").read_text().split()
    train = (data / "nih" / "train_val_list.txt").read_text().split()
    nih = pd.DataFrame({"image": train, "label": "nih"})
    nih["patient"] = [nih_patient(name) for name in train]
    nih["path"] = [str(data / "nih" / "images" / name) for name in train]
    measured = set(covid.loc[covid["fold"] == HELD_OUT_FOLD, "patient"]) | set(left_out)
    measured |= {nih_patient(name) for name in test}
    both = pd.concat([covid, nih]).drop_duplicates("image")
    keep = ~both["patient"].isin(measured) & (both["image"] != UPSIDE_DOWN)
    return both.loc[keep, ["path", "patient", "label"]].reset_index(drop=True)


def nih_patient(name: str) -> str:
    """Return the patient of an image of ChestX-ray14 as ``covid`` writes it."""
    return f"nih-{name.split('_', maxsplit=1)[0][-5:]}"


def real_chests(images: pd.DataFrame, covid_weight: float = 6.0) -> Chests:
    """Read the images of `building_images`.

    Args:
        images: Rows with ``path``, ``patient``, ``label``.
        covid_weight: Weight of a COVID-19 image; few, but the only ones from many hospitals.
    """
    weights = np.where(images["label"] == "covid19", covid_weight, 1.0)
    bases = np.stack([read_base(Path(path)) for path in images["path"]])
    return Chests(bases, tuple(images["patient"]), weights)


def phantom_chests(seed: int, count: int) -> Chests:
    """Return ``count`` phantom radiographs of all classes and shapes, one of each patient."""
    options = PhantomOptions(size=BASE_SIDE, vary_shape=True)
    random = np.random.default_rng(seed)
    bases = []
    for index in range(count):
        if index % 2:
            label = COVID_LABELS[index // 2 % len(COVID_LABELS)]
            pixels = generate_covid_case(seed, index, label, options).pixels
        else:
            drawn = random.choice(NIH_FINDINGS, int(random.integers(0, 4)), replace=False)
            pixels = generate_nih_case(seed, index, [str(name) for name in drawn], options).pixels
        bases.append(squashed(sample_of(pixels), BASE_SIDE).numpy())
    names = tuple(f"phantom-{index}" for index in range(count))
    return Chests(np.stack(bases), names, np.ones(count))


def assign_patient_folds(patients: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold (N,) of each image; all images of a patient are in one."""
    names = sorted(set(patients))
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[index]: place % folds for place, index in enumerate(order.tolist())}
    return np.array([fold_of[name] for name in patients])


def empty_chests() -> Chests:
    """Return no radiographs."""
    none = torch.empty(0, BASE_SIDE, BASE_SIDE).numpy()
    return Chests(none, (), np.empty(0))

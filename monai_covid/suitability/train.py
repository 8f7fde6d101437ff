"""``python -m monai_covid.suitability.train``: build the weights that come with the package.

Needs the folder of real images with ``covid`` and ``nih`` (docs/how-to/real-data.md). Three
quarters of the patients train the network, the others choose the thresholds; the folds and lists
that are measured on are left out of both. Set OMP_NUM_THREADS=1 to get the same file again.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monai_covid.suitability.building.batches import make_pool
from monai_covid.suitability.building.collection import (
    Chests,
    building_images,
    patients_folds,
    phantom_chests,
    real_chests,
)
from monai_covid.suitability.building.fit import fit
from monai_covid.suitability.building.thresholds import choose_thresholds, scores_of_bases
from monai_covid.suitability.weights import WEIGHTS_FILE, Trained, save_trained

logger = logging.getLogger(__name__)

REFUSING = ("other", "lateral", "turned_90", "turned_180", "turned_270", "inverted", "cropped")
MEASURED_ELSEWHERE = ("nih-03015", "nih-12628", "nih-09144")
"""Patients of the DICOM samples."""


def main(arguments: list[str] | None = None) -> None:
    """Train, choose thresholds and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with covid and nih")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE, help="file to write")
    parser.add_argument("--steps", type=int, default=2000, help="batches of 96 (2000)")
    parser.add_argument("--negatives", type=int, default=4000, help="synthetic negatives (4000)")
    parser.add_argument("--phantoms", type=int, default=1200, help="phantom chests (1200)")
    parser.add_argument("--seed", type=int, default=2022)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    real = real_chests(building_images(options.data, MEASURED_ELSEWHERE))
    choosing = patients_folds(real.patients, 4, options.seed) == 0
    logger.info("%d real images train, %d choose", (~choosing).sum(), choosing.sum())
    phantoms = phantom_chests(options.seed, options.phantoms)
    pool = make_pool(_part(real, ~choosing), phantoms, options.seed, options.negatives)
    network = fit(pool, options.steps, options.seed)
    found = scores_of_bases(network, real.bases[choosing])
    thresholds = choose_thresholds({name: found[name] for name in REFUSING})
    refused = np.any([found[name] > thresholds[name] for name in REFUSING], axis=0)
    logger.info("thresholds %s; refused %d of %d", thresholds, refused.sum(), len(refused))
    sha256 = save_trained(options.out, Trained(network, {**thresholds, "mirrored": 0.5}))
    logger.info("%s: SHA-256 %s", options.out, sha256)


def _part(chests: Chests, chosen: NDArray[np.bool_]) -> Chests:
    """Return the images for which ``chosen``, (N,) bool, is True."""
    patients = tuple(np.array(chests.patients)[chosen].tolist())
    return Chests(chests.bases[chosen], patients, chests.weights[chosen])


if __name__ == "__main__":
    main()

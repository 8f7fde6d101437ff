"""``python -m monai_covid.lab.suitability.train``: train the network that comes with the package.

Needs the folder of real images with ``covid`` and ``nih`` (CONTRIBUTING.md). Three
quarters of the patients train the network, the others choose thresholds that refuse few suitable
images; the folds and lists that are measured on are left out of both. Set OMP_NUM_THREADS=1 to get
the same file again.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from monai_covid.lab.suitability.batches import (
    FRONTAL,
    OTHER,
    Batch,
    Pool,
    draw_batch,
    equalised,
    make_pool,
)
from monai_covid.lab.suitability.collection import (
    Chests,
    assign_patient_folds,
    building_images,
    phantom_chests,
    real_chests,
)
from monai_covid.preprocessing.resize import resize_to_square
from monai_covid.preprocessing.suitability.network import (
    INPUT_SIDE,
    WEIGHTS_FILE,
    SuitabilityNetwork,
    Trained,
    question_scores,
    save_trained,
)

logger = logging.getLogger(__name__)

BATCH = 96
PEAK_RATE = 3e-3
LOWEST = 0.5
FALSE_REFUSALS = 0.01
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
    choosing = assign_patient_folds(real.patients, 4, options.seed) == 0
    logger.info(
        "%d real images for training, %d for choosing thresholds", (~choosing).sum(), choosing.sum()
    )
    phantoms = phantom_chests(options.seed, options.phantoms)
    pool = make_pool(_part(real, ~choosing), phantoms, options.seed, options.negatives)
    network = fit(pool, options.steps, options.seed)
    choosing_scores = scores_of_bases(network, real.bases[choosing])
    thresholds = choose_thresholds({name: choosing_scores[name] for name in REFUSING})
    refused = np.any([choosing_scores[name] > thresholds[name] for name in REFUSING], axis=0)
    logger.info("thresholds %s; refused %d of %d", thresholds, refused.sum(), len(refused))
    sha256 = save_trained(options.out, Trained(network, {**thresholds, "mirrored": 0.5}))
    logger.info("%s: SHA-256 %s", options.out, sha256)


def _part(chests: Chests, chosen: NDArray[np.bool_]) -> Chests:
    """Return the images for which ``chosen``, (N,) bool, is True."""
    patients = tuple(np.array(chests.patients)[chosen].tolist())
    return Chests(chests.bases[chosen], patients, chests.weights[chosen])


def fit(pool: Pool, steps: int, seed: int) -> SuitabilityNetwork:
    """Return a network fitted with AdamW, one cycle of the learning rate and label smoothing.

    The same arguments give the same network on the same machine and number of threads.

    Args:
        pool: What batches are drawn from.
        steps: Batches of 96.
        seed: Seed of weights and batches.
    """
    random = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SuitabilityNetwork().train()
        _lay_out(network, torch.channels_last)  # half as fast again on CPUs
        optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
        for _ in range(steps):
            batch = draw_batch(pool, BATCH, random)
            optimiser.zero_grad()
            torch.autograd.backward(loss(network(batch.images), batch))
            optimiser.step()
            schedule.step()
    _lay_out(network, torch.contiguous_format)
    return network.eval()


def loss(logits: dict[str, Tensor], batch: Batch) -> Tensor:
    """Return the sum of the cross entropies, each over the pictures that it makes sense for."""
    chest, frontal = batch.kind != OTHER, batch.kind == FRONTAL
    turn = F.cross_entropy(logits["turn"][frontal], batch.turn[frontal], label_smoothing=0.01)
    kind = F.cross_entropy(logits["kind"], batch.kind, label_smoothing=0.01)
    questions = (("inverted", chest, 1.0), ("mirrored", frontal, 0.5), ("cropped", frontal, 1.0))
    total: Tensor = kind + turn
    for name, where, weight in questions:
        truth: Tensor = getattr(batch, name)
        answer = logits[name][where, 0]
        total = total + weight * F.binary_cross_entropy_with_logits(answer, truth[where])
    return total


def _lay_out(network: SuitabilityNetwork, layout: torch.memory_format) -> None:
    """Store the weights of the convolutions in ``layout``, in place."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)


def choose_thresholds(
    scores: Mapping[str, NDArray[np.float64]], most: float = FALSE_REFUSALS
) -> dict[str, float]:
    """Return the lowest threshold of each question that refuses no more than ``most`` in all.

    The images with the highest scores, ``most`` of all of them, are given up; each threshold is the
    highest score of the others, but at least one half.

    Args:
        scores: Scores (N,) in [0, 1] of each question for suitable images.
        most: Share of the images that may be refused over all questions, in [0, 1).
    """
    table = np.stack(list(scores.values()))
    remaining = np.argsort(table.max(axis=0), kind="stable")[
        : table.shape[1] - int(most * table.shape[1])
    ]
    highest = table[:, remaining].max(axis=1)
    return {name: max(LOWEST, float(top)) for name, top in zip(scores, highest, strict=True)}


@torch.inference_mode()
def scores_of_bases(
    network: SuitabilityNetwork, bases: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Return the scores (N,) of each question for squares (N, 128, 128)."""
    thumbnails = resize_to_square(torch.from_numpy(bases), INPUT_SIDE)[:, None]
    answers = question_scores(network(equalised(thumbnails)))
    return {name: value.double().numpy() for name, value in answers.items()}


if __name__ == "__main__":
    main()

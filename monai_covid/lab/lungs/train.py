"""Training of the lung network on synthetic chests: ``python -m monai_covid.lab.lungs.train``.

Needs no images. The same seed gives the same weights on the same machine and torch version.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_covid.lab.lungs.example import VIEWS_PER_CHEST, draw_examples
from monai_covid.preprocessing.lungs.network import LungNetwork, save_weights

CHESTS_PER_STEP = 2
PEAK_LEARNING_RATE = 4e-3
CHEST_WEIGHT = 0.3
"""Weight of the question whether this is a chest, beside that where the lungs are."""

LOGGER = logging.getLogger(__name__)


def train(steps: int, seed: int) -> LungNetwork:
    """Return a network trained on ``steps`` batches of new examples; none is seen twice."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = LungNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_LEARNING_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_LEARNING_RATE, total_steps=steps, pct_start=0.1
    )
    losses = []
    for step in range(steps):
        images, fields, chests = draw_batch(seed, step)
        # Half of the time on CPUs with bfloat16, and the weights are rounded anyway.
        with torch.autocast("cpu", torch.bfloat16):
            logits, chest_logits = network(images)
        loss = lung_loss(logits.float(), chest_logits.float(), fields, chests)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            LOGGER.info("step %d of %d, loss %.4f", step + 1, steps, np.mean(losses[-100:]))
    return network.eval()


def draw_batch(seed: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return images (B, 2, N, N), fields (B, 2, N, N) and whether each is a chest (B,)."""
    first = step * CHESTS_PER_STEP
    examples = [
        example
        for number in range(first, first + CHESTS_PER_STEP)
        for example in draw_examples(seed, number)
    ]
    images, fields, chests = zip(*examples, strict=True)
    assert len(images) == CHESTS_PER_STEP * VIEWS_PER_CHEST
    return (
        torch.from_numpy(np.stack(images)),
        torch.from_numpy(np.stack(fields)),
        torch.tensor(chests),
    )


def lung_loss(logits: Tensor, chest_logits: Tensor, fields: Tensor, chests: Tensor) -> Tensor:
    """Return the scalar loss: cross entropy and soft Dice of the fields, cross entropy of chest.

    The Dice loss (Milletari et al., 3DV 2016) counts chests only: it is undefined for empty fields.
    """
    pixelwise = F.binary_cross_entropy_with_logits(logits, fields)
    probabilities = torch.sigmoid(logits)
    overlap = 2.0 * (probabilities * fields).sum((2, 3)) + 1.0
    dice = overlap / (probabilities.sum((2, 3)) + fields.sum((2, 3)) + 1.0)
    missed = ((1.0 - dice) * chests[:, None]).mean()
    return (
        pixelwise + missed + CHEST_WEIGHT * F.binary_cross_entropy_with_logits(chest_logits, chests)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, required=True, help="weights file to write (.npz)")
    parser.add_argument("--steps", type=int, default=900, help="batches of 16 images (900)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and examples (0)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    save_weights(options.out, train(options.steps, options.seed))


if __name__ == "__main__":
    main()

"""Fitting the suitability network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from monai_covid.suitability.building.batches import FRONTAL, OTHER, Batch, Pool, draw_batch
from monai_covid.suitability.network import SuitabilityNetwork

BATCH = 96
PEAK_RATE = 3e-3


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
        _lay_out(network, torch.channels_last)  # half as fast again on processors
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
    asked = (("inverted", chest, 1.0), ("mirrored", frontal, 0.5), ("cropped", frontal, 1.0))
    total: Tensor = kind + turn
    for name, where, weight in asked:
        truth: Tensor = getattr(batch, name)
        answer = logits[name][where, 0]
        total = total + weight * F.binary_cross_entropy_with_logits(answer, truth[where])
    return total


def _lay_out(network: SuitabilityNetwork, layout: torch.memory_format) -> None:
    """Store the weights of the convolutions in ``layout``, in place."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)

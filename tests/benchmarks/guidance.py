"""Time of a training step with the penalty on relevance over one without.

``python -m tests.benchmarks.guidance`` prints both for DenseNet-121, a batch of 16 and one core.
All take turns, so that a machine whose speed drifts slows them alike.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

from monai_covid.explain.lrp.differentiable import DifferentiableLRP
from monai_covid.models.architectures import build_densenet
from monai_covid.models.device import disable_malloc_trim
from monai_covid.training.relevance_guidance import guiding_rules, outside_share

SIZES, BATCH, REPEATS = (64, 112), 16, 5
PENALISED = (0, 4, 16)


def seconds(network: nn.Module, size: int, penalised: int) -> float:
    images, labels = torch.randn(BATCH, 1, size, size), torch.arange(BATCH) % 3
    masks = torch.zeros(penalised, 1, size, size)
    masks[..., size // 4 : -size // 4] = 1.0
    started = time.perf_counter()
    network.zero_grad()
    F.cross_entropy(network(images), labels).backward()
    if penalised:
        lrp = DifferentiableLRP(network, guiding_rules(1))
        found = lrp.attribute(images[:penalised], labels[:penalised])
        outside_share(found.relevance, masks).mean().backward()
    return time.perf_counter() - started


def main() -> None:
    torch.set_num_threads(1)
    disable_malloc_trim()
    torch.manual_seed(0)
    network = build_densenet().to(memory_format=torch.channels_last).train()
    for size in SIZES:
        times: dict[int, list[float]] = {penalised: [] for penalised in PENALISED}
        for repeat in range(REPEATS + 1):
            for penalised in PENALISED:
                spent = seconds(network, size, penalised)
                if repeat:  # the first round warms up
                    times[penalised].append(spent)
        for penalised in PENALISED:
            ratios = sorted(a / b for a, b in zip(times[penalised], times[0], strict=True))
            print(
                f"{size} px, {penalised:2} of {BATCH} images penalised: "
                f"{statistics.median(times[penalised]):5.2f} s a step, "
                f"{statistics.median(ratios):4.1f} x ({ratios[0]:.1f} to {ratios[-1]:.1f})"
            )


if __name__ == "__main__":
    main()

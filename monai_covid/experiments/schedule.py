"""How many epochs fit a time budget on this machine."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch

from monai_covid.checkpoints import ModelInfo
from monai_covid.training.inferer import PrecisionInferer
from monai_covid.training.start import build_seeded

STAGE2_SHARE = 0.4
"""Part of the time that goes to stage 2; the folds of stage 3 share the rest evenly."""

OVERHEAD = 1.2
"""Time of an epoch over the time of its bare training and validation steps, with a margin."""

FEWEST_EPOCHS = 2
MEASURED_STEPS = 3


class Speed(NamedTuple):
    """Seconds an image takes.

    Attributes:
        training: A training step of the whole network.
        validation: A forward pass.
    """

    training: float
    validation: float


def measure_speed(info: ModelInfo, batch_size: int, precision: str, device: torch.device) -> Speed:
    """Time training steps and forward passes on random images that are already on ``device``."""
    network = build_seeded(info, seed=0).to(device)
    inferer = PrecisionInferer(precision)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-6)
    images = torch.zeros(batch_size, info.channels, info.image_size, info.image_size, device=device)

    def train() -> None:
        network.train()
        optimizer.zero_grad()
        loss = inferer(images, network).square().mean()
        torch.autograd.backward(loss)
        optimizer.step()

    def validate() -> None:
        network.eval()
        with torch.no_grad():
            inferer(images, network)

    return Speed(*(_seconds(step, device) / batch_size for step in (train, validate)))


def _seconds(step: object, device: torch.device) -> float:
    assert callable(step)
    step()
    _wait(device)
    started = time.perf_counter()
    for _ in range(MEASURED_STEPS):
        step()
    _wait(device)
    return (time.perf_counter() - started) / MEASURED_STEPS


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def epochs_that_fit(
    minutes: float, speed: Speed, training_images: int, validation_images: int, most: int
) -> int:
    """Return the number of epochs for ``minutes``, between 2 and ``most``."""
    epoch = training_images * speed.training + validation_images * speed.validation
    return max(FEWEST_EPOCHS, min(most, int(60 * minutes / (OVERHEAD * epoch))))

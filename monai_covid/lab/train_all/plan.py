"""What all runs are to do, fixed when the first one starts: settings and epochs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from monai_covid.data.datalists import stage2_datalist, stage3_datalist
from monai_covid.data.files import write_text
from monai_covid.errors import RunFolderError
from monai_covid.labels import NIH_LABELS, chosen_labels
from monai_covid.models.device import choose_device
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.cross_validation import folds_of
from monai_covid.training.inferer import PrecisionInferer
from monai_covid.training.start import build_seeded

PLAN = "plan.json"

STAGE2_EPOCHS, STAGE3_EPOCHS = 60, 40
"""Epochs where no time budget asks for fewer."""

STAGE2_SHARE = 0.4
"""Part of the time that goes to stage 2; the folds of stage 3 share the rest evenly."""

OVERHEAD = 1.2
"""Time of an epoch over the time of its bare training and validation steps, with a margin."""

FEWEST_EPOCHS = 2
MEASURED_STEPS = 3


@dataclass(frozen=True)
class Plan:
    """Settings of all runs, fixed when the first one starts.

    Attributes:
        stage2_epochs: Epochs of stage 2.
        stage3_epochs: Epochs of each fold of stage 3.
        image_size: Height and width of the input in pixels.
        batch_size: Images in a batch.
        precision: float32 or bfloat16.
        architecture: One of ``networks.ARCHITECTURES``.
        imagenet: As the option of stage 2.
        head: As the option of stage 3.
        classes: As the option of stage 3.
        stage2_learning_rate: Of stage 2.
        learning_rate: Of stage 3.
        seed: Seed of everything random.
        limit: At most this many images of each part; None for all.
        hold_out_by: As the option of stage 3.
    """

    stage2_epochs: int
    stage3_epochs: int
    image_size: int = 224
    batch_size: int = 16
    precision: str = "float32"
    architecture: str = "densenet121"
    imagenet: str = "auto"
    head: str = "keep"
    classes: str | None = None
    stage2_learning_rate: float = 0.01
    learning_rate: float = 0.01
    seed: int = 0
    limit: int | None = None
    hold_out_by: str | None = None

    def stage_options(self) -> dict[str, Any]:
        """Return the options that both stages share."""
        names = ("image_size", "batch_size", "precision", "architecture", "seed")
        return {**{name: getattr(self, name) for name in names}, "limit": self.limit}


@dataclass(frozen=True)
class Collections:
    """Where the data lie.

    Attributes:
        nih: Folder in the ChestX-ray14 layout.
        covid: Folder with a manifest ``metadata.csv``.
        extra_manifests: Further manifests for the training of stage 3.
    """

    nih: Path
    covid: Path
    extra_manifests: tuple[str, ...] = ()

    @property
    def manifest(self) -> Path:
        """The manifest of stage 3."""
        return self.covid / "metadata.csv"


def recorded_plan(
    data: Collections,
    output: Path,
    settings: Mapping[str, Any],
    *,
    minutes: float | None = None,
    device: str | None = None,
    overwrite: bool = False,
) -> Plan:
    """Return the plan written down in ``output``, or make one and write it down.

    Args:
        data: Where the data lie.
        output: Folder of all results.
        settings: Fields of :class:`Plan` that were chosen; None: not chosen.
        minutes: Time for everything, where a plan is made.
        device: Where to compute.
        overwrite: Make a new plan even if there is one.

    Raises:
        RunFolderError: If the plan written down has other settings than those chosen.
    """
    file = output / PLAN
    chosen = {name: value for name, value in settings.items() if value is not None}
    if overwrite or not file.is_file():
        plan = make_plan(data, chosen, minutes, device)
        write_text(file, json.dumps(asdict(plan), indent=2) + "\n")
        return plan
    plan = Plan(**json.loads(file.read_text(encoding="utf-8")))
    changed = [
        f"{name} was {getattr(plan, name)!r} and is now {value!r}"
        for name, value in chosen.items()
        if getattr(plan, name) != value
    ]
    if changed:
        raise RunFolderError(
            f"{file}: started with other settings: {'; '.join(changed)}. Give the old values, "
            "another output folder, or --overwrite"
        )
    return plan


def make_plan(
    data: Collections, settings: Mapping[str, Any], minutes: float | None, device: str | None
) -> Plan:
    """Choose the epochs: those given, else as many as fit ``minutes``, else the usual ones.

    Args:
        data: Where the data lie.
        settings: Fields of :class:`Plan` that were chosen.
        minutes: Time for everything; None for as long as it takes.
        device: Where to compute.
    """
    epochs = {"stage2_epochs": STAGE2_EPOCHS, "stage3_epochs": STAGE3_EPOCHS}
    plan = Plan(**{**epochs, **settings})
    if minutes is None or epochs.keys() <= settings.keys():
        return plan
    speed = measure_speed(
        ModelInfo(plan.architecture, 1, NIH_LABELS, plan.image_size),
        plan.batch_size,
        plan.precision,
        choose_device(device),
    )
    fitting = {
        "stage2_epochs": _stage2_epochs(data, plan, speed, minutes * STAGE2_SHARE),
        "stage3_epochs": _stage3_epochs(data, plan, speed, minutes * (1 - STAGE2_SHARE)),
    }
    return Plan(**{**fitting, **settings})


def _stage2_epochs(data: Collections, plan: Plan, speed: Speed, minutes: float) -> int:
    training, validation = (
        len(stage2_datalist(data.nih, part, exclude_manifests=[data.manifest], limit=plan.limit))
        for part in ("training", "validation")
    )
    return epochs_that_fit(minutes, speed, training, validation, STAGE2_EPOCHS)


def _stage3_epochs(data: Collections, plan: Plan, speed: Speed, minutes: float) -> int:
    extra = data.extra_manifests
    labels = None if plan.classes is None else chosen_labels(plan.classes).names
    folds = folds_of(data.manifest, hold_out_by=plan.hold_out_by, after_stage2=True)
    options: dict[str, Any] = {
        "fold": min(folds),
        "hold_out_by": plan.hold_out_by,
        "limit": plan.limit,
    }
    training, validation = (
        len(stage3_datalist(data.manifest, part, labels=labels, extra_manifests=extra, **options))
        for part in ("training", "validation")
    )
    minutes_per_fold = minutes / len(folds)
    return epochs_that_fit(minutes_per_fold, speed, training, validation, STAGE3_EPOCHS)


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

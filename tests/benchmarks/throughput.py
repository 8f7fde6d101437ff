"""Images per second of the training pipeline, as ratios measured side by side.

``make benchmark`` prints

(a) the whole training pipeline over the bare training step on a resident batch;
(b) the whole training pipeline over a plain PIL and DataLoader loop that does the same work.

The three take turns batch by batch, so that a machine whose speed drifts slows all of them alike.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.engines import SupervisedTrainer
from torch import Tensor
from torch.utils.data import DataLoader

from monai_covid.data.datalists import stage2_datalist
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_nih import write_nih_phantom
from monai_covid.labels import NIH_LABELS
from monai_covid.models.device import disable_malloc_trim
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import training_transforms
from monai_covid.training.dataset import RadiographDataset
from monai_covid.training.inferer import PrecisionInferer
from monai_covid.training.sampling import EpochSampler
from monai_covid.training.start import build_seeded
from tests.benchmarks.plain_pipeline import PlainDataset


class Race:
    """One network, trained by the pipeline and, between its batches, by the two others."""

    def __init__(self, data: list[dict[str, Any]], size: int, batch: int, precision: str) -> None:
        info = ModelInfo(labels=NIH_LABELS, image_size=size, multilabel=True)
        self.network = build_seeded(info, 0)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=1e-4, momentum=0.9)
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.inferer = PrecisionInferer(precision)
        self.images = torch.randn(batch, 1, size, size)
        self.labels = torch.stack([torch.as_tensor(item["label"]) for item in data[:batch]])
        self.plain = DataLoader(PlainDataset(data, size), batch, shuffle=True, drop_last=True)
        self.seconds: dict[str, list[float]] = {"pipeline": [], "bare step": [], "plain loop": []}
        dataset = RadiographDataset(data, training_transforms(size=size), progress=False)
        dataset.prepare()
        self.trainer = SupervisedTrainer(
            device=torch.device("cpu"),
            max_epochs=1,
            train_data_loader=DataLoader(
                dataset, batch, sampler=EpochSampler(dataset), drop_last=True
            ),
            network=self.network,
            optimizer=self.optimizer,
            loss_function=self.loss,
            inferer=self.inferer,
            decollate=False,
            optim_set_to_none=True,
        )
        self.trainer.add_event_handler(Events.ITERATION_COMPLETED, self._others)

    def epoch(self) -> None:
        """Let all three train on every batch once."""
        self.plain_batches: Iterator[tuple[Tensor, Tensor]] = iter(self.plain)
        self.trainer.state.epoch = self.trainer.state.iteration = 0
        self.begun = time.perf_counter()
        self.trainer.run()

    def _others(self, _: Engine) -> None:
        self._book("pipeline")
        self._step(self.images, self.labels)
        self._book("bare step")
        self._step(*next(self.plain_batches))
        self._book("plain loop")

    def _book(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name].append(now - self.begun)
        self.begun = now

    def _step(self, images: Tensor, labels: Tensor) -> None:
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.inferer(images, self.network), labels).backward()
        self.optimizer.step()


def report(race: Race, batch: int) -> None:
    for name, seconds in race.seconds.items():
        print(f"  {name:12} {batch / statistics.median(seconds):7.2f} images/s")
    ours = race.seconds["pipeline"]
    for label, other in (("(a)", "bare step"), ("(b)", "plain loop")):
        ratios = sorted(
            theirs / each for theirs, each in zip(race.seconds[other], ours, strict=True)
        )
        quarter = len(ratios) // 4
        print(
            f"{label} pipeline / {other:10} {statistics.median(ratios):.3f} "
            f"(middle half {ratios[quarter]:.3f} to {ratios[-1 - quarter]:.3f}, "
            f"{len(ratios)} batches)"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--source-size", type=int, default=1024, help="of the files, as the NIH's")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--precision", default="float32")
    options = parser.parse_args()
    disable_malloc_trim()  # as the bundle's configs do
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_nih_phantom(
            Path(scratch) / "nih",
            images=options.images * 2,
            seed=0,
            options=PhantomOptions(size=options.source_size),
        )
        data = stage2_datalist(folder, "training")[: options.images]
        race = Race(data, options.size, options.batch, options.precision)
        race.epoch()  # the first one warms up
        race.seconds = {name: [] for name in race.seconds}
        for _ in range(options.epochs):
            race.epoch()
    print(f"{options.size} px, batch {options.batch}, {options.precision}")
    report(race, options.batch)


if __name__ == "__main__":
    main()

"""Images per second of the training pipeline, as ratios measured side by side.

``make benchmark`` prints, each as the median over repeats that alternate:

(a) the whole training pipeline over the bare training step on a resident batch;
(b) the whole training pipeline over a plain PIL and DataLoader loop that does the same work.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from monai.engines import SupervisedTrainer
from torch.utils.data import DataLoader

from monai_covid.checkpoints import ModelInfo
from monai_covid.data.datalists import nih_datalist
from monai_covid.data.phantom import write_nih_phantom
from monai_covid.labels import NIH_LABELS
from monai_covid.training import EpochSampler, PrecisionInferer, RadiographDataset, build_seeded
from monai_covid.transforms import training_transforms
from tests.benchmarks.plain_pipeline import PlainDataset


class Bench:
    """A network, its optimiser and the three loops that train it for one epoch each."""

    def __init__(self, data: list[dict[str, Any]], size: int, batch: int, precision: str) -> None:
        info = ModelInfo(labels=NIH_LABELS, image_size=size, multilabel=True)
        self.network = build_seeded(info, 0)
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=1e-4, momentum=0.9)
        self.loss = torch.nn.BCEWithLogitsLoss()
        self.inferer = PrecisionInferer(precision)
        self.batch, self.steps = batch, len(data) // batch
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
        self.plain = {
            workers: DataLoader(
                PlainDataset(data, size), batch, shuffle=True, drop_last=True, num_workers=workers
            )
            for workers in (0, 2)
        }
        self.images = torch.randn(batch, 1, size, size)
        self.labels = torch.stack([torch.as_tensor(item["label"]) for item in data[:batch]])

    def step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.inferer(images, self.network), labels).backward()
        self.optimizer.step()

    def bare(self) -> None:
        for _ in range(self.steps):
            self.step(self.images, self.labels)

    def pipeline(self) -> None:
        self.trainer.state.epoch = self.trainer.state.iteration = 0
        self.trainer.run()

    def plain_loop(self, workers: int) -> None:
        for images, labels in self.plain[workers]:
            self.step(images, labels)

    def rate(self, loop: Callable[[], None]) -> float:
        started = time.perf_counter()
        loop()
        return self.steps * self.batch / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--precision", default="float32")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_nih_phantom(
            Path(scratch) / "nih", images=options.images * 2, seed=0, overwrite=False
        )
        data = nih_datalist(folder, "training")[: options.images]
        bench = Bench(data, options.size, options.batch, options.precision)
        loops = {
            "pipeline": bench.pipeline,
            "bare step": bench.bare,
            "plain loop, 0 workers": lambda: bench.plain_loop(0),
            "plain loop, 2 workers": lambda: bench.plain_loop(2),
        }
        rates: dict[str, list[float]] = {name: [] for name in loops}
        for repeat in range(options.repeats + 1):
            for name, loop in loops.items():
                rate = bench.rate(loop)
                if repeat:  # the first round warms up
                    rates[name].append(rate)
    print(f"{options.size} px, batch {options.batch}, {options.precision}")
    for name, values in rates.items():
        print(f"  {name:24} {statistics.median(values):7.1f} images/s")
    for label, other in (
        ("(a)", "bare step"),
        *(("(b)", f"plain loop, {k} workers") for k in (0, 2)),
    ):
        ratios = [
            ours / theirs for ours, theirs in zip(rates["pipeline"], rates[other], strict=True)
        ]
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
        print(f"{label} pipeline / {other:22} {statistics.median(ratios):.3f} ({spread})")


if __name__ == "__main__":
    main()

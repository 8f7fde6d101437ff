"""What audits, suitability, lungs and calibration cost, over the inference of the same images.

``make benchmark-audit`` prints processor time on one core. Phantom radiographs of 1024 px as PNG
files, DenseNet-121 at 224 px with random weights (no audit is faster or slower for it). An audit
has a part that grows with the images and one that does not (intervals, estimators), so each is run
on two numbers of images; a single run of the larger one, repeated for medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from monai_covid.audits.run import AUDITS, run_audits
from monai_covid.audits.subject import Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.images import read_image
from monai_covid.data.records import Records
from monai_covid.evaluation.calibration.cutoff import CutoffGoal
from monai_covid.evaluation.calibration.fitting import Goals, calibrate_table
from monai_covid.inference.classifier import Classifier
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_phantom
from monai_covid.models.model_file import ModelInfo, save_model
from monai_covid.preprocessing.lungs.find import find_lungs
from monai_covid.preprocessing.suitability.assess import assess
from tests.evaluation.calibration.simulated import calibrated_logits, table_of


class Costs(NamedTuple):
    """Seconds of processor time of one thing, for fewer and for more images."""

    name: str
    fewer: float
    more: float


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        own, other = (_collection(Path(place), seed, options) for seed in (1, 2))
        classifier = _classifier(Path(place))
        numbers = (options.images // 3, options.images)
        print(f"{numbers[1]} phantom radiographs of {options.size} px, one thread, medians")
        reference = _single(own, classifier, numbers, options.repeats)
        costs = [*reference, *_audits(own, other, classifier, (numbers, options.repeats))]
        _print([*costs, _calibration(numbers, options.repeats)], numbers)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="multiple of 9 (60)")
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _collection(place: Path, seed: int, options: argparse.Namespace) -> Records:
    folder = write_phantom(
        place / f"phantom{seed}",
        nih_images=0,
        covid_images_per_class=-(-options.images // 3),
        seed=seed,
        options=PhantomOptions(size=options.size),
        progress=False,
    )
    return read_collection(folder / "covid")


def _classifier(place: Path) -> Classifier:
    info = ModelInfo()
    torch.manual_seed(0)
    save_model(place / "model.pt", info.build().state_dict(), info)
    return Classifier(place / "model.pt")


def _first(records: Records, count: int) -> Records:
    """Return ``count`` images, of each class alike and of few patients more than needed."""
    order = np.argsort(np.arange(len(records)) % -(-len(records) // 3), kind="stable")
    keep = np.zeros(len(records), dtype=bool)
    keep[order[:count]] = True
    return records.select(keep)


def _seconds(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return statistics.median(times)


def _single(
    records: Records, classifier: Classifier, numbers: tuple[int, int], repeats: int
) -> list[Costs]:
    """Measure what is asked of each image by itself."""
    paths = records.paths.tolist()
    pixels = [read_image(path) for path in paths[: numbers[0]]]
    inputs = torch.randn(16, 1, 224, 224)
    forward = _seconds(lambda: classifier.probabilities(inputs), 1 + repeats) / len(inputs)
    each = {
        "network alone": forward,
        "reading alone": _of_each(read_image, paths[: numbers[0]], repeats),
        "suitability": _of_each(assess, pixels, repeats),
        "lungs": _of_each(find_lungs, pixels, repeats),
    }
    whole = _seconds(lambda: list(classifier.predict(paths, assess=False)), repeats) / len(paths)
    return [
        Costs(name, numbers[0] * spent, numbers[1] * spent)
        for name, spent in {"inference": whole, **each}.items()
    ]


def _of_each(run: Callable[..., object], values: list, repeats: int) -> float:
    return statistics.median(_seconds(lambda value=value: run(value), repeats) for value in values)


def _audits(
    own: Records, other: Records, classifier: Classifier, how: tuple[tuple[int, int], int]
) -> list[Costs]:
    numbers, repeats = how
    costs = []
    for name in AUDITS:
        spent = []
        for number in numbers:
            records, external = _first(own, number), {"other": _first(other, number)}
            spent.append(
                _seconds(lambda r=records, e=external, n=name: _audit(n, r, e, classifier), repeats)
            )
        costs.append(Costs(f"audit {name}", *spent))
        print(f"  {name} done", flush=True)
    return costs


def _audit(
    name: str, records: Records, external: dict[str, Records], classifier: Classifier
) -> None:
    """Run one audit as the command does; nothing is left of an earlier one."""
    wanted = external if name in ("external", "leaks") else {}
    with tempfile.TemporaryDirectory() as folder:
        options = {"external": wanted, "readings": _readings(records)}
        subject = Subject(records, Path(folder), classifier, **options)
        findings, _ = run_audits(subject, [name], Path(folder))
    if name not in findings:
        raise RuntimeError(f"audit {name} was not run")


def _readings(records: Records) -> pd.DataFrame:
    """Return readings of all images; the finding was seen on every second one."""
    seen = [float(place % 2) for place in range(len(records))]
    return pd.DataFrame({"pneumonia": seen}, index=records.frame["image"].tolist())


def _calibration(numbers: tuple[int, int], repeats: int) -> Costs:
    goal = CutoffGoal("coverage", 0.8)
    tables = [table_of(*calibrated_logits(number)) for number in numbers]
    return Costs(
        "calibration",
        *(
            _seconds(lambda t=t: calibrate_table(t, goals=Goals(cutoff=goal)), repeats)
            for t in tables
        ),
    )


def _print(costs: list[Costs], numbers: tuple[int, int]) -> None:
    inference = costs[0].more / numbers[1]
    print(f"inference from file to probability: {1000 * inference:.0f} ms an image")
    print(f"| | ms an image more | of inference | fixed s | {numbers[1]} images: of inference |")
    print("| --- | --- | --- | --- | --- |")
    for name, fewer, more in costs:
        slope = max(more - fewer, 0.0) / (numbers[1] - numbers[0])
        fixed = max(fewer - slope * numbers[0], 0.0)
        whole = more / numbers[1] / inference
        ratio = f"{slope / inference:.2f}"
        print(f"| {name} | {1000 * slope:.0f} | {ratio} | {fixed:.1f} | {whole:.2f} |")


if __name__ == "__main__":
    main()

"""The benchmark from data to page; call again to go on where it was stopped."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from monai.networks.nets import DenseNet

from monai_covid.checkpoints import ModelInfo, file_hash, load_model
from monai_covid.errors import OptionError, RunFolderError
from monai_covid.evaluation.bootstrap import RESAMPLES
from monai_covid.experiments.explanations.cases import Cases, cases_of_files, phantom_cases
from monai_covid.experiments.explanations.measure import measure, predicted, titles
from monai_covid.experiments.explanations.networks import (
    NETWORKS,
    SHOWN,
    NetworkPlan,
    train_network,
)
from monai_covid.experiments.explanations.page import (
    PhantomResults,
    write_model_page,
    write_phantom_page,
)
from monai_covid.explain import PixelRange
from monai_covid.files import atomic_path, check_writable, write_text
from monai_covid.transforms import standardized_range

logger = logging.getLogger(__name__)

PLAN = "plan.json"
FAINT = 0.02
"""Conspicuity at which a lesion cannot be seen."""

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as shown": {},
    "without words": {"word_correlation": 0.0, "text": False},
    "lesions invisible": {"conspicuity": FAINT},
}
"""What is taken away to see what a network needs."""


@dataclass(frozen=True)
class Effort:
    """How many images are explained.

    Attributes:
        images_per_class: Synthetic images of each class with lesions; of a model's: all.
        randomised_images: Images of the randomisation check.
        resamples: Bootstrap resamples.
        methods: Of ``explain.METHODS``, and ``random`` as a control.

    Raises:
        OptionError: If a method is unknown.
    """

    images_per_class: int = 20
    randomised_images: int = 16
    resamples: int = RESAMPLES
    methods: tuple[str, ...] = tuple(titles())

    def __post_init__(self) -> None:
        """Check the methods."""
        unknown = [name for name in self.methods if name not in titles()]
        if unknown or not self.methods:
            known = ", ".join(titles())
            raise OptionError(f"methods {unknown} are unknown; some of {known} are needed")


def benchmark_phantom(
    bundle_root: Path,
    out: Path,
    plan: NetworkPlan,
    effort: Effort,
    *,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Train a network that sees lesions and one that reads words, and measure every method.

    Args:
        bundle_root: Folder of the bundle.
        out: Folder of everything; an earlier benchmark of the same plan is continued.
        plan: How the networks are trained.
        effort: How many images are explained.
        overwrite: Start anew.
        progress: Whether to show progress bars.

    Returns:
        The page of results.

    Raises:
        RunFolderError: If ``out`` holds a benchmark of another plan, or the networks have not
            learned enough to be compared.
    """
    _open(out, {"networks": asdict(plan), "effort": asdict(effort)}, overwrite=overwrite)
    models = {
        which: train_network(which, bundle_root.resolve(), out, plan, progress=progress)
        for which in NETWORKS
    }
    loaded = {which: load_model(model) for which, model in models.items()}
    info = loaded[NETWORKS[0]][1]
    # Other patients than those of the training, whose seed is the plan's.
    cases = phantom_cases(info, SHOWN, effort.images_per_class, plan.seed + 1)
    behaviour = _behaviour(loaded, effort, plan.seed + 1)
    right = [predicted(network, cases.images) == cases.labels for network, _ in loaded.values()]
    both = cases.where(torch.stack(right).all(0))
    logger.info("%d of %d images are right for both networks", len(both.names), len(cases.names))
    if len(both.names) < 2:
        raise RunFolderError(
            f"{out}: fewer than two images are right for both networks; train on more images or "
            "for more epochs"
        )
    tables = [
        _measured(out / f"measures_{which}.csv", network, info, both, effort).assign(network=which)
        for which, (network, _) in loaded.items()
    ]
    networks = {which: network for which, (network, _) in loaded.items()}
    results = PhantomResults(pd.concat(tables), behaviour, both, networks, _pixels(info))
    return write_phantom_page(out, results, effort.resamples)


def benchmark_model(
    model: Path,
    paths: Sequence[Path | str],
    out: Path,
    effort: Effort,
    *,
    masks: Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Measure every method on a model and images of your own.

    Args:
        model: Model file, of classes that exclude each other.
        paths: Image files.
        out: Folder to make.
        effort: How many images the randomisation check takes.
        masks: Folder of what is known about the images; see ``cases_of_files``.
        overwrite: Start anew.

    Returns:
        The page of results.

    Raises:
        WeightsError: If the model cannot be read.
        OptionError: If its labels do not exclude each other.
        ImageReadError: If an image cannot be read.
        InputError: If there are no masks in ``masks``.
        RunFolderError: If ``out`` holds a benchmark of something else.
    """
    network, info = load_model(model)
    if info.multilabel:
        raise OptionError(
            f"{model}: several labels can hold at once; classes that exclude each other are needed"
        )
    images = [str(path) for path in paths]
    known = None if masks is None else str(masks)
    plan = {
        "model": file_hash(model),
        "images": images,
        "masks": known,
        "effort": asdict(effort),
    }
    cases = cases_of_files(info, paths, masks)
    _open(out, plan, overwrite=overwrite)
    table = _measured(out / "measures_model.csv", network, info, cases, effort)
    return write_model_page(out, table.assign(network="model"), cases, effort.resamples)


def _open(out: Path, plan: Mapping[str, Any], *, overwrite: bool) -> None:
    """Make the folder of a plan, or go on with one of the same plan."""
    file, text = out / PLAN, json.dumps(plan, indent=2) + "\n"
    if overwrite and file.is_file():
        shutil.rmtree(out)
    if file.is_file() and file.read_text(encoding="utf-8") != text:
        raise RunFolderError(
            f"{out}: holds a benchmark with other settings ({PLAN}); give those, another --out, or "
            "--overwrite"
        )
    if not file.is_file() and out.is_dir() and any(out.iterdir()):
        raise RunFolderError(f"{out}: is neither empty nor a benchmark; give another --out")
    check_writable(out)
    write_text(file, text)


def _measured(
    file: Path, network: DenseNet, info: ModelInfo, cases: Cases, effort: Effort
) -> pd.DataFrame:
    """Return the measures of a network, read where they were made before."""
    if file.is_file():
        return pd.read_csv(file, dtype={"image": str})
    table = measure(
        network, cases, _pixels(info), effort.methods, randomised_images=effort.randomised_images
    )
    with atomic_path(file) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return table


def _pixels(info: ModelInfo) -> PixelRange:
    return PixelRange(*standardized_range(info.channels))


def _behaviour(
    loaded: Mapping[str, tuple[DenseNet, ModelInfo]], effort: Effort, seed: int
) -> pd.DataFrame:
    """Return the accuracy of each network when something is taken away."""
    rows = []
    for variant, changed in VARIANTS.items():
        for which, (network, info) in loaded.items():
            cases = phantom_cases(info, SHOWN, effort.images_per_class, seed, **changed)
            right = predicted(network, cases.images) == cases.labels
            rows += [
                {"network": which, "variant": variant, "image": name, "right": float(value)}
                for name, value in zip(cases.names, right, strict=True)
            ]
    return pd.DataFrame(rows)

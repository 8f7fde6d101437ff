"""The benchmark from data to page; call again to go on where it was stopped."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch
from monai.networks.nets import DenseNet
from tqdm import tqdm

from monai_covid.errors import OptionError, RunFolderError
from monai_covid.explain.methods import PixelRange
from monai_covid.lab.explanation_benchmark.cases import Cases, cases_of_files, phantom_cases
from monai_covid.lab.explanation_benchmark.folder import (
    MEASURES,
    Effort,
    fingerprint,
    open_folder,
    read_or_make,
)
from monai_covid.lab.explanation_benchmark.measure import measure, predicted
from monai_covid.lab.explanation_benchmark.networks import (
    FOLDERS,
    NETWORKS,
    TEST_OPTIONS,
    NetworkPlan,
    train_network,
)
from monai_covid.lab.explanation_benchmark.page import (
    PhantomResults,
    write_model_page,
    write_phantom_page,
)
from monai_covid.lab.explanation_benchmark.summary import FEWEST_IMAGES
from monai_covid.models.model_file import ModelInfo, file_hash, load_model
from monai_covid.preprocessing.normalise import standardized_range

logger = logging.getLogger(__name__)

MODEL = "model"


class Trained(NamedTuple):
    """A network and where it comes from.

    Attributes:
        file: Model file.
        network: In evaluation mode.
        info: What it is.
    """

    file: Path
    network: DenseNet
    info: ModelInfo

    @property
    def pixels(self) -> PixelRange:
        """Range of the network's input."""
        return PixelRange(*standardized_range(self.info.channels, self.info.preprocessing.scale))


FAINT = 0.02
"""Conspicuity at which a lesion cannot be seen."""

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as shown": {},
    "without words": {"word_correlation": 0.0, "text": False},
    "lesions invisible": {"conspicuity": FAINT},
}
"""What is taken away to see what a network needs."""


def benchmark_phantom(
    bundle_root: Path,
    out: Path,
    plan: NetworkPlan,
    effort: Effort,
    *,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Train a network that sees lesions and one that reads text, and measure every method.

    Args:
        bundle_root: Folder of the bundle.
        out: Folder of everything; an earlier benchmark of the same plan is continued.
        plan: How the networks are trained.
        effort: How much is measured.
        overwrite: Start again.
        progress: Whether to show progress bars.

    Returns:
        The page of results.

    Raises:
        RunFolderError: If ``out`` holds a benchmark of another plan, or the networks have not
            learned enough to be compared.
    """
    open_folder(out, {"networks": asdict(plan)}, FOLDERS, overwrite=overwrite)
    root = bundle_root.resolve()
    trained = {}
    for which in NETWORKS:
        file = train_network(which, root, out, plan, progress=progress)
        trained[which] = Trained(file, *load_model(file))
    networks = {which: model.network for which, model in trained.items()}
    info = trained[NETWORKS[0]].info
    # Other patients than those of the training, whose seed is the plan's.
    variants = {
        variant: phantom_cases(
            info, TEST_OPTIONS, effort.images_per_class, plan.seed + 1, **changed
        )
        for variant, changed in VARIANTS.items()
    }
    both = _right_for_all(networks, variants["as shown"], out)
    tables = [
        _measured(out, model, both, effort, seed, progress=progress).assign(network=which)
        for seed, (which, model) in enumerate(trained.items())
    ]
    behaviour = _behaviour(networks, variants)
    pixels = trained[NETWORKS[0]].pixels
    results = PhantomResults(pd.concat(tables), behaviour, both, networks, pixels)
    return write_phantom_page(out, results, effort.resamples)


def benchmark_model(
    model: Path,
    paths: Sequence[Path | str],
    out: Path,
    effort: Effort,
    *,
    masks: Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Measure every method on a model and images of your own.

    Args:
        model: Model file, with mutually exclusive classes.
        paths: Image files.
        out: Folder to make.
        effort: How much is measured.
        masks: Folder of what is known about the images; see ``cases_of_files``.
        overwrite: Start again.
        progress: Whether to show progress bars.

    Returns:
        The page of results.

    Raises:
        WeightsError: If the model cannot be read.
        OptionError: If it has one class, or several that can hold at once.
        InputError: If images cannot be read, or masks do not fit.
        RunFolderError: If ``out`` holds a benchmark of something else.
    """
    network, info = load_model(model)
    if info.multilabel or len(info.labels) < 2:
        raise OptionError(
            f"{model}: several mutually exclusive classes are needed, this network has "
            f"{', '.join(info.labels)}" + (", which can hold at once" if info.multilabel else "")
        )
    cases = cases_of_files(info, paths, masks)
    open_folder(out, {MODEL: file_hash(model)}, (), overwrite=overwrite)
    table = _measured(out, Trained(model, network, info), cases, effort, progress=progress)
    return write_model_page(out, table.assign(network=MODEL), cases, effort.resamples)


def _right_for_all(networks: Mapping[str, DenseNet], cases: Cases, out: Path) -> Cases:
    right = [predicted(network, cases.images) == cases.labels for network in networks.values()]
    both = cases.where(torch.stack(right).all(0))
    logger.info("%d of %d images are right for both networks", len(both.names), len(cases.names))
    if len(both.names) < FEWEST_IMAGES:
        raise RunFolderError(
            f"{out}: {len(both.names)} images are right for both networks, {FEWEST_IMAGES} are "
            "needed; explain more images, or train on more images or for more epochs"
        )
    return both


def _measured(
    out: Path,
    trained: Trained,
    cases: Cases,
    effort: Effort,
    seed: int = 0,
    *,
    progress: bool = True,
) -> pd.DataFrame:
    """Return the measures of all methods, read where they were made before."""
    needed = (file_hash(trained.file), str(effort.randomised_images), str(seed))
    folder = out / MEASURES / fingerprint(*needed, cases=cases)
    make = partial(
        measure,
        *(trained.network, cases, trained.pixels),
        randomised_images=effort.randomised_images,
        seed=seed,
    )
    methods = tqdm(effort.methods, desc="Methods", unit="method", disable=not progress)
    tables = [read_or_make(folder / f"{name}.csv", partial(make, name)) for name in methods]
    return pd.concat(tables, ignore_index=True)


def _behaviour(networks: Mapping[str, DenseNet], variants: Mapping[str, Cases]) -> pd.DataFrame:
    """Return which network is right on which image when something is taken away."""
    tables = []
    for variant, cases in variants.items():
        for which, network in networks.items():
            right = predicted(network, cases.images) == cases.labels
            table = pd.DataFrame({"image": cases.names, "right": right.double().numpy()})
            tables.append(table.assign(network=which, variant=variant))
    return pd.concat(tables, ignore_index=True)

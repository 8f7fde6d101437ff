"""Data sets, loaders and engines of a stage, from what all stages have in common."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence, Sized
from typing import Any

import ignite.distributed as idist
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.transforms import Compose
from torch.utils.data import DataLoader, Dataset

from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.probability import ProbabilityFromLogitsd
from monai_covid.training.dataset import RadiographDataset, cache_share
from monai_covid.training.processes import share_of_batch
from monai_covid.training.sampling import EpochSampler, ShareSampler

Items = Sequence[Mapping[str, Any]]


def radiographs(
    data: Items,
    transform: Compose,
    *,
    beside: Items = (),
    seed: int = 0,
    cache_gb: float = 4.0,
    cache_dir: str | None = None,
    progress: bool = True,
) -> RadiographDataset:
    """Return the images of a datalist with their preprocessing.

    Args:
        data: The datalist.
        transform: The whole chain.
        beside: Datalist of the run's other data set, which gets its part of the memory.
        seed: Of the random transforms.
        cache_gb: Memory for the cached images of both, on this machine, in GiB.
        cache_dir: Folder for a cache on disk instead.
        progress: Whether to show a progress bar.
    """
    return RadiographDataset(
        data,
        transform,
        seed=seed,
        cache_gb=cache_share(cache_gb, data, beside),
        cache_dir=cache_dir,
        progress=progress and idist.get_rank() == 0,
    )


def training_loader(
    dataset: Dataset[Any],
    *,
    seed: int,
    batch_size: int,
    num_workers: int = 0,
    groups: Sequence[tuple[int, Hashable]] | None = None,
) -> DataLoader[Any]:
    """Return whole batches in an order that is new each epoch.

    Args:
        dataset: Asked by (epoch, index).
        seed: Of the order.
        batch_size: Images in a batch over all processes.
        num_workers: Processes that prepare images beside this one.
        groups: See `EpochSampler`.

    Raises:
        OptionError: If the processes cannot share a batch evenly.
    """
    return DataLoader(
        dataset,
        batch_size=share_of_batch(batch_size),
        sampler=EpochSampler(_sized(dataset), seed, groups),
        num_workers=num_workers,
        drop_last=True,
    )


def validation_loader(
    dataset: Dataset[Any], *, batch_size: int, num_workers: int = 0
) -> DataLoader[Any]:
    """Return all images once over all processes, twice as many in a batch as in training.

    Args:
        dataset: The data set.
        batch_size: Images in a training batch.
        num_workers: Processes that prepare images beside this one.
    """
    return DataLoader(
        dataset,
        batch_size=2 * batch_size,
        sampler=ShareSampler(_sized(dataset)),
        num_workers=num_workers,
    )


def probabilities(info: ModelInfo) -> ProbabilityFromLogitsd:
    """Return the postprocessing of a network that is trained, and so not calibrated."""
    return ProbabilityFromLogitsd(multilabel=info.multilabel)


def trainer(**wiring: Any) -> SupervisedTrainer:
    """Return MONAI's trainer of ``wiring`` for batches that stay whole."""
    return SupervisedTrainer(**wiring, decollate=False, optim_set_to_none=True)


def evaluator(**wiring: Any) -> SupervisedEvaluator:
    """Return MONAI's evaluator of ``wiring`` for batches that stay whole."""
    return SupervisedEvaluator(**wiring, decollate=False)


def _sized(dataset: Dataset[Any]) -> Sized:
    assert isinstance(dataset, Sized)
    return dataset

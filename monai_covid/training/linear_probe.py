"""A linear probe as a model: a frozen network whose last layer is fitted by logistic regression.

What the last layer sees, the mean of each of the last feature maps, is computed once an image;
fitting takes seconds. The result is a model file like that of a training: it predicts, is
explained, calibrated and served.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from monai_covid.data.records import Datalist
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.evaluation.calibration.temperature import with_temperature
from monai_covid.evaluation.predictions import multiclass_table
from monai_covid.labels import LabelSet, known_labels
from monai_covid.models.efficientnet import EFFICIENTNET
from monai_covid.models.loading import load_backbone, read_state
from monai_covid.models.model_file import (
    ModelInfo,
    file_hash,
    read_backbone_info,
    read_model_info,
)
from monai_covid.models.transfer import Head, head_inputs, set_head
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.settings import FULL_RANGE
from monai_covid.training.logistic import (
    FloatArray,
    Labelled,
    LinearProbe,
    fit_layer,
    fit_probe,
)
from monai_covid.training.start import build_seeded, start_from_first_stage

logger = logging.getLogger(__name__)

IMAGENET = "imagenet"
"""Start from EfficientNet-Lite0 with its weights of ImageNet."""


def frozen_network(
    start: str, labels: LabelSet, *, image_size: int | None = None, grey: str | None = None
) -> tuple[nn.Module, ModelInfo]:
    """Return a network to put a last layer on, and what it will be.

    Args:
        start: ``imagenet``, or a model file of any stage, or imported; its head is not used.
        labels: Classes, of which an image has one.
        image_size: Side of the input in pixels; None: that of the file, 224 for ``imagenet``.
        grey: See `Preprocessing`; None: as the network saw images before, ``stretch`` for
            ``imagenet``.

    Raises:
        OptionError: If the packages of the extra ``features`` are missing.
        WeightsError: If the file is missing or unusable.
    """
    info = _info_before(start)
    chosen = info.preprocessing
    if grey is not None and chosen.grey != FULL_RANGE:
        chosen = replace(chosen, grey=grey)
    info = replace(
        info,
        labels=labels.names,
        label_set=None if labels == known_labels(labels.names) else labels,
        image_size=image_size or info.image_size,
        preprocessing=chosen,
    )
    network = build_seeded(info, seed=0)
    if start == IMAGENET:
        info = start_from_first_stage(network, info, "required")
        return network.eval().requires_grad_(False), replace(info, start=f"{info.start}, frozen")
    load_backbone(network, read_state(start))
    words = f"{Path(start).name} (SHA-256 {file_hash(start)[:12]}; from {info.start}), frozen"
    info = replace(info, start=words)
    return network.eval().requires_grad_(False), info


def _info_before(start: str) -> ModelInfo:
    """Return what the network was, without what belongs to its head."""
    if start == IMAGENET:
        usual = ModelInfo(architecture=EFFICIENTNET)
        return replace(usual, preprocessing=replace(usual.preprocessing, grey="stretch"))
    info = read_backbone_info(start) or read_model_info(start)
    return replace(info, multilabel=False, temperature=1.0, calibration=None, operating_points=None)


class HeadInputs:
    """What a frozen network hands to its last layer, computed once an image.

    Args:
        network: The network, in evaluation mode.
        info: What it is.
        device: Where it computes.
        batch_size: Images at once.
    """

    def __init__(
        self, network: nn.Module, info: ModelInfo, device: torch.device, batch_size: int
    ) -> None:
        """Take the network."""
        self._network = network.to(device)
        self._info = info
        self._device = device
        self._batch_size = batch_size
        self._known: dict[str, FloatArray] = {}

    def __call__(
        self,
        items: Datalist,
        source: Path | str,
        when_done: Callable[[int], object] = lambda count: None,
    ) -> FloatArray:
        """Return ``(N, F)`` of labelled images.

        Args:
            items: The images.
            source: Where they come from, for messages.
            when_done: Called with the number of images of each batch.

        Raises:
            InputError: Naming all images that cannot be read.
        """
        new = [item["image"] for item in items if item["image"] not in self._known]
        problems: list[Problem] = []
        for start in range(0, len(new), self._batch_size):
            paths = new[start : start + self._batch_size]
            images = self._read(paths, source, problems)
            if not problems:
                self._known.update(zip(paths, self._computed(images), strict=True))
            when_done(len(paths))
        if problems:
            raise InputError(problems)
        return np.stack([self._known[item["image"]] for item in items])

    def _read(
        self, paths: Sequence[str], source: Path | str, problems: list[Problem]
    ) -> list[Tensor]:
        info, images = self._info, []
        for path in paths:
            try:
                images.append(
                    preprocess_file(path, info.image_size, info.channels, info.preprocessing)
                )
            except ImageReadError as error:
                problems.append(Problem(source, None, str(error)))
        return images

    @torch.inference_mode()
    def _computed(self, images: Sequence[Tensor]) -> FloatArray:
        batch = torch.stack(list(images)).to(self._device)
        rows: FloatArray = head_inputs(self._network, batch).double().cpu().numpy()
        return rows


def balanced_weights(groups: Sequence[tuple[int, str]]) -> FloatArray:
    """Return weights ``(N,)`` with mean 1: classes weigh the same, and hospitals within a class.

    Where a class comes from several hospitals, none of them decides what it looks like.

    Args:
        groups: Class and hospital of each image.
    """
    images = Counter(groups)
    hospitals = Counter(label for label, _ in images)
    return np.array(
        [len(groups) / (len(hospitals) * hospitals[group[0]] * images[group]) for group in groups]
    )


@dataclass(frozen=True)
class Sections:
    """How images are divided for one fold.

    Attributes:
        training: To fit to.
        validation: To choose the penalty by, then to fit to.
        test: To answer.
    """

    training: Datalist
    validation: Datalist
    test: Datalist


class ProbeFitter:
    """Fits probes to images of one collection.

    Args:
        inputs: What the network hands to its last layer.
        info: What the network will be.
        source: The collection, for messages.
        hospitals: Hospital of each image, by its path; none: those of the column ``source``.
    """

    def __init__(
        self,
        inputs: HeadInputs,
        info: ModelInfo,
        source: Path | str,
        hospitals: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Take what is fitted to."""
        self._inputs = inputs
        self._info = info
        self._source = source
        self._hospitals = hospitals

    def cross_fitted(
        self, folds: Mapping[str, Sections]
    ) -> tuple[dict[str, pd.DataFrame], list[LinearProbe]]:
        """Answer each fold's test images by a probe that saw none of them.

        Returns:
            The predictions table of each fold, and the probes.
        """
        tables, probes = {}, []
        for name, sections in folds.items():
            training = self._labelled(sections.training)
            validation = self._labelled(sections.validation)
            probe = fit_probe(training, validation, len(self._info.labels))
            logger.info(
                "%s: %d images to fit to, %d to test; inverse penalty %.2g",
                *(name, len(training.classes) + len(validation.classes), len(sections.test)),
                probe.strength,
            )
            probes.append(probe)
            tables[name] = self._answers(sections.test, probe)
        return tables, probes

    def final(self, items: Datalist, probes: Sequence[LinearProbe]) -> LinearProbe:
        """Fit to all images, with the median of the folds' penalties."""
        strength = float(np.exp(median(np.log(probe.strength) for probe in probes)))
        return fit_layer(self._labelled(items), strength)

    def _labelled(self, items: Datalist) -> Labelled:
        groups = [(int(item["label"]), self._hospital(item)) for item in items]
        classes = np.array([label for label, _ in groups])
        return Labelled(self._inputs(items, self._source), classes, balanced_weights(groups))

    def _hospital(self, item: Mapping[str, Any]) -> str:
        return self._hospitals.get(item["image"]) or str(item.get("source", ""))

    def _answers(self, items: Datalist, probe: LinearProbe) -> pd.DataFrame:
        logits = probe.logits(torch.from_numpy(self._inputs(items, self._source)))
        table = multiclass_table(
            [item["name"] for item in items],
            [item["patient_id"] for item in items],
            np.array([item["label"] for item in items]),
            logits.softmax(1).numpy(),
            self._info.labels,
        )
        return with_temperature(table, 1.0)


def put_on(network: nn.Module, probe: LinearProbe) -> dict[str, Tensor]:
    """Make a probe the last layer of its network; return all tensors."""
    set_head(network, Head(probe.weight.float(), probe.bias.float()))
    return network.state_dict()

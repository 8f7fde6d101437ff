"""How much of what speaks for the predicted class lies on text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from monai_covid.audits.subject import Subject
from monai_covid.audits.words.images import AuditedImage, Pixels, inputs
from monai_covid.explain import LRP, Explainer
from monai_covid.transforms.region import mask_in_input


class Shares(NamedTuple):
    """Of each image with text, ``(N,)``.

    Attributes:
        relevance: Share of the positive relevance on text, in [0, 1]; NaN where none is positive.
        area: Share of the area that is text, as the network sees it.
    """

    relevance: NDArray[np.float64]
    area: NDArray[np.float64]


def text_shares(
    subject: Subject, images: Sequence[AuditedImage], explainer: Explainer | None = None
) -> Shares:
    """Explain the predicted class of images that have text.

    Args:
        subject: What is audited.
        images: Those with text.
        explainer: Method; None: LRP (EpsilonPlusFlat).

    Raises:
        CanonizeError: If the network is none that can be explained.
    """
    classifier = subject.model
    explainer = explainer or LRP(classifier.network)
    relevance, area = [], []
    for batch, tensor, boxes in inputs(classifier, images, _same, subject.options.batch_size):
        predicted = classifier.probabilities(tensor).argmax(1)
        maps = explainer.attribute(tensor.to(classifier.device).clone(), predicted).cpu()
        size = classifier.info.image_size
        masks = torch.stack(
            [mask_in_input(one.mask(), size, box) for one, box in zip(batch, boxes, strict=True)]
        )
        positive = maps.sum(1).clamp(min=0)
        relevance.append((positive * masks).sum((1, 2)) / positive.sum((1, 2)))
        area.append(masks.double().mean((1, 2)))
    if not relevance:
        return Shares(np.empty(0), np.empty(0))
    return Shares(torch.cat(relevance).double().numpy(), torch.cat(area).numpy())


def _same(image: AuditedImage, pixels: Pixels) -> Pixels:
    return pixels

"""The audited images with the text that was found on them, and the model on changed versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from monai_covid.audits.subject import Subject
from monai_covid.data.images import read_image
from monai_covid.errors import ImageReadError, InputError, Problem
from monai_covid.inference.classifier import Classifier
from monai_covid.preprocessing.chains import prepare_pixels
from monai_covid.preprocessing.region import Box
from monai_covid.preprocessing.text.boxes import READ_SCORE, TextBox, text_mask

Pixels = NDArray[np.float32]


class Finder(Protocol):
    """What finds text."""

    def find(self, pixels: Pixels) -> list[TextBox]:
        """Return the text on grey values (H, W)."""
        ...


class AuditedImage(NamedTuple):
    """One image.

    Attributes:
        path: File.
        boxes: Text on it.
        shape: (H, W).
    """

    path: str
    boxes: tuple[TextBox, ...]
    shape: tuple[int, int]

    @property
    def words(self) -> frozenset[str]:
        """Words on it, in capital letters and digits alone."""
        texts = (normalised(box.text) for box in self.boxes if box.score >= READ_SCORE)
        return frozenset(word for word in texts if word)

    @property
    def has_text(self) -> bool:
        """Whether text covers some of it, but not all."""
        return bool(self.boxes) and not self.mask().all()

    def mask(self) -> NDArray[np.bool_]:
        """Return where text is, (H, W)."""
        return text_mask(self.boxes, self.shape)


def normalised(text: str) -> str:
    """Return a text as it is counted: capital letters and digits alone."""
    return "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())


def search(subject: Subject, finder: Finder) -> list[AuditedImage]:
    """Find the text on the images that the model was not trained on.

    Raises:
        InputError: If images cannot be read; names all of them.
    """
    records = subject.unseen
    images, problems = [], []
    paths = tqdm(records.paths.tolist(), "Text", unit="image", disable=not subject.options.progress)
    for path in paths:
        try:
            pixels = read_image(path)
        except ImageReadError as error:
            problems.append(Problem(records.file, None, str(error)))
            continue
        boxes = tuple(finder.find(pixels))
        images.append(AuditedImage(path, boxes, (pixels.shape[0], pixels.shape[1])))
    if problems:
        raise InputError(problems)
    return images


def inputs(
    classifier: Classifier,
    images: Sequence[AuditedImage],
    change: Callable[[AuditedImage, Pixels], Pixels],
    batch_size: int,
) -> Iterator[tuple[Sequence[AuditedImage], Tensor, list[Box]]]:
    """Yield batches of images with their input tensors, after a change of their grey values.

    The third item of a batch are the rectangles of the images that the network is given.
    """
    info = classifier.info
    settings = (info.image_size, info.channels, info.preprocessing)
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        prepared = [
            prepare_pixels(change(image, read_image(image.path)), *settings) for image in batch
        ]
        tensor = torch.stack([item.image for item in prepared])
        yield batch, tensor, [item.region.box for item in prepared]


def probabilities(
    classifier: Classifier,
    images: Sequence[AuditedImage],
    change: Callable[[AuditedImage, Pixels], Pixels],
    batch_size: int,
) -> NDArray[np.float64]:
    """Return the model's probabilities ``(N, C)`` of changed images."""
    batches = inputs(classifier, images, change, batch_size)
    rows: Iterable[NDArray[np.float64]] = (
        classifier.probabilities(tensor).double().numpy() for _, tensor, _ in batches
    )
    return np.concatenate([np.empty((0, len(classifier.info.labels))), *rows])

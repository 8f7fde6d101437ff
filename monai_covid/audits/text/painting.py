"""Words of one class, painted into images of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from monai_covid.audits.subject import Subject
from monai_covid.audits.text.class_words import LEVEL, ClassWord
from monai_covid.audits.text.images import AuditedImage, Pixels, normalised, probabilities
from monai_covid.evaluation.multiple_testing import holm
from monai_covid.preprocessing.text.boxes import READ_SCORE
from monai_covid.preprocessing.text.paint import Place, paint_text
from monai_covid.preprocessing.text.remove import inpaint

CONTROL = "CHEST"
"""The neutral word, painted for comparison: it is true of every image."""

WORDS_AT_MOST = 6
IMAGES_AT_MOST = 200


@dataclass(frozen=True)
class Flips:
    """Predictions of the images that a word was painted into.

    Attributes:
        word: What was painted.
        label: Index of the class that it is associated with.
        images: Images of other classes, one of a patient, not predicted as the class before.
        by_word: Of these, predicted as the class with the word on them.
        by_control: The same with the control word in its place.
        only_word: Flipped by the word and not by the control.
        only_control: The reverse.
        p_value: One-sided exact test of McNemar that the word flips more, corrected by Holm.
        shift: Mean shift of the probability of the class by the word, less that by the control.
    """

    word: str
    label: int
    images: int
    by_word: int
    by_control: int
    only_word: int
    only_control: int
    p_value: float
    shift: float | None

    @property
    def is_problem(self) -> bool:
        """Whether the word flips significantly more than the control."""
        return self.p_value < LEVEL


def paint_words(
    subject: Subject, images: Sequence[AuditedImage], words: Sequence[ClassWord]
) -> list[Flips]:
    """Paint words that are associated with a class into the images of the other classes.

    Their own text is inpainted first, so that it does not contradict the new word. Each word is
    painted where it was found on images of its class, in that size; the control word in the same
    places, sizes and greys.

    Args:
        subject: What is audited.
        images: All of ``subject.unseen``, in its order.
        words: Those that are associated with a class.
    """
    results = [_paint(subject, images, word) for word in words[:WORDS_AT_MOST]]
    corrected, _ = holm([flips.p_value for flips in results])
    return [
        replace(flips, p_value=p_value) for flips, p_value in zip(results, corrected, strict=True)
    ]


def exact_mcnemar(only_first: int, only_second: int) -> float:
    """Return the one-sided p-value that the first happens more often (McNemar, 1947, exact)."""
    total = only_first + only_second
    return float(binomtest(only_first, total, alternative="greater").pvalue) if total else 1.0


def _paint(subject: Subject, images: Sequence[AuditedImage], word: ClassWord) -> Flips:
    targets = _targets(subject, images, word)
    places = _places(images, word.word)
    index_of = {image.path: index for index, image in enumerate(targets)}

    def painted(text: str) -> NDArray[np.float64]:
        def change(image: AuditedImage, pixels: Pixels) -> Pixels:
            index = index_of[image.path]
            place = places[index % len(places)]
            seed = subject.options.seed + index
            without_text = inpaint(pixels, image.mask(), seed)
            return paint_text(without_text, text, place, seed=seed)[0]

        return probabilities(subject.model, targets, change, subject.options.batch_size)

    with_word, with_control = painted(word.word), painted(CONTROL)
    by_word = with_word.argmax(1) == word.label
    by_control = with_control.argmax(1) == word.label
    only_word = int((by_word & ~by_control).sum())
    only_control = int((by_control & ~by_word).sum())
    shifts = with_word[:, word.label] - with_control[:, word.label]
    return Flips(
        word=word.word,
        label=word.label,
        images=len(targets),
        by_word=int(by_word.sum()),
        by_control=int(by_control.sum()),
        only_word=only_word,
        only_control=only_control,
        p_value=exact_mcnemar(only_word, only_control),
        shift=float(shifts.mean()) if len(targets) else None,
    )


def _targets(
    subject: Subject, images: Sequence[AuditedImage], word: ClassWord
) -> list[AuditedImage]:
    """Return images of other classes that may flip, the first of each patient."""
    records = subject.unseen
    predicted = subject.predictions["prediction"].to_numpy()
    class_of_word = records.labels[word.label]
    targets: dict[str, AuditedImage] = {}
    rows = zip(images, records.classes.tolist(), records.patients, predicted, strict=True)
    for image, label, patient, prediction in rows:
        is_other = label != word.label and prediction != class_of_word
        if is_other and word.word not in image.words and not image.mask().all():
            targets.setdefault(str(patient), image)
    return list(targets.values())[:IMAGES_AT_MOST]


def _places(images: Sequence[AuditedImage], word: str) -> list[Place]:
    """Return all places of a word."""
    places = []
    for image in images:
        height, width = image.shape
        for box in image.boxes:
            if box.score >= READ_SCORE and normalised(box.text) == word:
                x, y = box.centre
                size = box.sides[0] / min(image.shape)
                places.append(Place(float(x / width), float(y / height), float(size)))
    return places

"""Words of one class, painted into images of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from monai_covid.audits.subject import Subject
from monai_covid.audits.text.class_words import LEVEL, ClassWord, holm
from monai_covid.audits.text.images import AuditedImage, Pixels, normalised, probabilities
from monai_covid.preprocessing.text.boxes import READ_SCORE
from monai_covid.preprocessing.text.paint import Place, paint_text
from monai_covid.preprocessing.text.remove import inpaint

CONTROL = "CHEST"
"""What is painted for comparison: true of every image, so it says nothing about a class."""

WORDS_AT_MOST = 6
IMAGES_AT_MOST = 200


@dataclass(frozen=True)
class Flips:
    """What became of the images that a word was painted into.

    Attributes:
        word: What was painted.
        label: Index of the class that it belongs to.
        images: Images of other classes, one of a patient, not taken for the class before.
        by_word: Of these, taken for the class with the word on them.
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
    def is_fault(self) -> bool:
        """Whether the word flips significantly more than the control."""
        return self.p_value < LEVEL


def paint_words(
    subject: Subject, images: Sequence[AuditedImage], words: Sequence[ClassWord]
) -> list[Flips]:
    """Paint words that are bound to a class into the images of the other classes.

    What is written there is inpainted first, so that it does not speak against the new word. Each
    word stands where, and as large as, it was found on images of its class; the control word in the
    same places, sizes and greys.

    Args:
        subject: What is audited.
        images: All of ``subject.unseen``, in its order.
        words: Those that are bound to a class.
    """
    found = [_paint(subject, images, word) for word in words[:WORDS_AT_MOST]]
    corrected = holm([one.p_value for one in found])
    return [replace(one, p_value=value) for one, value in zip(found, corrected, strict=True)]


def exact_mcnemar(only_first: int, only_second: int) -> float:
    """Return the one-sided p-value that the first happens more often (McNemar, 1947, exact)."""
    total = only_first + only_second
    return float(binomtest(only_first, total, alternative="greater").pvalue) if total else 1.0


def _paint(subject: Subject, images: Sequence[AuditedImage], word: ClassWord) -> Flips:
    chosen = _targets(subject, images, word)
    places = _places(images, word.word)
    number = {one.path: index for index, one in enumerate(chosen)}

    def painted(text: str) -> NDArray[np.float64]:
        def change(image: AuditedImage, pixels: Pixels) -> Pixels:
            index = number[image.path]
            place = places[index % len(places)]
            seed = subject.options.seed + index
            bare = inpaint(pixels, image.mask(), seed)
            return paint_text(bare, text, place, seed=seed)[0]

        return probabilities(subject.model, chosen, change, subject.options.batch_size)

    with_word, with_control = painted(word.word), painted(CONTROL)
    first = with_word.argmax(1) == word.label
    second = with_control.argmax(1) == word.label
    only_word, only_control = int((first & ~second).sum()), int((second & ~first).sum())
    shifts = with_word[:, word.label] - with_control[:, word.label]
    return Flips(
        word=word.word,
        label=word.label,
        images=len(chosen),
        by_word=int(first.sum()),
        by_control=int(second.sum()),
        only_word=only_word,
        only_control=only_control,
        p_value=exact_mcnemar(only_word, only_control),
        shift=float(shifts.mean()) if len(chosen) else None,
    )


def _targets(
    subject: Subject, images: Sequence[AuditedImage], word: ClassWord
) -> list[AuditedImage]:
    """Return images of other classes that may flip, the first of each patient."""
    records = subject.unseen
    predicted = subject.predictions["prediction"].to_numpy()
    own = records.labels[word.label]
    chosen: dict[str, AuditedImage] = {}
    rows = zip(images, records.classes.tolist(), records.patients, predicted, strict=True)
    for image, label, patient, guess in rows:
        if image.mask().all():
            continue
        if label != word.label and guess != own and word.word not in image.words:
            chosen.setdefault(str(patient), image)
    return list(chosen.values())[:IMAGES_AT_MOST]


def _places(images: Sequence[AuditedImage], word: str) -> list[Place]:
    """Return where a word was found."""
    places = []
    for image in images:
        height, width = image.shape
        for box in image.boxes:
            if box.score >= READ_SCORE and normalised(box.text) == word:
                x, y = box.centre
                size = box.sides[0] / min(image.shape)
                places.append(Place(float(x / width), float(y / height), float(size)))
    return places

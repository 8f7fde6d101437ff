"""Text that is burnt into the pixels, as on real radiographs: side markers, positions, dates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from monai_covid.lab.phantom.formulas import BoolArray
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.patient import View
from monai_covid.lab.phantom.randomness import Stream, between, random_stream

POSITIONING_WORDS = ("PORTABLE", "SUPINE", "ERECT")
"""The word that belongs to class 0, 1 and 2, where words and classes are correlated."""

REFERENCE_SIZE = 256
"""Image size at which the letters of the built-in font are drawn unscaled."""

SMALLEST_SCALE = 0.5
MARGIN = 0.02

PLATE_GREY = 12
"""Grey of the plate behind words at the lower edge, where the abdomen is bright."""


class Annotation(NamedTuple):
    """One burnt-in text.

    Attributes:
        text: What is written.
        corner: 0 upper left, 1 upper right, 2 lower left, 3 lower right.
        scale: Size relative to the built-in font.
        angle: Rotation in degrees.
        grey: Grey value, 0 to 255.
    """

    text: str
    corner: int
    scale: float
    angle: float
    grey: int


def choose_annotations(
    seed: int, image: tuple[int, int], group: int, view: View, options: PhantomOptions
) -> tuple[Annotation, ...]:
    """Draw what is written on one image.

    Only the positioning word looks at the class, and only with ``options.word_correlation``.

    Args:
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
        group: Number of the class, 0 to 2.
        view: AP or PA.
        options: Settings of the generator.
    """
    if not options.text:
        return ()
    random = random_stream(seed, Stream.ANNOTATION, *image)
    side = int(random.integers(2))
    size = options.text_scale
    marker = Annotation(
        *("RL"[side], side, size * between(random, 1.6, 2.4)),
        *(between(random, -12, 12), _grey(random)),
    )
    word, bound = _positioning_word(random, group, options.word_correlation)
    chosen = [(word, bound or random.random() < 0.6), (view, random.random() < 0.4)]
    chosen += [(_date(random), random.random() < 0.35)]
    corners = random.permutation([1 - side, 2, 3])
    scales = [size * between(random, 0.95, 1.45) for _ in chosen]
    words = [
        Annotation(text, int(corner), scale, 0.0, _grey(random))
        for (text, is_shown), corner, scale in zip(chosen, corners, scales, strict=True)
        if is_shown
    ]
    return tuple([marker, *words] if random.random() < 0.85 else words)


def _positioning_word(
    random: np.random.Generator, group: int, correlation: float
) -> tuple[str, bool]:
    """Return the word and whether it was chosen for the class."""
    bound = random.random() < correlation
    free = int(random.integers(len(POSITIONING_WORDS)))
    return POSITIONING_WORDS[group if bound else free], bool(bound)


def _grey(random: np.random.Generator) -> int:
    return int(random.integers(190, 256))


def _date(random: np.random.Generator) -> str:
    day, month = int(random.integers(1, 29)), int(random.integers(1, 13))
    return f"{day:02d}.{month:02d}.{int(random.integers(2005, 2024))}"


def burn_in(
    pixels: NDArray[np.uint8], annotations: tuple[Annotation, ...]
) -> tuple[NDArray[np.uint8], BoolArray]:
    """Return the image with the annotations, and where they are.

    Args:
        pixels: (H, W).
        annotations: What to write.

    Returns:
        The new image (H, W) and a mask (H, W), True where a letter or its plate is.
    """
    drawn = pixels.copy()
    mask = np.zeros(pixels.shape, dtype=np.bool_)
    for annotation in annotations:
        letters = _letters(annotation, pixels.shape)
        box = _box(letters.shape, annotation.corner, pixels.shape)
        plate = annotation.corner >= 2
        below = np.full(letters.shape, PLATE_GREY) if plate else drawn[box].astype(np.int64)
        mixed = (below * (255 - letters) + annotation.grey * letters + 127) // 255
        drawn[box] = mixed.astype(np.uint8)
        mask[box] |= (letters > 0) | plate
    return drawn, mask


def _box(letters: tuple[int, ...], corner: int, image: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns in an image that letters of a size (H, W) take in a corner."""
    margin = round(MARGIN * min(image))
    far = (corner // 2, corner % 2)
    first, left = (
        whole - margin - part if at_end else margin
        for whole, part, at_end in zip(image, letters, far, strict=True)
    )
    return slice(first, first + letters[0]), slice(left, left + letters[1])


def _letters(annotation: Annotation, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return how much of each pixel the letters cover, 0 to 255.

    The built-in bitmap font is the same on every machine.
    """
    font = ImageFont.load_default_imagefont()
    left, top, right, bottom = (round(edge) for edge in font.getbbox(annotation.text))
    image = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), annotation.text, fill=255, font=font)
    scale = annotation.scale * max(SMALLEST_SCALE, min(shape) / REFERENCE_SIZE)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.BICUBIC)
    image = image.rotate(annotation.angle, Image.Resampling.BILINEAR, expand=True)
    image.thumbnail((shape[1] * 9 // 10, shape[0] // 4))
    return np.asarray(image, dtype=np.int64)

"""Width and height of an image, and how far they depend on the class."""

from __future__ import annotations

from monai_covid.data.phantom.options import PhantomOptions
from monai_covid.data.phantom.streams import Stream, random_stream

ASPECT_RATIOS = (1.25, 1.0, 0.8)
"""Width over height that belongs to class 0, 1 and 2, where shapes and classes are correlated."""


def choose_shape(
    seed: int, image: tuple[int, int], group: int, options: PhantomOptions
) -> tuple[int, int]:
    """Return (H, W); the longer side is ``options.size``.

    Args:
        seed: Seed of the data set.
        image: Number of the collection and of the image in it.
        group: Number of the class, 0 to 2.
        options: Settings of the generator.
    """
    if not options.vary_shape and options.shape_correlation == 0:
        return options.size, options.size
    random = random_stream(seed, Stream.SHAPE, *image)
    bound = random.random() < options.shape_correlation
    free = int(random.integers(len(ASPECT_RATIOS)))
    ratio = ASPECT_RATIOS[group if bound else free]
    shorter = round(options.size * min(ratio, 1 / ratio))
    return (shorter, options.size) if ratio > 1 else (options.size, shorter)

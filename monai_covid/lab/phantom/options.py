"""What a user can choose about a phantom data set."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_SIZE = 64
LARGEST_SIZE = 4096


@dataclass(frozen=True)
class PhantomOptions:
    """Settings of the image generator.

    Attributes:
        size: Longest side of an image in pixels, 64 to 4096.
        word_correlation: Probability in [0, 1] that the burnt-in positioning word is the one that
            belongs to the class; otherwise the word is drawn without looking at the class. 0: the
            word says nothing, 1: the word tells the class.
        shape_correlation: The same for the shape of the image (wide, square or tall).
        vary_shape: Draw the shape at random also where ``shape_correlation`` is 0; if False and
            ``shape_correlation`` is 0, every image is square.
        text: Whether letters and words are burnt in at all.
        text_scale: Factor on the size of letters and words, in (0, 4]; at 1 they are a twentieth of
            the image high, too small to be read at 128 px and less.
        conspicuity: Factor on the attenuation of the findings, in (0, 3]; 1 is visible at 64 px.

    Raises:
        ValueError: If a value is out of its range; the message lists every such value.
    """

    size: int = 256
    word_correlation: float = 0.0
    shape_correlation: float = 0.0
    vary_shape: bool = False
    text: bool = True
    text_scale: float = 1.0
    conspicuity: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        wrong = [message for message in (self._size(), *self._fractions()) if message]
        if not 0.0 < self.conspicuity <= 3.0:
            wrong.append(f"conspicuity must be above 0 and at most 3, got {self.conspicuity}")
        if not 0.0 < self.text_scale <= 4.0:
            wrong.append(f"text_scale must be above 0 and at most 4, got {self.text_scale}")
        if self.word_correlation > 0 and not self.text:
            wrong.append(f"word_correlation {self.word_correlation} needs text=True")
        if wrong:
            raise ValueError("phantom options: " + "; ".join(wrong))

    def _size(self) -> str:
        if SMALLEST_SIZE <= self.size <= LARGEST_SIZE:
            return ""
        return f"size must be {SMALLEST_SIZE} to {LARGEST_SIZE} pixels, got {self.size}"

    def _fractions(self) -> list[str]:
        return [
            f"{name} must be in [0, 1], got {getattr(self, name)}"
            for name in ("word_correlation", "shape_correlation")
            if not 0.0 <= getattr(self, name) <= 1.0
        ]

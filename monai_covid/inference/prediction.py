"""What the network says of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monai_covid import RESEARCH_USE_ONLY

MULTILABEL_THRESHOLD = 0.5


@dataclass(frozen=True, repr=False)
class Prediction:
    """What the network says of one image, or why it says nothing.

    Attributes:
        image: The file, or what else the image is called.
        probabilities: Probability of each label, in the network's order; empty after an error and,
            unless these are kept, of unsuitable images.
        multilabel: Whether several labels can hold at once.
        error: Why the image could not be used; empty if it could.
        unsuitable: Why it is no upright frontal chest radiograph, in plain words; empty if it is,
            or was not asked.
        cautions: What a reader should know besides, in plain words.
        above_threshold: Labels that reach their threshold (``ModelInfo.calibration``); None where
            the model has no thresholds or nothing is said of the image.
        spread: How much the members of an ensemble disagree, in nats, by measure.
        uncertainty: How unsure the network is, in the measure of its stored cut-off; None where the
            model has no cut-off or nothing is said of the image.
        uncertain: Why that is too unsure, in plain words; empty if it is not, None as above.
    """

    image: str
    probabilities: dict[str, float]
    multilabel: bool = False
    error: str = ""
    unsuitable: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    above_threshold: tuple[str, ...] | None = None
    spread: Mapping[str, float] = field(default_factory=dict)
    uncertainty: float | None = None
    uncertain: tuple[str, ...] | None = None

    @property
    def label(self) -> str:
        """The most probable class; of a multi-label network all labels with at least 0.5."""
        return "|".join(self.classes)

    @property
    def classes(self) -> tuple[str, ...]:
        """The most probable class; of a multi-label network all labels with at least 0.5."""
        if not self.probabilities:
            return ()
        if self.multilabel:
            known = self.probabilities.items()
            return tuple(label for label, p in known if p >= MULTILABEL_THRESHOLD)
        return (max(self.probabilities, key=lambda name: self.probabilities[name]),)

    @property
    def notice(self) -> str:
        """What the prediction is for: research, not diagnosis."""
        return RESEARCH_USE_ONLY

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything that qualifies the probabilities, or stands in their place, as sentences."""
        return (
            *(f"unsuitable: {reason}" for reason in self.unsuitable),
            *(f"caution: {caution}" for caution in self.cautions),
            *(f"uncertain: {reason}" for reason in self.uncertain or ()),
        )

    def __repr__(self) -> str:
        """Return image, probabilities, remarks and what they are for, in one line."""
        numbers = ", ".join(f"{label} {value:.3f}" for label, value in self.probabilities.items())
        error = self.error.removeprefix(f"{self.image}: ")
        what = f"error: {error}" if error else numbers or "no prediction"
        sentences = (text.rstrip(".") for text in (what, *self.remarks))
        return f"<Prediction {self.image}: {'. '.join(sentences)}. {self.notice}>"

"""What the network says of one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monai_covid.evaluation.calibration.uncertainty import uncertainty_flags, uncertainty_of
from monai_covid.inference.dataset import sentences
from monai_covid.models.model_file import ModelInfo

MULTILABEL_THRESHOLD = 0.5


@dataclass(frozen=True)
class Prediction:
    """What the network says of one image, or why it says nothing.

    Attributes:
        image: The file.
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
            found = self.probabilities.items()
            return tuple(label for label, p in found if p >= MULTILABEL_THRESHOLD)
        return (max(self.probabilities, key=lambda name: self.probabilities[name]),)


def thresholds_of(info: ModelInfo) -> dict[str, float]:
    """Return the threshold of each label that has one, in (0, 1)."""
    points = info.calibration.points if info.calibration else ()
    return {each.label: each.threshold for each in points if each.threshold is not None}


def has_cutoff(info: ModelInfo) -> bool:
    """Tell whether the model has a cut-off of uncertainty."""
    return info.calibration is not None and info.calibration.cutoff is not None


def prediction_of(
    item: Mapping[str, str],
    row: Sequence[float],
    info: ModelInfo,
    *,
    spread: Mapping[str, float] | None = None,
    keep_unsuitable: bool = False,
) -> Prediction:
    """Return what is said of one image.

    Args:
        item: ``name``, ``error``, ``unsuitable`` and ``cautions`` as `ImageFileDataset` gives them.
        row: Probability of each label.
        info: What the network is.
        spread: How much the members of an ensemble disagree, by measure.
        keep_unsuitable: Whether unsuitable images have probabilities all the same.
    """
    error, unsuitable = item["error"], sentences(item["unsuitable"])
    cautions = sentences(item["cautions"])
    if error or (unsuitable and not keep_unsuitable):
        return Prediction(item["name"], {}, info.multilabel, error, unsuitable, cautions)
    known = dict(zip(info.labels, row, strict=True))
    thresholds = thresholds_of(info)
    above = tuple(label for label in known if known[label] >= thresholds.get(label, float("inf")))
    return Prediction(
        item["name"],
        known,
        info.multilabel,
        unsuitable=unsuitable,
        cautions=cautions,
        above_threshold=above if thresholds else None,
        spread=spread or {},
        uncertainty=uncertainty_of(info.calibration, row),
        uncertain=uncertainty_flags(info.calibration, row),
    )

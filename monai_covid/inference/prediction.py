"""What the network says of one image, and tables of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.files import write_text

MULTILABEL_THRESHOLD = 0.5


@dataclass(frozen=True)
class Prediction:
    """What the network says of one image, or why it says nothing.

    Attributes:
        image: The file.
        probabilities: Probability of each label, in the network's order; empty after an error.
        multilabel: Whether several labels can hold at once.
        error: Why the image could not be used; empty if it could.
    """

    image: str
    probabilities: dict[str, float]
    multilabel: bool = False
    error: str = ""

    @property
    def label(self) -> str:
        """The most probable class; of a multi-label network all labels with at least 0.5."""
        if not self.probabilities:
            return ""
        if self.multilabel:
            above = [k for k, p in self.probabilities.items() if p >= MULTILABEL_THRESHOLD]
            return "|".join(above)
        return max(self.probabilities, key=lambda name: self.probabilities[name])


def predictions_csv(predictions: Sequence[Prediction], labels: Sequence[str]) -> str:
    """Return predictions as CSV: image, prediction, one probability a label, error."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "prediction", *(f"probability_{k}" for k in labels), "error"])
    for each in predictions:
        numbers = [repr(each.probabilities[k]) if each.probabilities else "" for k in labels]
        writer.writerow([each.image, each.label, *numbers, each.error])
    return text.getvalue()


def predictions_json(predictions: Sequence[Prediction]) -> str:
    """Return predictions as JSON, with the research-use notice."""
    rows: list[dict[str, Any]] = [
        {
            "image": each.image,
            "prediction": each.label or None,
            "probabilities": each.probabilities,
            "error": each.error or None,
        }
        for each in predictions
    ]
    content = {"notice": RESEARCH_USE_ONLY, "predictions": rows}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_predictions_of_folder(
    folder: Path | str, predictions: Sequence[Prediction], labels: Sequence[str]
) -> Path:
    """Write ``predictions.csv`` and ``predictions.json`` atomically; return the CSV's path."""
    folder = Path(folder)
    write_text(folder / "predictions.json", predictions_json(predictions))
    write_text(folder / "predictions.csv", predictions_csv(predictions, labels))
    return folder / "predictions.csv"

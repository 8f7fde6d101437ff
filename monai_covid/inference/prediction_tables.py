"""Predictions as CSV, as JSON and as a table to read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.data.files import check_writable, write_text
from monai_covid.errors import RunFolderError
from monai_covid.inference.answer import has_cutoff, thresholds_of
from monai_covid.inference.classifier import FLIPS_REMARK
from monai_covid.inference.prediction import Prediction
from monai_covid.labels import DISPLAY_NAMES, display_name, display_names
from monai_covid.models.model_file import ModelInfo

CSV_NAME, JSON_NAME = "predictions.csv", "predictions.json"

NOTICE = "predictions.txt"
"""Beside the tables, because a CSV that programs read has no place for it."""

NOTICE_TEXT = f"""Predictions made by monai_covid. {RESEARCH_USE_ONLY}

predictions.csv and predictions.json, one row an image:

prediction         the most probable class; of several labels those with a probability of 0.5
probability_*      of each class, calibrated if the model is
above_threshold    classes that reach the threshold of the calibration, for its sensitivity
vote_entropy, mutual_information   how much the networks of an ensemble disagree, in nats
uncertainty        how unsure the network is, in the measure of the calibration
uncertain          why that is too unsure, measured on validation images; otherwise empty
unsuitable         why it is no upright frontal chest radiograph; otherwise empty
cautions           what a reader should know besides
error              why the image could not be read

What a model or an image has nothing of has no column or an empty cell.
"""


class Columns(NamedTuple):
    """What a table of predictions has columns for, beside what all have.

    Attributes:
        labels: The network's labels, in its order.
        thresholds: Whether the model has thresholds.
        spread: Measures of how much the members of an ensemble disagree.
        cutoff: Whether the model has a cut-off of uncertainty.
        flips: Whether probabilities are means over images and mirror images, for a remark in JSON.
    """

    labels: Sequence[str]
    thresholds: bool = False
    spread: Sequence[str] = ()
    cutoff: bool = False
    flips: bool = False

    @classmethod
    def of_model(cls, info: ModelInfo) -> Columns:
        """Return the columns for the predictions of a single network."""
        return cls(info.labels, bool(thresholds_of(info)), cutoff=has_cutoff(info))


def predictions_csv(predictions: Sequence[Prediction], columns: Columns) -> str:
    """Return predictions as CSV.

    The columns are ``image``, ``prediction``, ``probability_LABEL`` of each label, then, where
    there is such a thing, ``above_threshold``, the measures of ``spread``, ``uncertainty`` and
    ``uncertain`` (why, where it is), then ``unsuitable``, ``cautions`` and ``error``.
    """
    heads = ["image", "prediction", *(f"probability_{label}" for label in columns.labels)]
    heads += ["above_threshold"] if columns.thresholds else []
    heads += [*columns.spread, *(["uncertainty", "uncertain"] if columns.cutoff else [])]
    heads += ["unsuitable", "cautions", "error"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(_csv_row(each, columns) for each in predictions)
    return text.getvalue()


def _csv_row(each: Prediction, columns: Columns) -> list[str]:
    numbers = [repr(each.probabilities[k]) if each.probabilities else "" for k in columns.labels]
    above = ["|".join(each.above_threshold or ())] if columns.thresholds else []
    spread = [repr(each.spread[name]) if name in each.spread else "" for name in columns.spread]
    uncertainty = ["" if each.uncertainty is None else repr(each.uncertainty)]
    uncertain = [*uncertainty, " ".join(each.uncertain or ())] if columns.cutoff else []
    reasons = [" ".join(each.unsuitable), " ".join(each.cautions), each.error]
    return [each.image, each.label, *numbers, *above, *spread, *uncertain, *reasons]


def predictions_json(predictions: Sequence[Prediction], columns: Columns) -> str:
    """Return predictions as JSON, with the research-use notice."""
    rows = [_json_row(each, columns) for each in predictions]
    remarks = {"remarks": [FLIPS_REMARK]} if columns.flips else {}
    names = {DISPLAY_NAMES: display_names(columns.labels)}
    content = {"notice": RESEARCH_USE_ONLY, **remarks, **names, "predictions": rows}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _json_row(each: Prediction, columns: Columns) -> dict[str, Any]:
    row: dict[str, Any] = {
        "image": each.image,
        "prediction": each.label or None,
        "probabilities": each.probabilities,
    }
    if columns.thresholds:
        row["above_threshold"] = each.above_threshold
    row |= {name: each.spread.get(name) for name in columns.spread}
    if columns.cutoff:
        row |= {"uncertainty": each.uncertainty, "uncertain": each.uncertain}
    reasons = {"unsuitable": each.unsuitable, "cautions": each.cautions}
    return {**row, **reasons, "error": each.error or None}


ROWS_PRINTED = 20
"""Images of the table to read; the others are in the CSV and the JSON."""


def predictions_text(predictions: Sequence[Prediction], where: Path | None = None) -> str:
    """Return the first predictions as a table to read, and all of them counted.

    Args:
        predictions: All of them.
        where: Table of all, if it was written.
    """
    shown = predictions[:ROWS_PRINTED]
    rows = [("image", "class", "probability", "notes"), *map(_text_row, shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{image:<{widths[0]}}  {name:<{widths[1]}}  {number:>{widths[2]}}  {notes}".rstrip()
        for image, name, number, notes in rows
    ]
    left = len(predictions) - len(shown)
    if left:
        lines.append(f"… and {left} more; all are in {where or 'the tables that --out writes'}")
    return "\n".join([*lines, "", *_summary(predictions), "", RESEARCH_USE_ONLY])


def _summary(predictions: Sequence[Prediction]) -> list[str]:
    """Return how many images have each class, and how many have none."""
    classes = dict.fromkeys(label for each in predictions for label in each.probabilities)
    counts = {display_name(label): 0 for label in classes}
    for prediction in predictions:
        for label in prediction.classes:
            counts[display_name(label)] += 1
    refused = [each for each in predictions if each.unsuitable and not each.probabilities]
    counts["no upright frontal chest radiograph"] = len(refused)
    counts["unreadable"] = sum(bool(each.error) for each in predictions)
    if any(each.uncertain is not None for each in predictions):
        counts["uncertain, of those with a class"] = sum(
            bool(each.uncertain) for each in predictions
        )
    counts["images"] = len(predictions)
    width = len(str(len(predictions)))
    return [f"{count:>{width}}  {name}" for name, count in counts.items()]


def _text_row(each: Prediction) -> tuple[str, str, str, str]:
    names = ", ".join(map(display_name, each.classes))
    numbers = ", ".join(f"{each.probabilities[label]:.3f}" for label in each.classes)
    notes = [*each.remarks]
    if each.above_threshold is not None:
        reached = ", ".join(map(display_name, each.above_threshold))
        notes.append(f"above threshold: {reached or 'none'}.")
    notes += [f"{name.replace('_', ' ')} {value:.3f}." for name, value in each.spread.items()]
    error = each.error.removeprefix(f"{each.image}: ")
    notes += [f"error: {error}"] if error else []
    nothing = "none" if each.probabilities else "-"
    return each.image, names or nothing, numbers or "-", " ".join(notes)


def counted(predictions: Sequence[Prediction]) -> str:
    """Say how many images there are, and of how many nothing or little can be said."""
    failed = sum(bool(each.error) for each in predictions)
    unsuitable = sum(bool(each.unsuitable) for each in predictions)
    judged = [each.uncertain for each in predictions if each.uncertain is not None]
    uncertain = f", {sum(map(bool, judged))} uncertain" if judged else ""
    return (
        f"{len(predictions)} images, {failed} of them unreadable, {unsuitable} not upright "
        f"frontal chest radiographs{uncertain}"
    )


def check_free(folder: Path | str, hint: str, *, overwrite: bool) -> None:
    """Make sure that predictions may be written to a folder.

    Args:
        folder: Where to.
        hint: What to do if it holds predictions already.
        overwrite: Whether earlier predictions may be replaced.

    Raises:
        RunFolderError: If it holds predictions that may not be replaced, or cannot be written to.
    """
    existing = Path(folder) / CSV_NAME
    if existing.exists() and not overwrite:
        raise RunFolderError(f"{existing}: exists already; {hint}")
    check_writable(folder)


def write_predictions_of_folder(
    folder: Path | str, predictions: Sequence[Prediction], columns: Columns
) -> Path:
    """Write ``predictions.csv``, ``.json`` and a notice, each atomically; return the CSV's path."""
    folder = Path(folder)
    write_text(folder / NOTICE, NOTICE_TEXT)
    write_text(folder / JSON_NAME, predictions_json(predictions, columns))
    write_text(folder / CSV_NAME, predictions_csv(predictions, columns))
    return folder / CSV_NAME

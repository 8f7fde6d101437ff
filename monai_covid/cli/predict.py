"""``monai-covid predict``: classes of image files, or why there are none."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from typing import Any

import torch
from tqdm import tqdm

from monai_covid.cli.arguments import (
    add_images,
    add_model,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.data.images import datalist_of
from monai_covid.errors import OptionError
from monai_covid.inference.classifier import Classifier, PredictedBatch, predicted_batches
from monai_covid.inference.dataset import BOX
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.explaining import Question
from monai_covid.inference.heatmap_folder import HeatmapFolder
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.prediction_tables import (
    Columns,
    check_free,
    counted,
    predictions_text,
    write_predictions_of_folder,
)
from monai_covid.models.device import choose_device

logger = logging.getLogger(__name__)

HEATMAPS = "heatmaps"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_images(parser)
    add_model(parser, several=True)
    add_out(parser, "folder for predictions.csv and predictions.json", required=False)
    add_shared(parser, "keep-unsuitable")
    parser.add_argument(
        "--heatmaps",
        action="store_true",
        help=f"explain the predicted class of each image, in the folder {HEATMAPS} of --out",
    )
    parser.add_argument(
        "--flips",
        action="store_true",
        help="average probabilities over each image and its mirror image (twice the work)",
    )
    add_shared(parser, "batch-size", "device", "quiet")


def run(options: argparse.Namespace) -> int:
    """Predict the images; 1 if some could not be read."""
    _check(options)
    items = datalist_of(options.images)
    classifier = _classifier(options)
    heatmaps = _heatmap_folder(options, items, classifier)
    predictions: list[Prediction] = []
    with tqdm(total=len(items), desc="Images", unit="image", disable=options.quiet) as progress:
        for batch in predicted_batches(
            classifier,
            items,
            options.batch_size,
            assess=True,
            keep_unsuitable=options.keep_unsuitable,
        ):
            predictions += batch.predictions
            if heatmaps:
                _explain(heatmaps, batch, classifier.device)
            progress.update(len(batch.items))
    return _report(options, predictions, classifier)


def _check(options: argparse.Namespace) -> None:
    check_numbers(options)
    if options.heatmaps and options.out is None:
        raise OptionError("--heatmaps needs a folder; give one with --out")
    if options.heatmaps and len(options.model) > 1:
        raise OptionError(
            f"--heatmaps explains one network, and --model names {len(options.model)}"
        )
    if options.out is not None:
        hint = "replace it with --overwrite or write to another folder"
        check_free(options.out, hint, overwrite=options.overwrite)


def _classifier(options: argparse.Namespace) -> Classifier | EnsembleClassifier:
    device = choose_device(options.device)
    if len(options.model) > 1:
        return EnsembleClassifier(options.model, device, flips=options.flips)
    return Classifier(options.model[0], device, flips=options.flips)


def _heatmap_folder(
    options: argparse.Namespace,
    items: Sequence[dict[str, Any]],
    classifier: Classifier | EnsembleClassifier,
) -> HeatmapFolder | None:
    if not options.heatmaps or isinstance(classifier, EnsembleClassifier):
        return None
    folder = HeatmapFolder(
        options.out / HEATMAPS,
        items,
        classifier.network,
        classifier.info,
        Question(),
        overwrite=options.overwrite,
    )
    folder.check()
    return folder


def _explain(heatmaps: HeatmapFolder, batch: PredictedBatch, device: torch.device) -> None:
    """Write the heatmaps of the images that have probabilities."""
    said = [index for index, each in enumerate(batch.predictions) if each.probabilities]
    fields = {
        name: [batch.items[index][name] for index in said]
        for name in ("name", "path", "error", BOX)
    }
    heatmaps.add(fields, batch.images[said].to(device), batch.probabilities[said])


def _report(
    options: argparse.Namespace,
    predictions: Sequence[Prediction],
    classifier: Classifier | EnsembleClassifier,
) -> int:
    failed = [each.error for each in predictions if each.error]
    for error in failed:
        logger.warning("%s", error)
    print(predictions_text(predictions))
    where = ""
    if options.out is not None:
        columns = Columns.of_model(classifier.info)._replace(flips=options.flips)
        if isinstance(classifier, EnsembleClassifier):
            columns = columns._replace(spread=classifier.spread_measures)
        where = f": {write_predictions_of_folder(options.out, predictions, columns)}"
    logger.info("%s%s", counted(predictions), where)
    return 1 if failed else 0

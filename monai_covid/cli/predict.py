"""``monai-covid predict``: classes of image files, or why there are none."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from monai_covid.cli.arguments import (
    add_heatmap,
    add_images,
    add_model,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.data.images import datalist_of
from monai_covid.errors import SHOWN_AT_MOST, OptionError
from monai_covid.inference.answer import answer_files
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.explaining import HeatmapRequest
from monai_covid.inference.heatmap_folder import HeatmapFolder
from monai_covid.inference.image import ImageFileDataset, ImagePreparation
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.prediction_tables import (
    Columns,
    check_free,
    counted,
    predictions_text,
    write_predictions_of_folder,
)
from monai_covid.models.default_model import find_model
from monai_covid.models.device import choose_device

logger = logging.getLogger(__name__)

HEATMAPS = "heatmaps"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_images(parser)
    add_model(parser, several=True)
    add_out(parser, "folder for predictions.csv and predictions.json", required=False)
    add_shared(parser, "keep-unsuitable", "trust-photometric")
    parser.add_argument(
        "--flips",
        action="store_true",
        help="average probabilities over each image and its mirror image (twice the work)",
    )
    add_shared(parser, "batch-size", "device", "quiet")
    heatmaps = parser.add_argument_group("heatmaps")
    heatmaps.add_argument(
        "--heatmaps",
        action="store_true",
        help=f"explain each image that has a prediction, in the folder {HEATMAPS} of --out",
    )
    add_heatmap(heatmaps)


def run(options: argparse.Namespace) -> int:
    """Predict the images; 1 if some could not be read."""
    _check(options)
    items = datalist_of(options.images)
    classifier = load_classifier(options.model, options.device, flips=options.flips)
    heatmaps = _heatmap_folder(options, items, classifier)
    predictions = answer_items(options, items, classifier, heatmaps)
    return _report(options, predictions, classifier)


def load_classifier(
    models: Sequence[Path], device: str | None, *, flips: bool = False
) -> Classifier | EnsembleClassifier:
    """Return the network of a model file or folder, or the ensemble of several."""
    files = [find_model(path) if path.is_dir() else path for path in models]
    where = choose_device(device)
    if len(files) > 1:
        return EnsembleClassifier(files, where, flips=flips)
    return Classifier(files[0], where, flips=flips)


def answer_items(
    options: argparse.Namespace,
    items: Sequence[Mapping[str, Any]],
    classifier: Classifier | EnsembleClassifier,
    heatmaps: HeatmapFolder | None,
) -> list[Prediction]:
    """Answer image files, explain those with a prediction if asked to, and show the progress.

    Args:
        options: ``batch_size``, ``keep_unsuitable``, ``trust_photometric`` and ``quiet``.
        items: The images.
        classifier: What answers.
        heatmaps: Where explanations go; None: nothing is explained.
    """
    preparation = ImagePreparation(
        classifier.info,
        keep_unsuitable=options.keep_unsuitable,
        trust_photometric=options.trust_photometric,
    )
    images = ImageFileDataset(items, preparation, pictures=heatmaps is not None)
    predictions: list[Prediction] = []
    with tqdm(total=len(items), desc="Images", unit="image", disable=options.quiet) as progress:
        when_read = progress.update if heatmaps is None else None
        for batch in answer_files(classifier, images, options.batch_size, when_read):
            predictions += batch.predictions
            if heatmaps is not None:
                heatmaps.add(*batch, progress.update)
    errors = [each.error for each in predictions if each.error]
    for error in errors[:SHOWN_AT_MOST]:
        logger.warning("%s", error)
    if len(errors) > SHOWN_AT_MOST:
        logger.warning("… and %d more", len(errors) - SHOWN_AT_MOST)
    return predictions


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


def _heatmap_folder(
    options: argparse.Namespace,
    items: Sequence[Mapping[str, Any]],
    classifier: Classifier | EnsembleClassifier,
) -> HeatmapFolder | None:
    if not options.heatmaps or isinstance(classifier, EnsembleClassifier):
        return None
    folder = HeatmapFolder(
        options.out / HEATMAPS,
        items,
        classifier.network,
        classifier.info,
        HeatmapRequest(options.label, options.method, options.contrast),
        overwrite=options.overwrite,
    )
    folder.check()
    return folder


def _report(
    options: argparse.Namespace,
    predictions: Sequence[Prediction],
    classifier: Classifier | EnsembleClassifier,
) -> int:
    where = None
    if options.out is not None:
        columns = Columns.of_model(classifier.info)._replace(flips=options.flips)
        if isinstance(classifier, EnsembleClassifier):
            columns = columns._replace(spread=classifier.spread_measures)
        where = write_predictions_of_folder(options.out, predictions, columns)
    print(predictions_text(predictions, where))
    logger.info("%s%s", counted(predictions), f": {where}" if where else "")
    return 1 if any(each.error for each in predictions) else 0

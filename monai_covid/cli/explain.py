"""``monai-covid explain``: heatmaps of image files."""

from __future__ import annotations

import argparse

from monai_covid.cli.arguments import (
    add_heatmap,
    add_images,
    add_model,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.cli.predict import answer_items, load_classifier
from monai_covid.data.images import datalist_of
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.explaining import HeatmapRequest
from monai_covid.inference.heatmap import SMOOTHING
from monai_covid.inference.heatmap_folder import HeatmapFolder


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_images(parser)
    add_model(parser)
    add_out(parser, "folder for the heatmaps")
    add_shared(parser, "keep-unsuitable", "trust-photometric")
    add_heatmap(parser)
    parser.add_argument(
        "--smoothing",
        type=float,
        default=SMOOTHING,
        help=f"of the pictures, in pixels of the network's input; 0: none ({SMOOTHING:g})",
    )
    parser.add_argument("--arrays", action="store_true", help="write values as .npy files too")
    add_shared(parser, "batch-size", "device", "quiet")


def run(options: argparse.Namespace) -> int:
    """Explain the images; 1 if some could not be read."""
    check_numbers(options)
    classifier = load_classifier([options.model], options.device)
    assert not isinstance(classifier, EnsembleClassifier)  # of one model
    items = datalist_of(options.images)
    folder = HeatmapFolder(
        options.out,
        items,
        classifier.network,
        classifier.info,
        HeatmapRequest(options.label, options.method, options.contrast),
        overwrite=options.overwrite,
        smoothing=options.smoothing,
        arrays=options.arrays,
        chunk=options.batch_size,
    )
    folder.check()
    answer_items(options, items, classifier, folder)
    folder.finish()
    return 1 if folder.unreadable else 0

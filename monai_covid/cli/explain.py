"""``monai-covid explain``: heatmaps of image files."""

from __future__ import annotations

import argparse

import torch
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
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.dataset import ImageFileDataset
from monai_covid.inference.explaining import Question
from monai_covid.inference.heatmap_files import SMOOTHING
from monai_covid.inference.heatmap_folder import HeatmapFolder
from monai_covid.models.device import choose_device
from monai_covid.preprocessing.chains import inference_transforms


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_images(parser)
    add_model(parser)
    add_out(parser, "folder for the heatmaps")
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
    classifier = Classifier(options.model, choose_device(options.device))
    info = classifier.info
    items = datalist_of(options.images)
    folder = HeatmapFolder(
        options.out,
        items,
        classifier.network,
        info,
        Question(options.label, options.method, options.contrast),
        overwrite=options.overwrite,
        smoothing=options.smoothing,
        arrays=options.arrays,
        chunk=options.batch_size,
    )
    folder.check()
    transform = inference_transforms(
        size=info.image_size, channels=info.channels, preprocessing=info.preprocessing
    )
    dataset = ImageFileDataset(items, transform, info.channels, info.image_size)
    loader = torch.utils.data.DataLoader(dataset, batch_size=options.batch_size)
    with tqdm(total=len(items), desc="Heatmaps", unit="image", disable=options.quiet) as progress:
        for batch in loader:
            images = batch["image"].to(classifier.device)
            folder.add(batch, images, classifier.probabilities(images))
            progress.update(len(images))
    folder.finish()
    return 1 if folder.failed else 0

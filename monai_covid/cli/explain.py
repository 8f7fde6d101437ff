"""``monai-covid explain``: heatmaps of image files."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from tqdm import tqdm

from monai_covid.data.images import datalist_of
from monai_covid.errors import OptionError
from monai_covid.explain.methods import DEFAULT_METHOD, METHODS
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.dataset import ImageFileDataset
from monai_covid.inference.explaining import PREDICTED, HeatmapRequest
from monai_covid.inference.heatmap_files import SMOOTHING
from monai_covid.inference.heatmap_folder import HeatmapFolder
from monai_covid.models.default_model import MODEL, default_model
from monai_covid.models.device import choose_device
from monai_covid.preprocessing.chains import inference_transforms


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "images", type=Path, nargs="+", help="PNG, JPEG, DICOM or NIfTI files, and folders of them"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the heatmaps")
    parser.add_argument("--model", type=Path, default=default_model(), help=f"model file ({MODEL})")
    parser.add_argument(
        "--class",
        dest="label",
        default=PREDICTED,
        metavar="CLASS",
        help=f"class to explain, such as covid19; {PREDICTED}: the most probable one (default)",
    )
    parser.add_argument(
        "--method", choices=list(METHODS), default=DEFAULT_METHOD, help=f"({DEFAULT_METHOD})"
    )
    parser.add_argument(
        "--contrast", action="store_true", help="explain the class against the others"
    )
    parser.add_argument(
        "--smoothing",
        type=float,
        default=SMOOTHING,
        help=f"of the pictures, in pixels of the network's input; 0: none ({SMOOTHING:g})",
    )
    parser.add_argument("--arrays", action="store_true", help="write values as .npy files too")
    parser.add_argument("--batch-size", type=int, default=8, help="images at once (8)")
    parser.add_argument("--device", help="cpu, cuda:0, …; none: a GPU if there is one")
    parser.add_argument("--overwrite", action="store_true", help="replace earlier heatmaps")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(options: argparse.Namespace) -> int:
    """Explain the images; 1 if some could not be read."""
    if options.batch_size < 1:
        raise OptionError(f"--batch-size is {options.batch_size}; it must be at least 1")
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

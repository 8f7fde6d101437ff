"""``monai-covid import-weights``: a model file of weights that others trained."""

from __future__ import annotations

import argparse

from monai_covid.cli.arguments import add_out, add_shared, check_numbers, check_out
from monai_covid.labels import chosen_labels
from monai_covid.models.imported import ORIGINS, import_weights


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "weights", help="file of tensors, or the name of weights of TorchXRayVision (densenet121-…)"
    )
    parser.add_argument(
        "--from",
        dest="origin",
        required=True,
        choices=list(ORIGINS),
        help="who made them: decides preprocessing, scale and, if known, the labels",
    )
    add_shared(parser, "classes")
    parser.add_argument(
        "--multilabel", action="store_true", default=None, help="labels can hold at once (sigmoid)"
    )
    parser.add_argument(
        "--image-size", type=int, default=224, help="side of the network's input in pixels (224)"
    )
    add_out(parser, "model file to write")


def run(options: argparse.Namespace) -> int:
    """Write the model file and say what it is."""
    check_numbers(options, image_size=32)
    check_out(options.out, overwrite=options.overwrite)
    info = import_weights(
        options.weights,
        options.origin,
        options.out,
        labels=None if options.classes is None else chosen_labels(options.classes),
        multilabel=options.multilabel,
        image_size=options.image_size,
    )
    end = "which can hold at once" if info.multilabel else "of which an image has one"
    print(f"{options.out}: {info.architecture}, {info.image_size} pixels, {info.channels} channels")
    print(f"{len(info.labels)} labels, {end}: {', '.join(info.labels)}")
    stored = ", ".join(f"{name} {value}" for name, value in info.preprocessing.fields().items())
    print(f"preprocessing: {stored}")
    return 0

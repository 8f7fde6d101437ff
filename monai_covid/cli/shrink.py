"""``monai-covid shrink``: a smaller model file that answers the same."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from monai_covid.cli.arguments import (
    IMAGE_FILES,
    add_images,
    add_model,
    add_old_name,
    add_out,
    add_shared,
    check_numbers,
    check_out,
)
from monai_covid.cli.progress import ClassifierWithProgress
from monai_covid.data.images import datalist_of
from monai_covid.errors import OptionError
from monai_covid.inference.shrinking import shrink
from monai_covid.models.device import choose_device
from monai_covid.models.weight_storage import FLOAT32, STORAGES

LARGEST_CHANGE = 0.001


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_model(parser)
    add_old_name(parser, "MODEL", "--model", type=Path, nargs="?")
    add_out(parser, "smaller model file to write")
    add_images(
        parser, "--images", required=True, help=f"{IMAGE_FILES}, whose answers must not change"
    )
    add_shared(parser, "device", "batch-size", "quiet")
    smaller = tuple(name for name in STORAGES if name != FLOAT32)
    parser.add_argument(
        "--storage", choices=smaller, default="float16", help="type of the stored weights (float16)"
    )
    parser.add_argument(
        "--largest-change",
        type=float,
        default=LARGEST_CHANGE,
        help=f"nothing is written if a probability changes by this or more ({LARGEST_CHANGE:g})",
    )


def run(options: argparse.Namespace) -> int:
    """Write the smaller file and print what it changes."""
    check_numbers(options)
    if not options.largest_change > 0:
        raise OptionError(f"--largest-change is {options.largest_change}; it must be above 0")
    check_out(options.out, overwrite=options.overwrite)
    images = [Path(item["image"]) for item in datalist_of(options.images)]
    device = choose_device(options.device)
    load = partial(ClassifierWithProgress, device=device, quiet=options.quiet)
    change = shrink(
        options.model,
        options.out,
        images,
        options.storage,
        options.largest_change,
        load=load,
        batch_size=options.batch_size,
    )
    sizes = f"{change.bytes_before / 1e6:.1f} MB before, {change.bytes_after / 1e6:.1f} MB now"
    print(f"{options.out}: {sizes}")
    print(
        f"{change.images} images: no decision changed, probabilities by {change.mean:.1e} on "
        f"average and {change.largest:.1e} at most"
    )
    return 0

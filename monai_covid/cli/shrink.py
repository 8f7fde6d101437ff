"""``monai-covid shrink``: a smaller model file that answers the same."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.data.files import check_writable
from monai_covid.data.images import datalist_of
from monai_covid.errors import OptionError
from monai_covid.inference.shrinking import shrink
from monai_covid.models.weight_storage import FLOAT32, STORAGES

LARGEST_CHANGE = 0.001


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("model", type=Path, help="model file")
    parser.add_argument("--out", type=Path, required=True, help="smaller model file to write")
    parser.add_argument(
        "--images",
        type=Path,
        nargs="+",
        required=True,
        help="images, and folders of them, on which answers must not change",
    )
    smaller = tuple(name for name in STORAGES if name != FLOAT32)
    parser.add_argument(
        "--storage", choices=smaller, default="float16", help="of the weights (float16)"
    )
    parser.add_argument(
        "--largest-change",
        type=float,
        default=LARGEST_CHANGE,
        help=f"probabilities change by less than this, or nothing is written ({LARGEST_CHANGE:g})",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace --out")


def run(options: argparse.Namespace) -> int:
    """Write the smaller file and print what it changes."""
    if not options.largest_change > 0:
        raise OptionError(f"--largest-change is {options.largest_change}; it must be above 0")
    if options.out.exists() and not options.overwrite:
        raise FileExistsError(f"{options.out} exists already")
    check_writable(options.out.parent)
    images = [Path(item["image"]) for item in datalist_of(options.images)]
    change = shrink(options.model, options.out, images, options.storage, options.largest_change)
    sizes = f"{change.bytes_before / 1e6:.1f} MB before, {change.bytes_after / 1e6:.1f} MB now"
    print(f"{options.out}: {sizes}")
    print(
        f"{change.images} images: no decision changed, probabilities by {change.mean:.1e} on "
        f"average and {change.largest:.1e} at most"
    )
    return 0

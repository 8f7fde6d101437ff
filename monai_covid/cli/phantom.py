"""``monai-covid phantom``: synthetic radiographs with ground truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_phantom


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--out", type=Path, required=True, help="folder that gets nih/ and covid/")
    parser.add_argument("--nih-images", type=int, default=300, help="images of stage 2 (300)")
    parser.add_argument(
        "--covid-images-per-class", type=int, default=100, help="images a class of stage 3 (100)"
    )
    parser.add_argument("--size", type=int, default=256, help="longest side in pixels (256)")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random (0)")
    parser.add_argument(
        "--word-correlation",
        type=float,
        default=0.0,
        help="how far a burnt-in word tells the class: 0 not at all, 1 always (0)",
    )
    parser.add_argument(
        "--shape-correlation",
        type=float,
        default=0.0,
        help="the same for the image's aspect ratio (0)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier phantom")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(options: argparse.Namespace) -> int:
    """Write the phantom."""
    settings = PhantomOptions(
        size=options.size,
        word_correlation=options.word_correlation,
        shape_correlation=options.shape_correlation,
    )
    folder = write_phantom(
        options.out,
        nih_images=options.nih_images,
        covid_images_per_class=options.covid_images_per_class,
        seed=options.seed,
        options=settings,
        overwrite=options.overwrite,
        progress=not options.quiet,
    )
    print(folder)
    return 0

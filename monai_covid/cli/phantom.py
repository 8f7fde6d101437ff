"""``monai-covid phantom``: synthetic radiographs with ground truth."""

from __future__ import annotations

import argparse

from monai_covid.cli.arguments import add_out, add_shared, check_numbers
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_phantom


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_out(parser, "folder for nih/ and covid/")
    parser.add_argument("--nih-images", type=int, default=300, help="images of stage 2 (300)")
    parser.add_argument(
        "--covid-images-per-class",
        type=int,
        default=100,
        help="images of each class of stage 3 (100)",
    )
    parser.add_argument("--size", type=int, default=256, help="longest side in pixels (256)")
    parser.add_argument(
        "--word-correlation",
        type=float,
        default=0.0,
        help="how often burnt-in text tells the class, from 0 (by chance) to 1 (always) (0)",
    )
    parser.add_argument(
        "--shape-correlation",
        type=float,
        default=0.0,
        help="how often the aspect ratio tells the class, from 0 to 1 (0)",
    )
    add_shared(parser, "seed", "quiet")


def run(options: argparse.Namespace) -> int:
    """Write the phantom."""
    check_numbers(options)
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

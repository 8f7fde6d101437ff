"""``monai-covid demo``: both stages on synthetic radiographs, in minutes."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import add_out, add_shared, check_numbers
from monai_covid.lab.demo import DemoSize, run_demo

SIZES = {
    "nih_images": "images of stage 2",
    "covid_images_per_class": "images of each class of stage 3",
    "image_size": "height and width of the network's input in pixels",
    "stage2_epochs": "epochs of stage 2",
    "stage3_epochs": "epochs of stage 3",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_out(parser, "folder for the demo (demo)", required=False, default=Path("demo"))
    add_shared(parser, "seed", "quiet", "bundle")
    usual = DemoSize()._asdict()
    for name, meaning in SIZES.items():
        option, value = f"--{name.replace('_', '-')}", usual[name]
        parser.add_argument(option, type=int, default=value, help=f"{meaning} ({value})")


def run(options: argparse.Namespace) -> int:
    """Run the demo and say where to look."""
    check_numbers(options, **dict.fromkeys(SIZES, 1))
    size = DemoSize(**{name: getattr(options, name) for name in DemoSize._fields})
    page = run_demo(
        options.bundle,
        options.out,
        size,
        overwrite=options.overwrite,
        progress=not options.quiet,
    )
    print(f"\nOpen {page}")
    return 0

"""``monai-covid benchmark-explanations``: which explanation methods can be trusted."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from monai_covid.cli.arguments import (
    add_images,
    add_model,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.data.images import datalist_of
from monai_covid.errors import OptionError
from monai_covid.lab.explanation_benchmark.folder import Effort
from monai_covid.lab.explanation_benchmark.networks import NetworkPlan
from monai_covid.lab.explanation_benchmark.run import benchmark_model, benchmark_phantom

PLAN, EFFORT = NetworkPlan(), Effort()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_out(parser, "folder for all results")
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=EFFORT.methods,
        default=EFFORT.methods,
        metavar="METHOD",
        help=f"some of {', '.join(EFFORT.methods)} (all)",
    )
    parser.add_argument(
        "--randomised-images",
        type=int,
        default=EFFORT.randomised_images,
        help=f"images of the randomisation check ({EFFORT.randomised_images})",
    )
    add_shared(parser, "resamples", "quiet", "bundle")
    _add_phantom(parser)
    own = parser.add_argument_group("a model of your own instead of synthetic images")
    add_model(own, default=None, help="model file (none: networks are trained on synthetic images)")
    add_images(own, "--images")
    own.add_argument(
        "--masks", type=Path, help="folder of STEM_lesion.png and STEM_text.png for these images"
    )


def _add_phantom(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("synthetic images")
    for name, default, text in (
        (
            "--images-per-class",
            EFFORT.images_per_class,
            "images to explain of each class with lesions",
        ),
        ("--training-images", PLAN.training_images, "training images of each class"),
        ("--image-size", PLAN.image_size, "height and width in pixels"),
        ("--lesion-epochs", PLAN.lesion_epochs, "epochs of the network that sees lesions"),
        ("--word-epochs", PLAN.word_epochs, "epochs of the network that reads burnt-in text"),
    ):
        group.add_argument(name, type=int, help=f"{text} ({default})")
    # None tells whether it is given, which makes no sense with --model.
    add_shared(group, "seed", default=None)


def run(options: argparse.Namespace) -> int:
    """Run the benchmark and print where its page is."""
    check_numbers(options)
    chosen = _chosen(options, "images_per_class")
    effort = replace(
        EFFORT,
        **chosen,
        randomised_images=options.randomised_images,
        resamples=options.resamples,
        methods=tuple(options.methods),
    )
    planned = _chosen(
        options, "training_images", "image_size", "lesion_epochs", "word_epochs", "seed"
    )
    if (options.model is None) != (options.images is None):
        raise OptionError("--model and --images belong together: give both or neither")
    if options.masks is not None and options.images is None:
        raise OptionError("--masks needs --model and --images")
    if options.model is not None:
        if chosen or planned:
            raise OptionError("with --model there are no synthetic images; leave out their options")
        paths = [item["image"] for item in datalist_of(options.images)]
        page = benchmark_model(
            options.model,
            paths,
            options.out,
            effort,
            masks=options.masks,
            overwrite=options.overwrite,
            progress=not options.quiet,
        )
    else:
        page = benchmark_phantom(
            options.bundle,
            options.out,
            replace(PLAN, **planned),
            effort,
            overwrite=options.overwrite,
            progress=not options.quiet,
        )
    print(page)
    return 0


def _chosen(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}

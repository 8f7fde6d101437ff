"""``monai-covid benchmark-explanations``: methods of explanation put to the test."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from monai_covid.cli.arguments import add_shared
from monai_covid.data.images import datalist_of
from monai_covid.errors import OptionError
from monai_covid.lab.explanation_benchmark.folder import Effort
from monai_covid.lab.explanation_benchmark.networks import NetworkPlan
from monai_covid.lab.explanation_benchmark.run import benchmark_model, benchmark_phantom

PLAN, EFFORT = NetworkPlan(), Effort()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    parser.add_argument(
        "--randomised-images",
        type=int,
        default=EFFORT.randomised_images,
        help=f"images of the randomisation check ({EFFORT.randomised_images})",
    )
    parser.add_argument(
        "--resamples",
        type=int,
        default=EFFORT.resamples,
        help=f"bootstrap resamples ({EFFORT.resamples})",
    )
    parser.add_argument(
        "--methods",
        nargs="+",
        choices=EFFORT.methods,
        default=EFFORT.methods,
        metavar="METHOD",
        help=f"some of {', '.join(EFFORT.methods)} (all)",
    )
    parser.add_argument("--overwrite", action="store_true", help="start anew in --out")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    add_shared(parser, "bundle")
    _add_phantom(parser)
    own = parser.add_argument_group("a model of your own instead of synthetic images")
    own.add_argument("--model", type=Path, help="model file of stage 3")
    own.add_argument(
        "--masks", type=Path, help="folder of STEM_lesion.png and STEM_text.png for these images"
    )
    own.add_argument("--images", type=Path, nargs="+", help="image files, and folders of them")


def _add_phantom(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("synthetic images")
    for name, default, text in (
        ("--images-per-class", EFFORT.images_per_class, "images explained, a class with lesions"),
        ("--training-images", PLAN.training_images, "images of the training, a class"),
        ("--image-size", PLAN.image_size, "height and width in pixels"),
        ("--lesion-epochs", PLAN.lesion_epochs, "epochs of the network that sees lesions"),
        ("--word-epochs", PLAN.word_epochs, "epochs of the network that reads words"),
        ("--seed", PLAN.seed, "seed of everything random"),
    ):
        group.add_argument(name, type=int, help=f"{text} ({default})")


def run(options: argparse.Namespace) -> int:
    """Run the benchmark and print where its page is."""
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

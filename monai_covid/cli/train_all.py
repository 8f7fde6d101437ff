"""``monai-covid train-all``: stage 2 and every fold of stage 3, within a time budget."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import OUT_OF_TIME, add_shared
from monai_covid.lab.train_all.everything import Everything
from monai_covid.lab.train_all.plan import Collections, recorded_plan
from monai_covid.models.architectures import ARCHITECTURES
from monai_covid.training.budget import TimeBudget
from monai_covid.training.inferer import PRECISIONS

PLANNED = (
    *("stage2_epochs", "stage3_epochs", "image_size", "batch_size", "precision"),
    *("architecture", "imagenet", "head", "seed", "limit"),
    *("stage2_learning_rate", "learning_rate"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--nih", type=Path, required=True, help="folder of ChestX-ray14")
    parser.add_argument("--covid", type=Path, required=True, help="folder of metadata.csv")
    parser.add_argument("--extra", type=Path, nargs="*", default=[], help="further manifests")
    parser.add_argument("--out", type=Path, required=True, help="folder of all results")
    parser.add_argument("--minutes", type=float, help="time for this call; none: until the end")
    parser.add_argument("--device", help="cpu, cuda:0, …; none: a GPU if there is one")
    parser.add_argument("--resamples", type=int, default=2000, help="bootstrap resamples (2000)")
    parser.add_argument("--overwrite", action="store_true", help="start anew in --out")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    add_shared(parser, "bundle")
    _add_plan(parser)


def _add_plan(parser: argparse.ArgumentParser) -> None:
    plan = parser.add_argument_group("plan", "fixed by the first call")
    plan.add_argument("--stage2-epochs", type=int, help="none: what fits --minutes, at most 60")
    plan.add_argument("--stage3-epochs", type=int, help="none: what fits --minutes, at most 40")
    plan.add_argument("--image-size", type=int, help="height and width of the input (224)")
    plan.add_argument("--batch-size", type=int, help="images in a batch (16)")
    plan.add_argument("--precision", choices=sorted(PRECISIONS), help="arithmetic (float32)")
    plan.add_argument("--architecture", choices=sorted(ARCHITECTURES), help="(densenet121)")
    plan.add_argument("--imagenet", help="auto, required, none or a weights file (auto)")
    plan.add_argument("--head", choices=("keep", "mean", "random"), help="start of the head (keep)")
    plan.add_argument("--stage2-learning-rate", type=float, help="of stage 2 (0.01)")
    plan.add_argument("--learning-rate", type=float, help="of stage 3 (0.01)")
    plan.add_argument("--seed", type=int, help="seed of everything random (0)")
    plan.add_argument("--limit", type=int, help="at most this many images of each part")


def run(options: argparse.Namespace) -> int:
    """Train what is not finished."""
    budget = TimeBudget(options.minutes)
    extra = tuple(str(path.resolve()) for path in options.extra)
    data = Collections(options.nih.resolve(), options.covid.resolve(), extra)
    plan = recorded_plan(
        data,
        options.out,
        {name: getattr(options, name) for name in PLANNED},
        minutes=options.minutes,
        device=options.device,
        anew=options.overwrite,
    )
    everything = Everything(
        bundle_root=options.bundle,
        data=data,
        output=options.out.resolve(),
        plan=plan,
        budget=budget,
        device=options.device,
        progress=not options.quiet,
        resamples=options.resamples,
        anew=options.overwrite,
    )
    if everything.run():
        return 0
    print("Time is up; everything is saved. The same command goes on from here.")
    return OUT_OF_TIME

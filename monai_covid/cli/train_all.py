"""``monai-covid train-all``: stage 2 and every fold of stage 3, within a time budget."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.cli.arguments import OUT_OF_TIME, add_old_name, add_out, add_shared, check_numbers
from monai_covid.lab.train_all.plan import Collections, recorded_plan
from monai_covid.lab.train_all.run import TrainAll
from monai_covid.models.architectures import ARCHITECTURES
from monai_covid.training.budget import TimeBudget
from monai_covid.training.inferer import PRECISIONS

PLANNED = (
    *("stage2_epochs", "stage3_epochs", "image_size", "batch_size", "precision"),
    *("architecture", "imagenet", "head", "classes", "seed", "limit"),
    *("stage2_learning_rate", "learning_rate", "hold_out_by"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_shared(parser, "nih", "data", required=True)
    add_old_name(parser, "--covid", "--data", type=Path)
    parser.add_argument(
        "--extra", type=Path, nargs="*", default=[], help="further manifests to train on (none)"
    )
    add_out(parser, "folder for all results")
    add_shared(parser, "minutes", "device", "resamples", "quiet", "bundle")
    _add_plan(parser)


def _add_plan(parser: argparse.ArgumentParser) -> None:
    plan = parser.add_argument_group("plan", "fixed by the first call")
    plan.add_argument(
        "--stage2-epochs", type=int, help="epochs of stage 2 (what fits --minutes, at most 60)"
    )
    plan.add_argument(
        "--stage3-epochs", type=int, help="epochs of stage 3 (what fits --minutes, at most 40)"
    )
    plan.add_argument(
        "--image-size", type=int, help="height and width of the network's input in pixels (224)"
    )
    # None: as in the first call, or the default.
    add_shared(plan, "batch-size", "seed", "classes", default=None)
    plan.add_argument(
        "--precision", choices=sorted(PRECISIONS), help="precision of the arithmetic (float32)"
    )
    plan.add_argument("--architecture", choices=sorted(ARCHITECTURES), help="network (densenet121)")
    plan.add_argument(
        "--imagenet", help="ImageNet-pretrained weights: auto, required, none or a file (auto)"
    )
    plan.add_argument(
        "--head",
        choices=("keep", "mean", "random"),
        help="initial weights of the output layer (keep)",
    )
    plan.add_argument("--stage2-learning-rate", type=float, help="learning rate of stage 2 (0.01)")
    plan.add_argument("--learning-rate", type=float, help="learning rate of stage 3 (0.01)")
    add_shared(plan, "hold-out-by")
    plan.add_argument("--limit", type=int, help="at most this many images of each section (all)")


def run(options: argparse.Namespace) -> int:
    """Train what is not finished."""
    check_numbers(options)
    budget = TimeBudget(options.minutes)
    extra = tuple(str(path.resolve()) for path in options.extra)
    data = Collections(options.nih.resolve(), options.data.resolve(), extra)
    plan = recorded_plan(
        data,
        options.out,
        {name: getattr(options, name) for name in PLANNED},
        minutes=options.minutes,
        device=options.device,
        overwrite=options.overwrite,
    )
    everything = TrainAll(
        bundle_root=options.bundle,
        data=data,
        output=options.out.resolve(),
        plan=plan,
        budget=budget,
        device=options.device,
        progress=not options.quiet,
        resamples=options.resamples,
        overwrite=options.overwrite,
    )
    if everything.run():
        return 0
    print("Time is up; everything is saved. The same command goes on from here.")
    return OUT_OF_TIME

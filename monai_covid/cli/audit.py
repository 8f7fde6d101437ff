"""``monai-covid audit``: attempts to prove a model or a collection wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.audits.collection import audit
from monai_covid.audits.run import AUDITS
from monai_covid.audits.subject import AuditOptions
from monai_covid.errors import OptionError
from monai_covid.inference.classifier import Classifier

DEFAULTS = AuditOptions()

LEAST = {"fold": 0, "resamples": 20, "seed": 0, "batch_size": 1}
"""Of whole numbers; fewer resamples have no 95 % interval."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    names = ", ".join(AUDITS)
    parser.add_argument("names", nargs="*", metavar="AUDIT", help=f"some of {names} (all)")
    parser.add_argument(
        "--data", type=Path, required=True, help="manifest, or folder with metadata.csv"
    )
    parser.add_argument("--image-dir", type=Path, help="folder of the images (beside the manifest)")
    parser.add_argument("--model", type=Path, help="model file; none: audit the collection alone")
    parser.add_argument("--device", default="cpu", help="where the model computes (cpu)")
    parser.add_argument(
        "--fold", type=int, help="fold that the model was not trained on (none: it saw no image)"
    )
    parser.add_argument(
        "--external",
        type=Path,
        nargs="+",
        default=[],
        metavar="MANIFEST",
        help="manifests of other hospitals, or the folder of ChestX-ray14",
    )
    parser.add_argument(
        "--readings",
        type=Path,
        metavar="CSV",
        help="what readers saw: image, and columns of classes with 1, 0 or nothing",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier report")
    for name in ("resamples", "seed", "batch_size"):
        default = getattr(DEFAULTS, name)
        words = name.replace("_", " ")
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, default=default, help=f"{words} ({default})"
        )


def run(options: argparse.Namespace) -> int:
    """Run the audits and print what they found."""
    _check_numbers(options)
    findings = audit(
        options.data,
        Classifier(options.model, options.device) if options.model else None,
        options.out,
        names=options.names,
        image_dir=options.image_dir,
        external=options.external,
        readings=options.readings,
        options=AuditOptions(options.fold, options.resamples, options.seed, options.batch_size),
        overwrite=options.overwrite,
    )
    for name, finding in findings.items():
        print(f"{name}: {finding.verdict}. {finding.summary}")
    print(f"report: {options.out / 'index.html'}")
    return 0


def _check_numbers(options: argparse.Namespace) -> None:
    wrong = [
        f"--{name.replace('_', '-')} is {value}; it must be at least {least}"
        for name, least in LEAST.items()
        for value in [getattr(options, name)]
        if value is not None and value < least
    ]
    if wrong:
        raise OptionError("; ".join(wrong))

"""``monai-covid audit``: looks for what is wrong with a model or a collection."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from monai_covid.audits.collection import audit
from monai_covid.audits.run import AUDITS, EARLIER_NAMES
from monai_covid.audits.subject import AuditOptions
from monai_covid.cli.arguments import (
    add_model,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.cli.progress import ClassifierWithProgress
from monai_covid.models.device import choose_device


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "names", nargs="*", metavar="AUDIT", help=f"some of {', '.join(AUDITS)} (all)"
    )
    add_shared(parser, "data", required=True)
    add_shared(parser, "image-dir")
    add_model(parser, default=None, help="model file (none: the collection alone is audited)")
    add_shared(parser, "device", "batch-size")
    parser.add_argument("--fold", type=int, help="held-out fold (all images are unseen)")
    add_shared(parser, "hold-out-by")
    parser.add_argument(
        "--external",
        type=Path,
        nargs="+",
        default=[],
        metavar="MANIFEST",
        help="collections of other hospitals: manifests, or the folder of ChestX-ray14",
    )
    add_shared(parser, "readings", "classes")
    add_out(parser, "folder for the report")
    add_shared(parser, "resamples", "seed", "quiet")


def run(options: argparse.Namespace) -> int:
    """Run the audits and print what they found."""
    check_numbers(options, fold=0)
    for old in EARLIER_NAMES.keys() & set(options.names):
        print(f"warning: {old} is now {EARLIER_NAMES[old]}", file=sys.stderr)
    classifier = None
    if options.model is not None:
        device = choose_device(options.device)
        classifier = ClassifierWithProgress(options.model, device, quiet=options.quiet)
    findings = audit(
        options.data,
        classifier,
        options.out,
        names=options.names,
        image_dir=options.image_dir,
        external=options.external,
        readings=options.readings,
        classes=options.classes,
        options=AuditOptions(
            options.fold,
            options.resamples,
            options.seed,
            options.batch_size,
            progress=not options.quiet,
            hold_out_by=options.hold_out_by,
        ),
        overwrite=options.overwrite,
    )
    for name, finding in findings.items():
        print(f"{name}: {finding.verdict}. {finding.summary}")
    print(f"report: {options.out / 'index.html'}")
    return 0

"""``monai-covid audit``: looks for what is wrong with a model or a collection."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from monai_covid.audits.run import AUDIT_JSON, AUDITS, audit_name, run_audits
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.cli.arguments import (
    add_model,
    add_out,
    add_shared,
    check_numbers,
)
from monai_covid.cli.progress import ClassifierWithProgress
from monai_covid.data.files import check_writable
from monai_covid.data.manifest import read_manifest
from monai_covid.data.nih import is_nih_folder, read_nih_as_stage3
from monai_covid.data.readings import readings_of
from monai_covid.data.records import Records
from monai_covid.errors import OptionError
from monai_covid.evaluation.report_folder import check_replaceable, whole_folder
from monai_covid.labels import COVID_LABELS
from monai_covid.models.device import choose_device

OLD_NAMES = {"words": "text"}
"""Names of audits in the last version."""


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
    parser.add_argument(
        "--external",
        type=Path,
        nargs="+",
        default=[],
        metavar="MANIFEST",
        help="collections of other hospitals: manifests, or the folder of ChestX-ray14",
    )
    add_shared(parser, "readings")
    add_out(parser, "folder for the report")
    add_shared(parser, "resamples", "seed", "quiet")


def run(options: argparse.Namespace) -> int:
    """Run the audits and print what they found."""
    names = _chosen([audit_name(name) for name in options.names])
    check_numbers(options, fold=0)
    try:
        check_replaceable(options.out, AUDIT_JSON, overwrite=options.overwrite)
    except FileExistsError as error:
        raise OptionError(f"--out: {error}") from error
    check_writable(options.out)
    classifier = None
    if options.model is not None:
        device = choose_device(options.device)
        classifier = ClassifierWithProgress(options.model, device, quiet=options.quiet)
    labels = classifier.info.labels if classifier else COVID_LABELS
    records = read_manifest(options.data, labels, options.image_dir)
    readings = readings_of(options.readings, records) if options.readings else None
    with whole_folder(options.out, AUDIT_JSON, overwrite=options.overwrite) as folder:
        subject = Subject(
            records,
            folder,
            classifier,
            external=_externals(options.external, labels),
            readings=readings,
            options=AuditOptions(options.fold, options.resamples, options.seed, options.batch_size),
        )
        if options.fold is not None:
            _ = subject.unseen  # a fold without images is an error before hours of work
        findings, _ = run_audits(subject, names, folder)
    for name, finding in findings.items():
        print(f"{name}: {finding.verdict}. {finding.summary}")
    print(f"report: {options.out / 'index.html'}")
    return 0


def _chosen(names: list[str]) -> list[str]:
    for old in OLD_NAMES.keys() & set(names):
        print(f"warning: {old} is now {OLD_NAMES[old]}", file=sys.stderr)
    names = [OLD_NAMES.get(name, name) for name in names]
    unknown = [name for name in names if name not in AUDITS]
    if unknown:
        raise OptionError(f"no audit {', '.join(unknown)}; there are {', '.join(AUDITS)}")
    return [name for name in AUDITS if name in names or not names]


def _externals(manifests: list[Path], labels: tuple[str, ...]) -> dict[str, Records]:
    collections: dict[str, Records] = {}
    for manifest in manifests:
        name = _name_of(manifest)
        if name in collections:
            raise OptionError(
                f"--external: two collections would be called {name!r}; rename the folder of one"
            )
        nih = is_nih_folder(manifest) and labels == COVID_LABELS
        collections[name] = read_nih_as_stage3(manifest) if nih else read_manifest(manifest, labels)
    return collections


def _name_of(manifest: Path) -> str:
    """Return what a collection is called: its folder if the file has the usual name."""
    usual = manifest.is_dir() or manifest.stem == "metadata"
    folder = manifest if manifest.is_dir() else manifest.parent
    return folder.resolve().name if usual else manifest.stem

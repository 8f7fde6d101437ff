"""``monai-covid audit``: attempts to prove a model or a collection wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.audits.run import AUDIT_JSON, AUDITS, audit_name, run_audits
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.files import check_writable
from monai_covid.data.manifest import read_manifest
from monai_covid.data.nih import is_nih_folder, read_nih_as_stage3
from monai_covid.data.readings import readings_of
from monai_covid.data.records import Records
from monai_covid.errors import OptionError
from monai_covid.evaluation.report_folder import check_replaceable, whole_folder
from monai_covid.inference.classifier import Classifier
from monai_covid.labels import COVID_LABELS

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
    names = _chosen([audit_name(name) for name in options.names])
    _check_numbers(options)
    try:
        check_replaceable(options.out, AUDIT_JSON, overwrite=options.overwrite)
    except FileExistsError as error:
        raise OptionError(f"--out: {error}") from error
    check_writable(options.out)
    classifier = Classifier(options.model, options.device) if options.model else None
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


def _check_numbers(options: argparse.Namespace) -> None:
    wrong = [
        f"--{name.replace('_', '-')} is {value}; it must be at least {least}"
        for name, least in LEAST.items()
        for value in [getattr(options, name)]
        if value is not None and value < least
    ]
    if wrong:
        raise OptionError("; ".join(wrong))


def _chosen(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in AUDITS]
    if unknown:
        raise OptionError(f"no audit {', '.join(unknown)}; there are {', '.join(AUDITS)}")
    return [name for name in AUDITS if name in names or not names]


def _externals(manifests: list[Path], labels: tuple[str, ...]) -> dict[str, Records]:
    found: dict[str, Records] = {}
    for one in manifests:
        if _name_of(one) in found:
            raise OptionError(f"--external: two collections would be called {_name_of(one)!r}")
        nih = is_nih_folder(one) and labels == COVID_LABELS
        found[_name_of(one)] = read_nih_as_stage3(one) if nih else read_manifest(one, labels)
    return found


def _name_of(manifest: Path) -> str:
    """Return what a collection is called: its folder if the file has the usual name."""
    usual = manifest.is_dir() or manifest.stem == "metadata"
    folder = manifest if manifest.is_dir() else manifest.parent
    return folder.resolve().name if usual else manifest.stem

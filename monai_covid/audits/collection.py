"""Audits of a collection on disk, with or without a model: from files to a report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_covid.audits.finding import AuditFinding
from monai_covid.audits.run import AUDIT_JSON, AUDITS, audit_name, run_audits
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.files import check_writable
from monai_covid.data.nih import is_nih_folder, read_nih_as_stage3
from monai_covid.data.readings import readings_of
from monai_covid.data.records import Records
from monai_covid.errors import OptionError
from monai_covid.evaluation.report_folder import check_replaceable, whole_folder
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.held_out import check_hold_out
from monai_covid.inference.model import Model
from monai_covid.labels import LabelSet, chosen_labels, known_labels, register_display_names

FilePath = str | os.PathLike[str]


def audit(
    data: FilePath,
    model: Model | Classifier | None,
    out: FilePath,
    *,
    names: Sequence[str] = (),
    image_dir: FilePath | None = None,
    external: Sequence[FilePath] = (),
    readings: FilePath | None = None,
    classes: str | Path | Sequence[str] | None = None,
    options: AuditOptions | None = None,
    overwrite: bool = False,
) -> Mapping[str, AuditFinding]:
    """Try to prove a model or a labelled collection wrong, and write a report.

    Args:
        data: Manifest, or folder with ``metadata.csv``.
        model: A model of :func:`monai_covid.load`; None: the collection alone is audited.
        out: Folder of the report, ``index.html`` and ``audit.json``.
        names: Which of ``AUDITS``; none: all that there is enough for.
        image_dir: Folder of the images; None: beside the manifest.
        external: Manifests of other hospitals, or the folder of ChestX-ray14.
        readings: CSV of what readers saw.
        classes: Label set of the collection, where there is no model; None: what it has.
        options: Held-out fold or hospital, resamples, seed and batch size.
        overwrite: Whether an earlier report may be replaced.

    Returns:
        What each audit found, by its name.

    Raises:
        OptionError: If an audit is unknown, the model is an ensemble or was trained with other
            folds, or ``out`` may not be replaced.
        InputError: If the data have problems.
    """
    chosen = _chosen(names)
    classifier = model.classifier if isinstance(model, Model) else model
    if not isinstance(classifier, Classifier | None):
        raise OptionError("one network is audited, not an ensemble; load a single model")
    _check_fold(classifier, options or AuditOptions())
    out, data = Path(out), Path(data)
    try:
        check_replaceable(out, AUDIT_JSON, overwrite=overwrite)
    except FileExistsError as error:
        raise OptionError(f"--out: {error}") from error
    check_writable(out)
    wanted = _wanted_labels(classes, classifier)
    records = read_collection(
        data,
        None if wanted is None else wanted.names,
        image_dir=None if image_dir is None else Path(image_dir),
    )
    labels = wanted or known_labels(records.labels)
    with whole_folder(out, AUDIT_JSON, overwrite=overwrite) as folder:
        subject = Subject(
            records,
            folder,
            classifier,
            external=_externals([Path(each) for each in external], labels),
            readings=None if readings is None else readings_of(Path(readings), records),
            options=options,
        )
        if subject.options.fold is not None:
            _ = subject.unseen  # a fold without images is an error before hours of work
        findings, _ = run_audits(subject, chosen, folder)
    return findings


def _chosen(names: Sequence[str]) -> list[str]:
    names = [audit_name(name) for name in names]
    unknown = [name for name in names if name not in AUDITS]
    if unknown:
        raise OptionError(f"no audit {', '.join(unknown)}; there are {', '.join(AUDITS)}")
    return [name for name in AUDITS if name in names or not names]


def _check_fold(classifier: Classifier | None, options: AuditOptions) -> None:
    """Refuse a fold of other folds than those that the model was trained with."""
    column = options.hold_out_by
    if options.fold is None:
        if column is not None:
            raise OptionError(
                f"--hold-out-by {column}: give --fold too, the number of the hospital that was "
                "held out, in the order of names from 0"
            )
    elif classifier is not None:
        check_hold_out(
            classifier.file, column, option="--hold-out-by", otherwise="leave out --fold"
        )


def _wanted_labels(
    classes: str | Path | Sequence[str] | None, classifier: Classifier | None
) -> LabelSet | None:
    if classifier is None:
        labels = None if classes is None else chosen_labels(classes)
    else:
        labels = classifier.info.classes
        if classes is not None and chosen_labels(classes).names != labels.names:
            raise OptionError(f"--classes: the model has {', '.join(labels.names)}")
    if labels is not None:
        register_display_names(labels)
    return labels


def _externals(manifests: Sequence[Path], labels: LabelSet) -> dict[str, Records]:
    collections: dict[str, Records] = {}
    for manifest in manifests:
        name = _name_of(manifest)
        if name in collections:
            raise OptionError(
                f"--external: two collections would be called {name!r}; rename the folder of one"
            )
        if is_nih_folder(manifest):
            collections[name] = read_nih_as_stage3(manifest, labels)
        else:
            collections[name] = read_collection(manifest, labels.names)
    return collections


def _name_of(manifest: Path) -> str:
    """Return what a collection is called: its folder if the file has the usual name."""
    usual = manifest.is_dir() or manifest.stem == "metadata"
    folder = manifest if manifest.is_dir() else manifest.parent
    return folder.resolve().name if usual else manifest.stem

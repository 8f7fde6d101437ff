"""Running the bundle's configs from Python, and cross-validation of stage 3 with them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.bundle import run

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.hospitals import folds_by_hospital, has_nih_patients, only_in
from monai_covid.data.manifest import has_folds
from monai_covid.data.records import Records
from monai_covid.errors import InputError, Problem, RunFolderError
from monai_covid.evaluation.columns import class_names_in
from monai_covid.evaluation.cross_validation import FOLD, cross_validate
from monai_covid.evaluation.cross_validation_folder import (
    MARK,
    cross_validation_text,
    write_cross_validation,
)
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report_folder import METRICS_JSON
from monai_covid.training.budget import TimeBudget
from monai_covid.training.workflow_options import NO_MODEL

logger = logging.getLogger(__name__)

STAGE3 = "stage3_covid.yaml"
SUMMARY = "summary.json"


def run_config(bundle_root: Path | str, config: str, run_id: str, **options: Any) -> None:
    """Run a config of the bundle, as ``python -m monai.bundle run`` does.

    Args:
        bundle_root: Folder of the bundle.
        config: File name in ``configs/``.
        run_id: What to run: training, evaluating, inferring.
        options: Values for the config's options.

    Raises:
        InputError: If the bundle has no such config.
        SystemExit: With a message for unusable options or data.
    """
    root = Path(bundle_root).resolve()
    file = root / "configs" / config
    if not file.is_file():
        raise InputError([Problem(file, None, "no such config; is bundle_root the bundle?")])
    run(run_id=run_id, config_file=str(file), bundle_root=str(root), **options)


def train_stage(
    bundle_root: Path | str, config: str, run_dir: Path, *, anew: bool = False, **options: Any
) -> dict[str, Any]:
    """Train a stage in ``run_dir``, continuing a run that is there.

    Args:
        bundle_root: Folder of the bundle.
        config: File name in ``configs/``.
        run_dir: Folder of the run.
        anew: Replace a run that is there instead.
        options: Values for the config's options.

    Returns:
        The run's summary; ``finished`` is False if its time ran out.
    """
    if anew or not run_summary(run_dir).get("finished"):
        mode = {"overwrite": True} if anew else {"resume": True}
        run_config(bundle_root, config, "training", output_dir=str(run_dir), **mode, **options)
    return run_summary(run_dir)


def run_summary(run_dir: Path) -> dict[str, Any]:
    """Return the summary of a run; empty if it has none yet."""
    file = run_dir / SUMMARY
    if not file.is_file():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def evaluate_stage(bundle_root: Path | str, run_dir: Path, **options: Any) -> Path:
    """Evaluate the best model of ``run_dir``, unless that was done since the run ended.

    Returns:
        The folder of the evaluation.
    """
    folder = run_dir / "evaluation"
    metrics, model = folder / METRICS_JSON, run_dir / "model.pt"
    if metrics.is_file() and metrics.stat().st_mtime >= model.stat().st_mtime:
        return folder
    run_config(
        bundle_root,
        "evaluate.yaml",
        "evaluating",
        checkpoint=str(model),
        output_dir=str(folder),
        overwrite=True,
        **options,
    )
    return folder


def chosen(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return those of ``options`` that are named and set."""
    return {name: options[name] for name in names if options.get(name) is not None}


EVALUATION_OPTIONS = (
    *("image_dir", "patient_pattern", "uncertain", "blank", "folds", "hold_out_by", "seed"),
    "limit",
    *("device", "batch_size", "progress"),
)


def folds_of(
    collection: Path | str,
    image_dir: str | None = None,
    folds: int = 5,
    patient_pattern: str | None = None,
    hold_out_by: str | None = None,
    *,
    after_stage2: bool = False,
) -> dict[int, str]:
    """Return the folds of a collection: their numbers and names.

    They are those of its fold column, else 0 to ``folds`` - 1; with ``hold_out_by`` the hospitals
    that can be held out, because others have their classes too.

    Args:
        collection: As for `read_collection`.
        image_dir: As for `read_collection`.
        folds: Number of folds, where there is no column of them.
        patient_pattern: As for `read_collection`.
        hold_out_by: Column of hospitals; None: folds of patients.
        after_stage2: A stage 2 comes before: leave out hospitals of ChestX-ray14's patients.

    Raises:
        InputError: The collection cannot be read, or no hospital can be held out.
    """
    records = read_collection(collection, image_dir=image_dir, patient_pattern=patient_pattern)
    if hold_out_by is not None:
        return _hospitals_of(records, hold_out_by, after_stage2=after_stage2)
    frame = records.frame
    numbers = {int(fold) for fold in frame["fold"]} if has_folds(frame) else range(folds)
    return {number: str(number) for number in sorted(numbers)}


def _hospitals_of(records: Records, column: str, *, after_stage2: bool) -> dict[int, str]:
    folds = folds_by_hospital(records, column)
    for name, labels in only_in(records, column).items():
        logger.warning("%s is not held out: no other hospital has %s", name, ", ".join(labels))
    known = {
        number: name
        for number, name in folds.items()
        if after_stage2 and has_nih_patients(records, column, name)
    }
    for name in known.values():
        logger.warning("%s is not held out: stage 2 knows this hospital (ChestX-ray14)", name)
    left = {number: name for number, name in folds.items() if number not in known}
    if not left:
        message = f"no hospital of {column!r} is left to be held out: stage 2 learns from them"
        raise InputError([Problem(records.file, None, message)])
    return left


def cross_validate_stage(
    bundle_root: Path | str,
    dataset_dir: Path | str,
    output_dir: Path | str,
    *,
    manifest: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    resamples: int = 2000,
    budget: TimeBudget | None = None,
) -> Path | None:
    """Train and evaluate every fold of stage 3 and aggregate the test predictions.

    With the option ``hold_out_by`` each hospital is tested by a network that saw none of its images
    nor of its patients; with a ``stage2_model``, hospitals of ChestX-ray14's patients are not.

    Folds that are finished are not trained again, so that the same call continues an interrupted
    cross-validation.

    Args:
        bundle_root: Folder of the bundle.
        dataset_dir: Folder of the collection.
        output_dir: Folder that gets ``fold_K/`` for each fold and ``cross_validation/``.
        manifest: Collection, as for `read_collection`; None: ``dataset_dir``.
        options: Options of ``stage3_covid.yaml``.
        resume: Continue what is in ``output_dir``.
        overwrite: Replace what is in ``output_dir``.
        resamples: Bootstrap resamples.
        budget: Time for all folds together; None for as long as it takes.

    Returns:
        The folder with the tables, or None if time ran out.

    Raises:
        RunFolderError: If the folder holds runs and neither resume nor overwrite was asked for.
    """
    output, chosen_options = Path(output_dir), dict(options or {})
    manifest = Path(manifest) if manifest else Path(dataset_dir)
    _check_output(output, resume, overwrite)
    of_folds = chosen(chosen_options, "image_dir", "folds", "patient_pattern", "hold_out_by")
    after_stage2 = chosen_options.get("stage2_model") != NO_MODEL
    folds = folds_of(manifest, **of_folds, after_stage2=after_stage2)
    data = {"dataset_dir": str(dataset_dir), "manifest": str(manifest)}
    for fold, name in folds.items():
        logger.info("Fold %s (of %s)", name, ", ".join(folds.values()))
        run_dir = output / f"fold_{fold}"
        if budget:
            chosen_options["minutes"] = budget.minutes_left()
        summary = train_stage(
            bundle_root, STAGE3, run_dir, anew=overwrite, fold=fold, **data, **chosen_options
        )
        if not summary["finished"]:
            return None
        evaluated = chosen(chosen_options, *EVALUATION_OPTIONS)
        evaluate_stage(bundle_root, run_dir, fold=fold, resamples=resamples, **data, **evaluated)
    column = chosen_options.get("hold_out_by") or FOLD
    return aggregate_folds(output, folds, resamples, column)


def aggregate_folds(
    output: Path, folds: Mapping[int, str], resamples: int = 2000, column: str = FOLD
) -> Path:
    """Write the tables over the folds' test predictions into ``output/cross_validation``.

    Args:
        output: Folder with ``fold_K/`` for each fold.
        folds: Number and name of each fold.
        resamples: Bootstrap resamples.
        column: What folds are: ``fold``, or the column of hospitals.
    """
    tables = {
        name: read_predictions(output / f"fold_{fold}" / "evaluation" / "predictions.csv")
        for fold, name in folds.items()
    }
    class_names = class_names_in(next(iter(tables.values())))
    report = cross_validate(tables, class_names, resamples, column=column)
    folder = write_cross_validation(report, output / "cross_validation", overwrite=True)
    logger.info("%s\n%s", folder, cross_validation_text(report))
    return folder


def _check_output(output: Path, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise RunFolderError("resume and overwrite are mutually exclusive; give one of them")
    holds = any(output.glob("fold_*/last.pt")) or (output / "cross_validation" / MARK).exists()
    if holds and not (resume or overwrite):
        raise RunFolderError(
            f"{output}: holds a cross-validation already. Continue it with --resume True, replace "
            "it with --overwrite True, or give another --output_dir"
        )

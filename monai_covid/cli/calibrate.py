"""``monai-covid calibrate``: probabilities that mean what they say, and thresholds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.cli.arguments import (
    add_model,
    add_old_name,
    add_out,
    add_shared,
    check_numbers,
    check_out,
)
from monai_covid.cli.progress import ClassifierWithProgress
from monai_covid.data.files import write_text
from monai_covid.data.records import Datalist
from monai_covid.errors import InputError, OptionError, Problem
from monai_covid.evaluation.calibration.cutoff import ACCURACY, COVERAGE, CutoffGoal
from monai_covid.evaluation.calibration.fitting import FittedTable, Goals, calibrate_table
from monai_covid.evaluation.calibration.plots import reliability_picture
from monai_covid.evaluation.calibration.record import CUTOFF_MEASURES, Calibration
from monai_covid.evaluation.calibration.report import calibration_json, render_calibration
from monai_covid.evaluation.calibration.temperature import temperature_of
from monai_covid.evaluation.columns import is_multi_label
from monai_covid.evaluation.hospitals.calibration import (
    HospitalCalibration,
    calibrate_by_hospital,
)
from monai_covid.evaluation.hospitals.calibration_report import (
    hospital_calibration_json,
    render_hospital_calibration,
)
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report_text import strict_json
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.validation import (
    ALL,
    VALIDATION,
    Collection,
    check_apart,
    predictions_of,
    run_settings,
    section_of,
    unseen_images,
)
from monai_covid.models.default_model import default_model
from monai_covid.models.device import choose_device
from monai_covid.models.model_file import save_model
from monai_covid.models.transfer import shift_head

CONFIRMED = "The summary of its run confirms that the network was not trained on these images."
UNKNOWN = "Not known here: whether the network was trained on these images. Make sure it was not."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_model(parser, default=None)
    add_out(parser, "calibrated model file to write")
    _add_data(parser)
    for name, meaning in (
        ("sensitivity", "sensitivity that the thresholds reach"),
        ("confidence", "confidence with which they reach it"),
    ):
        parser.add_argument(
            f"--{name}", type=float, default=0.95, help=f"{meaning}, between 0 and 1 (0.95)"
        )
    _add_cutoff(parser)
    add_shared(parser, "resamples", "device", "batch-size", "quiet")


def _add_cutoff(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--coverage",
        type=float,
        help="target share of validation images that are not called uncertain, e.g. 0.8",
    )
    group.add_argument(
        "--selective-accuracy",
        type=float,
        help="target accuracy on accepted images, e.g. 0.9; the others are called uncertain",
    )
    parser.add_argument(
        "--uncertainty",
        choices=CUTOFF_MEASURES,
        default=CUTOFF_MEASURES[0],
        help=f"measure of uncertainty ({CUTOFF_MEASURES[0]}: 1 less the largest probability)",
    )


def _goal(options: argparse.Namespace) -> CutoffGoal | None:
    """Return what the cut-off is to reach; None: no cut-off is asked for."""
    for goal, asked in ((COVERAGE, options.coverage), (ACCURACY, options.selective_accuracy)):
        if asked is not None:
            return CutoffGoal(goal, asked, options.uncertainty)
    return None


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="CSV",
        help="labelled predictions of validation images, as evaluate reports them",
    )
    add_shared(parser, "data", "image-dir", "hold-out-by")
    parser.add_argument(
        "--section",
        choices=(VALIDATION, ALL),
        default=VALIDATION,
        help=f"images to take: all, if the model saw none of them in training ({VALIDATION})",
    )
    run = parser.add_argument_group("the model's training run (see its summary.json)")
    run.add_argument("--fold", type=int, help="test fold (that of the summary)")
    run.add_argument(
        "--split-seed",
        type=int,
        help="seed of the split, and of resamples (that of the summary, or 0)",
    )
    run.add_argument(
        "--validation-fraction", type=float, help="share held out (that of the summary)"
    )
    run.add_argument(
        "--exclude-manifests",
        type=Path,
        nargs="+",
        default=[],
        help="manifests whose patients stage 2 left out (none)",
    )
    add_old_name(parser, "--seed", "--split-seed", type=int)


def run(options: argparse.Namespace) -> int:
    """Fit the temperature, print what it does, and write model, numbers and picture."""
    _check(options)
    options.model = options.model or default_model()
    device = choose_device(options.device)
    classifier = ClassifierWithProgress(options.model, device, quiet=options.quiet)
    before = classifier.info.calibration
    if options.predictions is not None and before is not None and before.biases:
        raise OptionError(
            f"{options.model}: an earlier calibration changed the biases of its last layer, and "
            f"{options.predictions} does not say if it was made before: give the model as it was "
            "before, or --data"
        )
    if classifier.info.operating_points is not None:
        raise OptionError(
            f"{options.model}: its probabilities are scaled by operating points; a temperature "
            "cannot be fitted to them"
        )
    goal = _goal(options)
    if goal is not None and classifier.info.multilabel:
        raise OptionError(
            "--coverage and --selective-accuracy are for mutually exclusive classes; those of "
            f"{options.model} are not"
        )
    if options.hold_out_by is not None and classifier.info.multilabel:
        raise OptionError(
            f"--hold-out-by is for mutually exclusive classes; those of {options.model} are not"
        )
    table, data, confirmed = _validation_table(options, classifier)
    made_at = _temperature(table, options, classifier.info.temperature)
    seed = options.split_seed or 0
    shared: dict[str, Any] = {
        "source": options.predictions or options.data,
        "goals": Goals(options.sensitivity, options.confidence, goal),
        "resamples": options.resamples,
        "seed": seed,
    }
    biases: tuple[float, ...] = () if before is None else before.biases
    if options.hold_out_by is None:
        fitted, further = calibrate_table(table, made_at, **shared), {}
    else:
        by_hospital = calibrate_by_hospital(table, options.hold_out_by, made_at, **shared)
        fitted = by_hospital.fitted
        further = {"hospitals": hospital_calibration_json(by_hospital)}
        data = f"{data}, hospitals held out by {options.hold_out_by}"
        biases = _shift(classifier, by_hospital, biases)
        print(render_hospital_calibration(by_hospital))
    print(render_calibration(fitted))
    print(CONFIRMED if confirmed else UNKNOWN)
    content = calibration_json(fitted, data, resamples=options.resamples, seed=seed)
    record = replace(fitted.record(data), biases=biases)
    _write(options, classifier, fitted, record, {**content, **further})
    return 0


def _shift(
    classifier: Classifier, calibration: HospitalCalibration, before: Sequence[float]
) -> tuple[float, ...]:
    """Add biases to the last layer; return the sum of these and those of ``before``."""
    if not calibration.biases_help:
        return tuple(before)
    added = calibration.scaling.head_biases.tolist()
    shift_head(classifier.network, added)
    return tuple(map(sum, zip(before or [0.0] * len(added), added, strict=True)))


def _check(options: argparse.Namespace) -> None:
    check_numbers(options, split_seed=0, fold=0)
    if options.predictions is None and options.data is None:
        raise OptionError("give the validation images: --predictions CSV or --data MANIFEST")
    if options.model is None and None not in (options.predictions, options.hold_out_by):
        raise OptionError(f"--model is missing: which model made {options.predictions}?")
    if options.predictions is not None and options.section == ALL:
        raise OptionError("--section all goes with --data alone, without --predictions")
    for name in ("sensitivity", "confidence", "coverage", "selective_accuracy"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1:
            option = name.replace("_", "-")
            raise OptionError(f"--{option} is {value}; it must lie between 0 and 1, such as 0.95")
    check_out(*_outputs(options.out), overwrite=options.overwrite)


def _outputs(out: Path) -> tuple[Path, Path, Path]:
    stem = f"{out.stem}_calibration"
    return out, out.with_name(f"{stem}.json"), out.with_name(f"{stem}.png")


def _validation_table(
    options: argparse.Namespace, classifier: Classifier
) -> tuple[pd.DataFrame, str, bool]:
    """Return predictions, which images they are of, and whether those are known to be unseen."""
    info, settings = classifier.info, run_settings(options.model)
    collection = None
    if options.data is not None:
        collection = Collection(
            options.data,
            options.section,
            options.image_dir,
            options.fold,
            options.split_seed,
            options.validation_fraction,
            options.exclude_manifests,
        )
    if options.predictions is None and collection is not None:
        unseen = unseen_images(info, collection, settings)
        table = predictions_of(classifier, unseen.items, options.batch_size, options.data)
        table = _with_hospitals(table, unseen.items, options)
        return table, unseen.words, unseen.confirmed
    table = read_predictions(options.predictions, info.labels)
    if is_multi_label(table) != info.multilabel:
        present, right = ("label", "target_...") if info.multilabel else ("target_...", "label")
        message = f"has the column {present}; this model's predictions have {right}"
        raise InputError([Problem(options.predictions, None, message)])
    if collection is None:
        return table, options.predictions.name, False
    unseen_images(info, collection, settings)
    check_apart(table, section_of(info, collection, settings, "training"), options.predictions)
    return table, options.predictions.name, "data" in settings


def _with_hospitals(
    table: pd.DataFrame, items: Datalist, options: argparse.Namespace
) -> pd.DataFrame:
    """Add the column of hospitals, of images that were read from a collection."""
    column = options.hold_out_by
    if column is None:
        return table
    if any(column not in item for item in items):
        raise OptionError(
            f"--hold-out-by {column}: of images, hospitals are read from the column source of "
            f"{options.data}; of another column give --predictions that have it"
        )
    return table.assign(**{column: [item[column] for item in items]})


def _temperature(table: pd.DataFrame, options: argparse.Namespace, of_model: float) -> float:
    """Return the temperature that the table's probabilities were made at."""
    told = temperature_of(table, options.predictions or options.data)
    if told is None and of_model != 1 and options.predictions is not None:
        raise OptionError(
            f"{options.model} is calibrated already (temperature {of_model:g}) and "
            f"{options.predictions} does not say at which temperature its probabilities were "
            "made: give --data instead, or a column temperature (1: before calibration)"
        )
    if told not in (None, 1.0, of_model):
        raise OptionError(
            f"{options.predictions}: made at temperature {told:g}, but that of {options.model} is "
            f"{of_model:g}: predictions of another model"
        )
    return 1.0 if told is None else told


def _write(
    options: argparse.Namespace,
    classifier: Classifier,
    fitted: FittedTable,
    record: Calibration,
    content: dict[str, Any],
) -> None:
    model, numbers, picture = _outputs(options.out)
    save_png(reliability_picture(fitted), picture)
    write_text(numbers, strict_json(content))
    info = replace(classifier.info, temperature=fitted.fit.temperature, calibration=record)
    # Last, so that a model file means that all is there.
    save_model(model, classifier.network.state_dict(), info)
    print(f"{model}, {numbers.name}, {picture.name}")

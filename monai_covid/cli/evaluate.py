"""``monai-covid evaluate``: metrics with intervals of predictions and labels, also by group."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from monai_covid.audits.groups.attributes import NOT_GIVEN, SEXES, age_group
from monai_covid.cli.arguments import add_out, add_shared, check_numbers
from monai_covid.data.folders import manifest_file
from monai_covid.data.hospitals import hospital_cells
from monai_covid.data.tables import read_table
from monai_covid.evaluation.columns import class_names_in
from monai_covid.evaluation.hospitals.presentation import hospital_findings, hospitals_text
from monai_covid.evaluation.hospitals.report import HospitalReport, both_weightings
from monai_covid.evaluation.labelled import read_labelled_predictions
from monai_covid.evaluation.report import EvaluationReport, evaluate_table
from monai_covid.evaluation.report_folder import METRICS_JSON, check_replaceable
from monai_covid.evaluation.report_groups import (
    check_columns,
    evaluate_groups,
    findings,
    groups_text,
    write_labelled_report,
)
from monai_covid.evaluation.report_text import render_text
from monai_covid.evaluation.stored_names import names_beside
from monai_covid.labels import register_stored_names


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("predictions", type=Path, help="predictions.csv of predict")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="CSV",
        help="labels of the images: manifest, or folder of metadata.csv (in the predictions)",
    )
    parser.add_argument(
        "--by",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="report by group too, such as sex or source: columns of either file",
    )
    parser.add_argument(
        "--hospitals",
        nargs="?",
        const="source",
        metavar="COLUMN",
        help="report each hospital, all pooled, and hospitals weighing the same; the column that "
        "names them (source)",
    )
    add_out(parser, "folder for the report (printed only)", required=False)
    add_shared(parser, "resamples", "seed", "quiet")


def run(options: argparse.Namespace) -> int:
    """Evaluate the predictions, print what matters first, and write the report."""
    check_numbers(options)
    if options.out is not None:
        check_replaceable(options.out, METRICS_JSON, overwrite=options.overwrite)
    register_stored_names(names_beside(options.predictions))
    labelled = read_labelled_predictions(options.predictions, options.labels)
    columns = list(dict.fromkeys(options.by))
    check_columns(labelled, columns)
    _check_hospitals(options)
    report = evaluate_table(
        labelled.table,
        class_names_in(labelled.table),
        options.resamples,
        options.seed,
        source=options.predictions,
    )
    groups = evaluate_groups(
        labelled,
        report,
        columns,
        _group_of,
        lambda todo: tqdm(todo, desc="Groups", unit="group", disable=options.quiet or not todo),
    )
    text = [*findings(labelled, report, groups), "", render_text(report), groups_text(groups)]
    hospitals = _hospitals(options, report)
    if hospitals is not None:
        text = [*hospital_findings(hospitals[0]), "", hospitals_text(hospitals[0]), *text]
    if options.out is not None:
        write_labelled_report(
            options.out, labelled, report, groups, hospitals, overwrite=options.overwrite
        )
    print("\n".join(text).rstrip())
    return 0


def _check_hospitals(options: argparse.Namespace) -> None:
    """Refuse a column that does not name the hospital of each image, in the file that has it."""
    if options.hospitals is None:
        return
    table = read_table(options.predictions, ())
    file = options.predictions
    if options.hospitals not in table and options.labels is not None:
        file = manifest_file(options.labels)
        table = read_table(file, ())
    hospital_cells(file, table, options.hospitals)


def _hospitals(
    options: argparse.Namespace, report: EvaluationReport
) -> tuple[HospitalReport, HospitalReport] | None:
    return None if options.hospitals is None else both_weightings(report, options.hospitals)


def _group_of(column: str, text: str) -> str:
    """Return the group of a cell: sexes in one spelling, ages in the bands of the audits."""
    if column == "age":
        return age_group(text) or text
    if column == "sex":
        text = SEXES.get(text.lower(), text)
    return text or NOT_GIVEN

"""``monai-covid evaluate``: metrics with intervals from a table of predictions."""

from __future__ import annotations

import argparse
from pathlib import Path

from monai_covid.evaluation.columns import class_names_in
from monai_covid.evaluation.predictions import read_predictions
from monai_covid.evaluation.report import evaluate_table
from monai_covid.evaluation.report_folder import write_report
from monai_covid.evaluation.report_text import render_text


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("predictions", type=Path, help="CSV with image, patient_id, label, …")
    parser.add_argument("--out", type=Path, help="folder for the report; none: print it alone")
    parser.add_argument("--resamples", type=int, default=2000, help="bootstrap resamples (2000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the resamples (0)")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier report")


def run(options: argparse.Namespace) -> int:
    """Evaluate the table, print the metrics and write the report."""
    table = read_predictions(options.predictions)
    report = evaluate_table(
        table,
        class_names_in(table),
        options.resamples,
        options.seed,
        source=options.predictions,
    )
    if options.out is not None:
        write_report(report, options.out, overwrite=options.overwrite)
    print(render_text(report))
    return 0

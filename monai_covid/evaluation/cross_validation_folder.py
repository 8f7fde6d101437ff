"""A cross-validation report as table, text, Markdown, JSON and a folder of files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.evaluation.cross_validation import CrossValidationReport, FoldMetric
from monai_covid.evaluation.hospitals.presentation import write_hospitals
from monai_covid.evaluation.plots.fold_values import draw_fold_values
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.report_folder import whole_folder, write_report_files
from monai_covid.evaluation.report_text import align, interval_json, remarks, strict_json
from monai_covid.evaluation.wording import metric_name, number, sample_size, value_with_interval

MARK = "cross_validation.json"


def cross_validation_frame(report: CrossValidationReport) -> pd.DataFrame:
    """Return one row per metric: each fold, mean, standard deviation, pooled value and interval."""
    return pd.DataFrame([_record(metric, report.folds) for metric in report.metrics])


def cross_validation_json(report: CrossValidationReport) -> dict[str, Any]:
    """Return the report as plain values; values that are not defined are None."""
    pooled = report.pooled
    return {
        "notice": RESEARCH_USE_ONLY,
        "class_names": list(pooled.class_names),
        "n_images": pooled.n_images,
        "n_patients": pooled.n_patients,
        "column": report.column,
        "folds": list(report.folds),
        "fold_images": list(report.fold_images),
        "interval": interval_json(pooled.resamples, pooled.seed, pooled.stratified),
        "metrics": [
            {"class" if key == "label" else key: value for key, value in asdict(metric).items()}
            for metric in report.metrics
        ],
    }


def cross_validation_text(report: CrossValidationReport) -> str:
    """Return an aligned table for the console, with the notice."""
    header, *rows = _cells(report)
    lines = [_headline(report), "", *align([header, *rows]), "", *remarks(report.pooled)]
    return "\n".join([*lines, "", RESEARCH_USE_ONLY]) + "\n"


def cross_validation_markdown(report: CrossValidationReport) -> str:
    """Return a Markdown table with the notice."""
    header, *rows = _cells(report)
    rule = ["---", *["---:"] * (len(header) - 1)]
    table = ["| " + " | ".join(_escaped(row)) + " |" for row in (header, rule, *rows)]
    parts = [_headline(report), "", *table, "", " ".join(remarks(report.pooled))]
    return "\n".join([*parts, "", f"*{RESEARCH_USE_ONLY}*"]) + "\n"


def write_cross_validation(
    report: CrossValidationReport, folder: Path | str, *, overwrite: bool = False
) -> Path:
    """Write the tables, the plot of the folds and the pooled report into a new folder.

    Files: ``cross_validation.json``, ``.csv``, ``.md`` and ``.txt``, ``folds.png``, and the files
    of ``write_report`` for the pooled predictions under ``pooled/``. Of hospitals that were held
    out also ``hospitals.json`` and ``index.html``.

    Args:
        report: What to write.
        folder: Folder to make; it appears only when everything is written.
        overwrite: Replace a cross-validation report that is already there.

    Returns:
        The folder.

    Raises:
        FileExistsError: If something is there that may not be replaced.
    """
    with whole_folder(folder, MARK, overwrite=overwrite) as temporary:
        texts = {
            MARK: strict_json(cross_validation_json(report)),
            "cross_validation.md": cross_validation_markdown(report),
            "cross_validation.txt": cross_validation_text(report),
        }
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
        frame = cross_validation_frame(report)
        frame.to_csv(temporary / "cross_validation.csv", index=False, lineterminator="\n")
        save_png(draw_fold_values(report), temporary / "folds.png")
        (temporary / "pooled").mkdir()
        write_report_files(report.pooled, temporary / "pooled")
        if report.by_hospital:
            write_hospitals(report.pooled, report.column, temporary)
    return Path(folder)


def _record(metric: FoldMetric, folds: tuple[str, ...]) -> dict[str, Any]:
    values = {f"fold_{fold}": value for fold, value in zip(folds, metric.fold_values, strict=True)}
    return {
        "metric": metric.metric,
        "class": metric.label,
        **values,
        "mean": metric.mean,
        "standard_deviation": metric.standard_deviation,
        "pooled": metric.pooled.value,
        "pooled_low": metric.pooled.low,
        "pooled_high": metric.pooled.high,
    }


def _cells(report: CrossValidationReport) -> list[list[str]]:
    names = report.folds if report.by_hospital else [f"Fold {fold}" for fold in report.folds]
    header = ["Metric", *names, "Mean ± SD", "Pooled (95 %)"]
    rows = [
        [
            metric_name(metric.metric, metric.label),
            *(number(value) for value in metric.fold_values),
            _mean_and_spread(metric),
            value_with_interval(metric.pooled),
        ]
        for metric in report.metrics
    ]
    return [header, *rows]


def _mean_and_spread(metric: FoldMetric) -> str:
    if metric.standard_deviation is None:
        return number(metric.mean)
    return f"{number(metric.mean)} ± {metric.standard_deviation:.3f}"


def _headline(report: CrossValidationReport) -> str:
    size = sample_size(report.pooled.n_images, report.pooled.n_patients)
    if report.by_hospital:
        return f"{len(report.folds)} hospitals ({report.column}), each held out in turn; {size}"
    return f"{len(report.folds)}-fold cross-validation, {size}"


def _escaped(row: list[str]) -> list[str]:
    return [cell.replace("|", "\\|") for cell in row]

"""Metrics with confidence intervals, plots and reports; works on a plain predictions CSV.

Nothing in here imports torch or MONAI.
"""

from monai_covid.evaluation.comparison import compare_tables
from monai_covid.evaluation.cross_validation import cross_validate
from monai_covid.evaluation.cross_validation_folder import write_cross_validation
from monai_covid.evaluation.predictions import (
    multiclass_table,
    multilabel_table,
    read_predictions,
    write_predictions,
)
from monai_covid.evaluation.report import EvaluationReport, MetricRow, evaluate_table
from monai_covid.evaluation.report_folder import write_report
from monai_covid.evaluation.report_text import render_text
from monai_covid.evaluation.summary_page import Picture, Section, summary_page

__all__ = [
    "EvaluationReport",
    "MetricRow",
    "Picture",
    "Section",
    "compare_tables",
    "cross_validate",
    "evaluate_table",
    "multiclass_table",
    "multilabel_table",
    "read_predictions",
    "render_text",
    "summary_page",
    "write_cross_validation",
    "write_predictions",
    "write_report",
]

"""Names of metrics and formats of numbers in texts, tables and figures."""

from __future__ import annotations

from monai_covid.evaluation.report import MetricRow
from monai_covid.labels import display_name

METRIC_NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "macro_auc": "Macro AUC",
    "log_loss": "Log loss (nats)",
    "precision": "Precision",
    "recall": "Sensitivity (recall)",
    "specificity": "Specificity",
    "f1": "F1",
    "auc": "AUC (one-vs-rest)",
    "average_precision": "Average precision",
    "prevalence": "Prevalence",
    "ece": "Calibration error (ECE)",
    "confident_errors": "Wrong at 0.9 or more, of all images",
    "errors_when_confident": "Wrong, of answers at 0.9 or more",
}
NOT_DEFINED = "not defined"


def metric_name(metric: str, label: str | None = None) -> str:
    """Return how a metric is written, with its class when it is about one."""
    name = METRIC_NAMES.get(metric, metric.replace("_", " "))
    return name if label is None else f"{name}, {display_name(label)}"


def number(value: float | None) -> str:
    """Return ``value`` with three decimals, or that it is not defined."""
    return NOT_DEFINED if value is None else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    """Return ``low to high`` with three decimals, or a dash when there is no interval."""
    return "\N{EN DASH}" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def p_value_text(p_value: float | None) -> str:
    """Return a p-value with three decimals, or that it is below 0.001; a dash for none."""
    if p_value is None:
        return "\N{EN DASH}"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def value_with_interval(row: MetricRow) -> str:
    """Return ``value (low to high)`` with three decimals."""
    if row.value is None or row.low is None:
        return number(row.value)
    return f"{number(row.value)} ({interval(row.low, row.high)})"


def counted(count: int, noun: str) -> str:
    """Return ``1,118 images`` or ``1 image``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def sample_size(n_images: int, n_patients: int) -> str:
    """Return how many images of how many patients."""
    return f"{counted(n_images, 'image')} of {counted(n_patients, 'patient')}"

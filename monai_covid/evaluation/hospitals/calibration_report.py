"""What calibration does in held-out hospitals, as text for the console and as plain values."""

from __future__ import annotations

from typing import Any

from monai_covid.evaluation.hospitals.calibration import (
    UNCHANGED,
    HospitalCalibration,
)
from monai_covid.evaluation.hospitals.measures import BALANCED, CONFIDENT_ERRORS, ECE
from monai_covid.evaluation.hospitals.presentation import lacking, report_json, value_text
from monai_covid.evaluation.report_text import align
from monai_covid.evaluation.wording import metric_name, number
from monai_covid.labels import display_name

COMPARED = (ECE, CONFIDENT_ERRORS, BALANCED)
LOSS = "Log loss (nats)"


def render_hospital_calibration(calibration: HospitalCalibration) -> str:
    """Return what each way of fitting does, and the biases, for the console."""
    reports = calibration.reports
    report = reports[UNCHANGED]
    names = ", ".join(hospital.name for hospital in report.hospitals)
    rows = [["", LOSS, *(metric_name(*key) for key in COMPARED)]]
    for weighting in ("pooled", "hospitals weighing the same"):
        rows.append([f"{weighting}:", "", *[""] * len(COMPARED)])
        for name, each in reports.items():
            part = each.pooled if weighting == "pooled" else each.equal
            loss = "" if weighting == "pooled" else number(calibration.losses[name])
            rows.append([f"  {name}", loss, *(value_text(part.patients[key]) for key in COMPARED)])
    lines = [
        f"{len(report.hospitals)} hospitals ({report.column}): {names}",
        *lacking(report),
        "",
        *align(rows),
        "",
        f"{LOSS}: classes and their hospitals weighing the same; it is what is fitted.",
        "Random folds know every hospital: they promise what a new hospital does not keep.",
        _biases(calibration),
    ]
    return "\n".join(lines) + "\n"


def hospital_calibration_json(calibration: HospitalCalibration) -> dict[str, Any]:
    """Return the fit on all hospitals, and what each way of fitting does, as plain values."""
    report = calibration.reports[UNCHANGED]
    biases = dict(zip(report.class_names, calibration.scaling.biases.tolist(), strict=True))
    return {
        "column": report.column,
        "biases": biases,
        "biases_help": calibration.biases_help,
        "ways": {
            name: {"log_loss": calibration.losses[name], **report_json(each)}
            for name, each in calibration.reports.items()
        },
    }


def _biases(calibration: HospitalCalibration) -> str:
    if not calibration.biases_help:
        return (
            "Biases do not lower the log loss in held-out hospitals: a temperature alone is kept."
        )
    names = calibration.reports[UNCHANGED].class_names
    listed = ", ".join(
        f"{display_name(name)} {bias:+.2f}"
        for name, bias in zip(names, calibration.scaling.biases.tolist(), strict=True)
    )
    return (
        f"Biases lower the log loss in held-out hospitals and are kept, in the last layer: {listed}"
    )

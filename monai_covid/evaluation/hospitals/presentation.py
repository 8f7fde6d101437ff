"""A report of hospitals as text, JSON and sections of a page; the finding first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.evaluation.hospitals.measures import (
    BALANCED,
    CONFIDENT,
    CONFIDENT_ERRORS,
    ECE,
    ERRORS_WHEN_CONFIDENT,
)
from monai_covid.evaluation.hospitals.report import (
    FEWEST_HOSPITALS,
    PATIENTS,
    Hospital,
    HospitalReport,
    Metrics,
    Together,
    both_weightings,
)
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.page import Section, write_page
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.report import EvaluationReport
from monai_covid.evaluation.report_text import align, interval_json, strict_json
from monai_covid.evaluation.wording import interval, metric_name, number
from monai_covid.labels import display_name

HOSPITALS_JSON = "hospitals.json"

NOT_MANY = 10
"""Of fewer hospitals an interval over hospitals is called rough."""

POOLED, EQUAL = "All pooled", "Hospitals weighing the same"

WHOLE = (BALANCED, MetricKey("macro_auc"), ECE, CONFIDENT_ERRORS, ERRORS_WHEN_CONFIDENT)


def hospital_findings(report: HospitalReport) -> list[str]:
    """Return what matters most, a sentence each."""
    key = _headline(report)
    pooled, equal = report.pooled.patients, report.equal.patients
    name = metric_name(*key).lower()
    first = (
        f"In {len(report.hospitals)} hospitals ({report.column}): {name} {value_text(pooled[key])} "
        f"pooled, {value_text(equal[key])} with hospitals weighing the same; calibration error "
        f"{value_text(pooled[ECE])}."
    )
    sentences = [first]
    if CONFIDENT_ERRORS in pooled:
        of_all, of_confident = map(
            value_text, (pooled[CONFIDENT_ERRORS], pooled[ERRORS_WHEN_CONFIDENT])
        )
        sentences.append(
            f"Wrong with a probability of {CONFIDENT:g} or more: {of_all} of all images, "
            f"{of_confident} of the answers that are as confident."
        )
    return [*sentences, *lacking(report)]


def lacking(report: HospitalReport) -> list[str]:
    """Return which hospitals lack classes, and which class was tested in one alone."""
    lacks: dict[tuple[str, ...], list[str]] = {}
    for each in report.hospitals:
        lacks.setdefault(each.lacks, []).append(each.name)
    sentences = [
        f"No {', no '.join(map(display_name, labels))}: {', '.join(names)}."
        for labels, names in lacks.items()
        if labels
    ]
    few = [name for name in report.class_names if len(report.having(name)) == 1]
    return sentences + [
        f"{display_name(name)} is in {report.having(name)[0]} alone: it says nothing of others."
        for name in few
    ]


def hospital_method(report: HospitalReport) -> str:
    """Return how the figures were made and are to be read."""
    count = len(report.hospitals)
    unit = "patient" if report.unit == PATIENTS else "image"
    sentences = [
        f"Within a hospital every {unit} weighs the same. Balanced accuracy: mean sensitivity over "
        "the classes that there are. AUC: where both sides are present. Hospitals weighing the "
        "same: mean over the hospitals that define a figure; balanced accuracy: the mean over "
        f"classes of those. Intervals: 95 %, {report.resamples:,} resamples of patients within "
        "hospitals; those of the calibration error are moved so that their mean is its value."
    ]
    if count < FEWEST_HOSPITALS:
        sentences.append(f"{count} hospitals are too few for intervals over hospitals.")
    else:
        rough = "; with so few hospitals it is rough" if count < NOT_MANY else ""
        sentences.append(
            f"Over hospitals: the {count} hospitals are drawn as well, to say what other hospitals "
            f"might give{rough}."
        )
    return " ".join(sentences)


def hospitals_text(report: HospitalReport) -> str:
    """Return aligned tables for the console."""
    heads = ["", "images", "patients", *(metric_name(*key) for key in _whole(report))]
    rows = [
        [name, *sizes, *(value_text(metrics[key]) for key in _whole(report))]
        for name, sizes, metrics in _lines(report)
    ]
    classes = [["", *map(display_name, report.class_names)]]
    classes += [
        [name, *map(value_text, _of_classes(report, part))] for name, _, part in _lines(report)
    ]
    title = f"{metric_name(_class_metric(report))} of each class"
    parts = [*align([heads, *rows]), "", title, *align(classes), "", hospital_method(report)]
    return "\n".join(parts) + "\n"


def hospital_sections(report: HospitalReport) -> list[Section]:
    """Return the sections of a page."""
    heads = (report.column, "Images", "Patients", *(metric_name(*key) for key in _whole(report)))
    whole: list[tuple[str, Sequence[Value | str]]] = [
        (name, [*sizes, *(metrics[key] for key in _whole(report))])
        for name, sizes, metrics in _lines(report)
    ]
    lead = "\n\n".join(hospital_findings(report))
    section = Section(
        "Each hospital", lead, table=Table(heads, whole), method=hospital_method(report)
    )
    return [section, *(_class_section(report, metric) for metric in _class_metrics(report))]


def _class_section(report: HospitalReport, metric: str) -> Section:
    heads = (report.column, *map(display_name, report.class_names))
    rows: list[tuple[str, Sequence[Value | str]]] = [
        (name, [part[MetricKey(metric, label)] for label in report.class_names])
        for name, _, part in _lines(report)
    ]
    title = f"{metric_name(metric)} in each hospital"
    return Section(title, table=Table(heads, rows), level=3)


def hospitals_json(by_patient: HospitalReport, by_image: HospitalReport) -> dict[str, Any]:
    """Return both weightings as plain values; what is not defined is None."""
    return {
        "notice": RESEARCH_USE_ONLY,
        "column": by_patient.column,
        "class_names": list(by_patient.class_names),
        "n_hospitals": len(by_patient.hospitals),
        "having": {name: by_patient.having(name) for name in by_patient.class_names},
        "interval": {
            **interval_json(by_patient.resamples, by_patient.seed),
            "method": "percentile bootstrap over patients within hospitals; low_hospitals and "
            "high_hospitals: over hospitals and patients within these",
        },
        "by_patient": report_json(by_patient),
        "by_image": report_json(by_image),
    }


def write_hospitals_json(
    folder: Path, by_patient: HospitalReport, by_image: HospitalReport
) -> Path:
    """Write ``hospitals.json`` into an existing folder."""
    file = folder / HOSPITALS_JSON
    file.write_text(strict_json(hospitals_json(by_patient, by_image)), encoding="utf-8")
    return file


def write_hospitals(report: EvaluationReport, column: str, folder: Path) -> None:
    """Write ``hospitals.json`` and a page of held-out hospitals into an existing folder.

    Args:
        report: Of all images, whose table has ``column``.
        column: Names the hospital of each image.
        folder: Existing folder.
    """
    hospitals = both_weightings(report, column)
    write_hospitals_json(folder, *hospitals)
    write_page(folder, "Held-out hospitals", sections=hospital_sections(hospitals[0]))


def report_json(report: HospitalReport) -> dict[str, Any]:
    """Return one weighting as plain values."""
    return {
        "weighs_the_same": report.unit,
        "hospitals": [_hospital(each) for each in report.hospitals],
        "pooled": _all(report.pooled),
        "equal": _all(report.equal),
    }


def _hospital(hospital: Hospital) -> dict[str, Any]:
    return {
        "hospital": hospital.name,
        "n_images": hospital.n_images,
        "n_patients": hospital.n_patients,
        "images": dict(hospital.support),
        "lacks": list(hospital.lacks),
        "metrics": [_metric(key, value) for key, value in hospital.metrics.items()],
    }


def _all(together: Together) -> list[dict[str, Any]]:
    return [
        {
            **_metric(key, value),
            "low_hospitals": together.hospitals[key].low,
            "high_hospitals": together.hospitals[key].high,
        }
        for key, value in together.patients.items()
    ]


def _metric(key: MetricKey, value: Value) -> dict[str, Any]:
    return {"metric": key.metric, "class": key.label, **value._asdict()}


def _lines(report: HospitalReport) -> list[tuple[str, list[str], Metrics]]:
    """Return name, sizes and metrics of each line of a table: the hospitals, then all."""
    lines: list[tuple[str, list[str], Metrics]] = [
        (each.name, [f"{each.n_images:,}", f"{each.n_patients:,}"], each.metrics)
        for each in report.hospitals
    ]
    for name, part in ((POOLED, report.pooled), (EQUAL, report.equal)):
        lines.append((name, ["", ""], part.patients))
        if len(report.hospitals) >= FEWEST_HOSPITALS:
            lines.append((f"{name}, over hospitals", ["", ""], part.hospitals))
    return lines


def _whole(report: HospitalReport) -> list[MetricKey]:
    return [key for key in WHOLE if key in report.pooled.patients]


def _headline(report: HospitalReport) -> MetricKey:
    return _whole(report)[0]


def _class_metrics(report: HospitalReport) -> list[str]:
    return list(dict.fromkeys(key.metric for key in report.pooled.patients if key.label))


def _class_metric(report: HospitalReport) -> str:
    return _class_metrics(report)[0]


def _of_classes(report: HospitalReport, metrics: Mapping[MetricKey, Value]) -> list[Value]:
    return [metrics[MetricKey(_class_metric(report), label)] for label in report.class_names]


def value_text(value: Value) -> str:
    """Return ``value (low to high)`` with three decimals."""
    if value.value is None or value.low is None:
        return number(value.value)
    return f"{number(value.value)} ({interval(value.low, value.high)})"

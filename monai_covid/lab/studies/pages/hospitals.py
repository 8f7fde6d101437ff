"""What the arms of a study reach in hospitals that were held out, as a section of its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monai_covid.lab.studies.pages.markdown import escape, estimate, table
from monai_covid.lab.studies.pages.records import Estimate, Study
from monai_covid.lab.studies.pages.tables import class_words

BALANCED, ECE, CONFIDENT_ERRORS = "balanced_accuracy", "ece", "confident_errors"

HOW_TO_READ = (
    "Each hospital was answered by networks that had seen none of its images nor of its patients. "
    "Balanced accuracy over the classes that it has; every patient weighs the same. 95 % intervals "
    "over patients, drawn within hospitals; *over hospitals*: these are drawn too."
)

Stored = Mapping[str, Any]
"""What ``hospitals_json`` made, with the seed."""


def hospitals_section(study: Study) -> str:
    """Return a table of hospitals and one of all together; empty for folds of patients."""
    columns = _columns(study)
    if not columns:
        return ""
    first = next(iter(columns.values()))
    names = [each["hospital"] for each in first["by_patient"]["hospitals"]]
    rows = [
        (escape(name), _lacks(first, name), *(_balanced(each, name) for each in columns.values()))
        for name in names
    ]
    return "\n\n".join(
        [
            table(("Hospital", "It has no", *map(escape, columns)), rows),
            table(
                ("", "Pooled", "over hospitals", "Hospitals weighing the same", *OF_ALL),
                [_together(name, stored) for name, stored in columns.items()],
            ),
            HOW_TO_READ,
        ]
    )


OF_ALL = ("Calibration error, pooled", "Wrong at 0.9 or more, pooled")


def _columns(study: Study) -> dict[str, Stored]:
    """Return what is stored by the name of its column; of several seeds each."""
    return {
        arm.name if len(arm.hospitals) == 1 else f"{arm.name}, seed {stored['seed']}": stored
        for arm in study.arms
        for stored in arm.hospitals
    }


def _lacks(stored: Stored, name: str) -> str:
    return ", ".join(map(class_words, _hospital(stored, name)["lacks"]))


def _balanced(stored: Stored, name: str) -> str:
    return estimate(_metric(_hospital(stored, name)["metrics"], BALANCED))


def _hospital(stored: Stored, name: str) -> Mapping[str, Any]:
    empty: Mapping[str, Any] = {"lacks": [], "metrics": []}
    hospitals = stored["by_patient"]["hospitals"]
    return next((each for each in hospitals if each["hospital"] == name), empty)


def _together(name: str, stored: Stored) -> tuple[str, ...]:
    pooled, equal = stored["by_patient"]["pooled"], stored["by_patient"]["equal"]
    return (
        escape(name),
        estimate(_metric(pooled, BALANCED)),
        estimate(_metric(pooled, BALANCED, "_hospitals")),
        estimate(_metric(equal, BALANCED)),
        estimate(_metric(pooled, ECE)),
        estimate(_metric(pooled, CONFIDENT_ERRORS)),
    )


def _metric(rows: list[Mapping[str, Any]], metric: str, bounds: str = "") -> Estimate | None:
    for row in rows:
        if row["metric"] == metric and row["class"] is None:
            return Estimate(row["value"], row[f"low{bounds}"], row[f"high{bounds}"])
    return None

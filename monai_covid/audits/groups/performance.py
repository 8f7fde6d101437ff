"""Metrics of the images of each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from monai_covid.audits.groups.attributes import Attribute
from monai_covid.audits.groups.cells import LEAST_PATIENTS
from monai_covid.audits.groups.measured import MEAN_PROBABILITY, Measured, measured
from monai_covid.evaluation.summary_tables import Value

METRICS = ("accuracy", "macro_auc", MEAN_PROBABILITY)
RECALL = "recall"


@dataclass(frozen=True)
class GroupPerformance:
    """How the images of one group are classified.

    Attributes:
        attribute: Such as ``view``.
        group: Such as ``PA``.
        images: Number of images.
        patients: Number of patients.
        patients_of: Patients of each class.
        values: METRICS, with intervals.
        sensitivities: Of each class, with intervals.
    """

    attribute: str
    group: str
    images: int
    patients: int
    patients_of: dict[str, int]
    values: dict[str, Value]
    sensitivities: dict[str, Value]

    @property
    def small(self) -> tuple[str, ...]:
        """Classes of which the group has patients, but fewer than LEAST_PATIENTS."""
        return tuple(
            label for label, count in self.patients_of.items() if 0 < count < LEAST_PATIENTS
        )


def group_performances(
    table: pd.DataFrame,
    class_names: Sequence[str],
    attributes: Sequence[Attribute],
    resamples: int,
    seed: int,
) -> list[GroupPerformance]:
    """Measure every group of every attribute.

    Args:
        table: Predictions table with the images of ``attributes``, in their order.
        class_names: The C classes.
        attributes: Groups.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
    """
    return [
        _performance(
            attribute.name,
            group,
            measured(table[attribute.codes == code], class_names, resamples, seed),
        )
        for attribute in attributes
        for code, group in enumerate(attribute.groups)
    ]


def _performance(attribute: str, group: str, found: Measured) -> GroupPerformance:
    names = found.outcomes.class_names
    return GroupPerformance(
        attribute=attribute,
        group=group,
        images=len(found.patients),
        patients=found.n_patients,
        patients_of={name: found.patients_of(place) for place, name in enumerate(names)},
        values={metric: found.value(metric) for metric in METRICS},
        sensitivities={name: found.value(RECALL, name) for name in names},
    )

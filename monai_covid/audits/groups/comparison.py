"""Every group against all other images, with corrected p-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monai_covid.audits.groups.attributes import (
    CLASS,
    Attribute,
    comparable,
    patients_of_cells,
    standardised,
)
from monai_covid.audits.groups.permutation import PermutationTest, blocks_of, permutation_test
from monai_covid.evaluation.bootstrap import percentile_interval, resample
from monai_covid.evaluation.multiple_testing import holm
from monai_covid.evaluation.outcomes import BoolArray, FloatArray, IntArray, SingleLabelOutcomes
from monai_covid.evaluation.pages.tables import Value

LEVEL = 0.05
"""Chance of a false alarm among all attributes together."""

LEAST_DIFFERENCE = 0.05
"""Smaller differences are no problem, however significant they are."""

STANDARDISED = "class-standardised accuracy"


@dataclass(frozen=True)
class Difference:
    """The difference between one group and all other images in one quantity.

    Attributes:
        quantity: STANDARDISED, or the class whose sensitivity it is.
        value: Group minus others.
        p_value: Corrected for all differences of the attribute and for all attributes.
    """

    quantity: str
    value: float
    p_value: float

    @property
    def is_problem(self) -> bool:
        """Whether it is both significant and large."""
        return self.p_value <= LEVEL and abs(self.value) >= LEAST_DIFFERENCE


@dataclass(frozen=True)
class Tested:
    """The numbers of a group that is large enough.

    Attributes:
        own: Class-standardised accuracy of the group.
        others: That of all other images over the same classes.
        difference: Group minus others, with its bootstrap interval.
        differences: Every tested difference, STANDARDISED first; with a single class, for which
            that is the same as the sensitivity, STANDARDISED alone.
        noticeable: Smallest class-standardised difference that would have been significant
            (minimum detectable difference).
    """

    own: float
    others: float
    difference: Value
    differences: tuple[Difference, ...]
    noticeable: float


@dataclass(frozen=True)
class GroupComparison:
    """One group against all other images.

    Attributes:
        attribute: Such as ``view``.
        group: Such as ``PA``.
        shared: Classes of which both the group and the others have images.
        compared: Those of which both have enough patients.
        tested: The numbers; None where no class can be compared.
    """

    attribute: str
    group: str
    shared: tuple[str, ...]
    compared: tuple[str, ...]
    tested: Tested | None

    @property
    def problems(self) -> tuple[Difference, ...]:
        """Differences that are significant and large."""
        differences = self.tested.differences if self.tested else ()
        return tuple(difference for difference in differences if difference.is_problem)


def compare_groups(images: Images, attributes: Sequence[Attribute]) -> list[GroupComparison]:
    """Compare each group of each attribute with all other images.

    The class is left out, since nothing could be exchanged within classes, and so are attributes
    with a single group.
    """
    all_cells = [
        _cells(images, attribute)
        for attribute in attributes
        if attribute.name != CLASS and len(attribute.groups) > 1
    ]
    tests = _tests(images, [cells for cells in all_cells if cells.compared.any()])
    comparisons = []
    for cells in all_cells:
        test = tests.get(cells.attribute.name)
        numbers = _numbers(images, cells, test) if test else [None] * len(cells.compared)
        comparisons += [
            _comparison(images, cells, group, numbers[group]) for group in range(len(numbers))
        ]
    return comparisons


@dataclass(frozen=True)
class Images:
    """Classified images and how often to draw from them.

    Attributes:
        outcomes: N images.
        patients: Patient of each.
        resamples: Bootstrap resamples and permutations.
        seed: Seed of both.
    """

    outcomes: SingleLabelOutcomes
    patients: Sequence[str]
    resamples: int
    seed: int


@dataclass(frozen=True)
class Cells:
    """The groups of an attribute by class; arrays are ``(G, C)``.

    Attributes:
        attribute: The groups.
        inside: Patients of each class in the group.
        outside: Patients of each class among all other images.
        compared: Whether both have enough patients.
    """

    attribute: Attribute
    inside: IntArray
    outside: IntArray
    compared: BoolArray


def _cells(images: Images, attribute: Attribute) -> Cells:
    outcomes = images.outcomes
    inside, outside = patients_of_cells(
        images.patients, outcomes.true, attribute, len(outcomes.class_names)
    )
    return Cells(attribute, inside, outside, comparable(inside, outside))


def _tests(images: Images, testable: Sequence[Cells]) -> dict[str, PermutationTest]:
    """Return the test of each attribute by its name, all p-values corrected by Holm."""
    tests = [
        permutation_test(
            blocks_of(images.outcomes, images.patients, cells.attribute),
            cells.compared,
            images.resamples,
            images.seed + place,
            LEVEL / len(testable),
        )
        for place, cells in enumerate(testable)
    ]
    corrected, factors = holm([test.p_value for test in tests])
    return {
        cells.attribute.name: test._replace(
            p_value=p_value,
            # No difference is more significant than its attribute as a whole.
            comparisons=np.clip(factor * test.comparisons, p_value, 1.0),
        )
        for cells, test, p_value, factor in zip(testable, tests, corrected, factors, strict=True)
    }


def _comparison(images: Images, cells: Cells, group: int, tested: Tested | None) -> GroupComparison:
    shared = (cells.inside[group] > 0) & (cells.outside[group] > 0)
    return GroupComparison(
        cells.attribute.name,
        cells.attribute.groups[group],
        _named(images, shared),
        _named(images, cells.compared[group]),
        tested,
    )


def _numbers(images: Images, cells: Cells, test: PermutationTest) -> list[Tested | None]:
    """Return the numbers of each group; None for those without a class to compare."""
    count = len(images.patients)
    own, others = _pair(images, cells, np.ones((1, count)))
    drawn = resample(
        lambda weights: {"gap": np.subtract(*_pair(images, cells, weights))},
        images.patients,
        images.resamples,
        images.seed,
    )["gap"]
    numbers: list[Tested | None] = []
    for group, compared in enumerate(cells.compared):
        if not compared.any():
            numbers.append(None)
            continue
        interval = percentile_interval(drawn[:, group])
        values = test.differences[group]
        numbers.append(
            Tested(
                float(own[0, group]),
                float(others[0, group]),
                Value(float(values[-1]), interval.low, interval.high),
                _differences(images, compared, values, test.comparisons[group]),
                float(test.noticeable[group, -1]),
            )
        )
    return numbers


def _pair(images: Images, cells: Cells, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    return standardised(images.outcomes, cells.attribute, cells.compared, weights)


def _differences(
    images: Images, compared: BoolArray, values: FloatArray, p_values: FloatArray
) -> tuple[Difference, ...]:
    whole = Difference(STANDARDISED, float(values[-1]), float(p_values[-1]))
    if compared.sum() == 1:
        return (whole,)
    of_classes = [
        Difference(images.outcomes.class_names[c], float(values[c]), float(p_values[c]))
        for c in np.flatnonzero(compared)
    ]
    return (whole, *of_classes)


def _named(images: Images, classes: BoolArray) -> tuple[str, ...]:
    return tuple(images.outcomes.class_names[c] for c in np.flatnonzero(classes))

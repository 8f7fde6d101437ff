"""What a comparison of one group with all other images says, and when it is a fault."""

from __future__ import annotations

from dataclasses import dataclass

from monai_covid.evaluation.summary_tables import Value

LEVEL = 0.05
"""Chance of a false alarm among all attributes together."""

LEAST_DIFFERENCE = 0.05
"""Smaller differences are not called a fault, however certain they are."""

STANDARDISED = "class-standardised accuracy"


@dataclass(frozen=True)
class Difference:
    """What one group has more (or less) than all other images.

    Attributes:
        quantity: STANDARDISED, or the class whose sensitivity it is.
        value: Group minus others.
        p_value: Corrected for all differences of the attribute and for all attributes.
    """

    quantity: str
    value: float
    p_value: float

    @property
    def is_fault(self) -> bool:
        """Whether it is both certain and large."""
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
        noticeable: Smallest class-standardised difference that would have been significant.
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
    def faults(self) -> tuple[Difference, ...]:
        """Differences that are certain and large."""
        if self.tested is None:
            return ()
        return tuple(one for one in self.tested.differences if one.is_fault)

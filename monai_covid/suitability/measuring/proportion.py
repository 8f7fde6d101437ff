"""How often something happened, with its interval."""

from __future__ import annotations

from typing import NamedTuple

from scipy.stats import binomtest


class Proportion(NamedTuple):
    """A share of independent cases.

    Attributes:
        cases: How often it happened.
        total: Of how many.
    """

    cases: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval after Wilson, J. Am. Stat. Assoc. 22:209 (1927)."""
        found = binomtest(self.cases, self.total).proportion_ci(0.95, "wilson")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        """Return count, total, share and interval in percent."""
        if not self.total:
            return "0/0"
        low, high = self.interval
        share = self.cases / self.total
        return f"{self.cases}/{self.total} = {share:.1%} ({low:.1%} to {high:.1%})"

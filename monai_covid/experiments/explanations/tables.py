"""The tables of the page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from monai_covid.evaluation.summary_tables import Table, Value
from monai_covid.experiments.explanations.measure import titles
from monai_covid.experiments.explanations.networks import network_title
from monai_covid.experiments.explanations.summary import MEASURES, estimate


def measure_table(summary: pd.DataFrame) -> Table:
    """Return all measures of all methods.

    Args:
        summary: Of ``summarise``, for one network.
    """
    measures = [name for name in MEASURES if name in set(summary["measure"])]
    found = _values(summary)
    rows = [
        (title, [found[method, name] for name in measures])
        for method, title in titles().items()
        if method in set(summary["method"])
    ]
    return Table(["Method", *(MEASURES[name] for name in measures)], rows)


def apart_table(apart: pd.DataFrame) -> Table:
    """Return the differences between two networks, and what they say.

    Args:
        apart: Of ``tell_apart``.
    """
    found = _values(apart)
    measures = list(dict.fromkeys(apart["measure"]))
    verdicts = apart.groupby("method")["told_apart"].all()
    rows = [
        (
            f"{title}: {'told apart' if verdicts[method] else 'not told apart'}",
            [found[method, name] for name in measures],
        )
        for method, title in titles().items()
        if method in verdicts
    ]
    return Table(["Method", *(MEASURES[name] for name in measures)], rows)


def behaviour_table(behaviour: pd.DataFrame, resamples: int) -> Table:
    """Return the accuracy of each network on each variant of the images.

    Args:
        behaviour: ``network``, ``variant``, ``image``, and ``right`` (0 or 1).
        resamples: Bootstrap resamples.
    """
    variants = list(dict.fromkeys(behaviour["variant"]))
    rows: list[tuple[str, Sequence[Value]]] = []
    for network, part in behaviour.groupby("network", sort=False):
        values = []
        for variant in variants:
            chosen = part[part["variant"] == variant]
            found = estimate(chosen["right"].tolist(), chosen["image"].tolist(), resamples, 0)
            values.append(Value(found.mean, found.low, found.high))
        rows.append((network_title(str(network)), values))
    return Table(["Network", *variants], rows)


def _values(table: pd.DataFrame) -> dict[tuple[str, str], Value]:
    """Return the cells of a table with mean, low and high by method and measure."""
    return {
        (row["method"], row["measure"]): Value(
            *(None if pd.isna(row[name]) else float(row[name]) for name in ("mean", "low", "high"))
        )
        for row in table.to_dict("records")
    }

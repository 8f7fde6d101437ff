"""Tables, plots and the page of a benchmark of explanations.

What the page says beside its tables and plots.

The tables of the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import nn

from monai_covid.data.files import atomic_path
from monai_covid.evaluation.pages.page import Picture, Section, write_page
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.plots.style import save_png
from monai_covid.explain.methods import METHODS, PixelRange, make_explainer
from monai_covid.explain.pictures.blend import display_grey
from monai_covid.lab.explanation_benchmark.cases import Cases
from monai_covid.lab.explanation_benchmark.figures import (
    MapRow,
    draw_flipping,
    draw_maps,
    draw_measures,
)
from monai_covid.lab.explanation_benchmark.measure import predicted, titles
from monai_covid.lab.explanation_benchmark.networks import NETWORKS_IN_SHORT, network_title
from monai_covid.lab.explanation_benchmark.summary import MEASURES, estimate, summarise, tell_apart

PHANTOM_LEAD = """Two networks were trained on synthetic radiographs. One learned lesions; the \
other was baited: every class had its word, and lesions were too faint to be of use. On the test \
images, with clear lesions and fitting words, both are right. A method that explains networks must \
say that their reasons differ.

Dots are means over images, lines 95 % intervals. Synthetic images say nothing about patients."""

MODEL_LEAD = """The maps are asked what they are worth to the network itself and, where masks \
tell, where they lie. Dots are means over images, lines 95 % intervals that take the images as \
independent: with several of one patient they are too narrow."""

BEHAVIOUR = "Accuracy when something is taken away: what the networks really need."

PLACES = """Share of the relevance for the class that lies in the lesion and on text, and part of \
as many most relevant pixels as the lesion or the text has."""

FAITHFULNESS = """Images are covered with grey, region by region, from the most relevant or from \
the least relevant one on. The area between the two curves is the faithfulness: about 0 for random \
maps, 1 at best."""

RANDOMISATION = """Size of the rank correlation of a map with those of the same network after its \
weights were replaced by random ones: those of the head, or all; mean of three draws. A map that \
stays the same, or is only turned around, does not depend on what was learned."""

APART = """Difference between the networks on the same images: relevance in the lesion (lesions \
less words) and on text (words less lesions). A method tells them apart if both intervals lie \
above 0."""


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


TITLE = "Explanations put to the test"
EXAMPLES = 2


class PhantomResults(NamedTuple):
    """What the benchmark on synthetic images found.

    Attributes:
        table: Of ``measure``, with ``network``.
        behaviour: Which network was right on which variant of which image.
        cases: The images.
        networks: By name.
        pixels: Range of their input.
    """

    table: pd.DataFrame
    behaviour: pd.DataFrame
    cases: Cases
    networks: Mapping[str, nn.Module]
    pixels: PixelRange


def write_phantom_page(out: Path, results: PhantomResults, resamples: int) -> Path:
    """Write tables, plots and page of the benchmark on synthetic images; return the page."""
    table = results.table
    summary, apart = summarise(table, resamples), tell_apart(table, resamples)
    _write_csv(summary, out / "summary.csv")
    _write_csv(apart, out / "told_apart.csv")
    _write_csv(results.behaviour, out / "behaviour.csv")
    count = f"{len(results.cases.names)} images that both networks get right"
    save_png(_examples(results), out / "maps.png")
    sections = [
        Section(
            "What the networks need",
            BEHAVIOUR,
            table=behaviour_table(results.behaviour, resamples),
        ),
        Section("Told apart?", APART, table=apart_table(apart)),
        *_places(out, summary, results.cases, count),
        _section(out, "maps.png", "Maps to look at", "", "Each map on a scale of its own."),
        *_worth(out, table, summary, count),
        *(
            Section(network_title(str(network)), table=measure_table(part))
            for network, part in summary.groupby("network", sort=False)
        ),
    ]
    return write_page(out, TITLE, lead=PHANTOM_LEAD, sections=sections)


def write_model_page(out: Path, table: pd.DataFrame, cases: Cases, resamples: int) -> Path:
    """Write tables, plots and page of the benchmark of a user's model; return the page."""
    summary = summarise(table, resamples)
    _write_csv(summary, out / "summary.csv")
    count = f"{len(cases.names)} images"
    sections = [
        *_places(out, summary, cases, count),
        *_worth(out, table, summary, count),
        Section("All measures", table=measure_table(summary)),
    ]
    return write_page(out, TITLE, lead=MODEL_LEAD, sections=sections)


def _places(out: Path, summary: pd.DataFrame, cases: Cases, count: str) -> list[Section]:
    """Draw how much of the relevance lies in lesions and on text, where there are some."""
    known = {name: mask for name, mask in cases.masks.items() if mask.any()}
    areas = {name: mask[mask.any((1, 2))].float().mean().item() for name, mask in known.items()}
    if not known:
        return []
    chance = {f"{kind}_{name}": area for name, area in areas.items() for kind in ("mass", "rank")}
    note = f"{count}; dashed: share of the area"
    figure = draw_measures(summary, list(chance), "Where relevance lies", note, chance)
    save_png(figure, out / "places.png")
    return [_section(out, "places.png", "Where relevance lies", PLACES, "Each method.")]


def _worth(out: Path, table: pd.DataFrame, summary: pd.DataFrame, count: str) -> list[Section]:
    """Draw what needs no truth."""
    note = f"{count}; solid: most relevant regions first, dotted: least relevant first"
    save_png(draw_flipping(table, note), out / "flipping.png")
    figure = draw_measures(summary, ["faithfulness"], "Faithfulness", count, {"faithfulness": 0.0})
    save_png(figure, out / "faithfulness.png")
    same = ["same_head", "same_all"]
    zero = dict.fromkeys(same, 0.0)
    used = summary[summary["measure"] == "same_all"]["images"].max()
    few = f"{used} images, drawn at random"
    randomised = draw_measures(summary, same, "Randomised weights", few, zero)
    save_png(randomised, out / "randomisation.png")
    curves = Picture(out / "flipping.png", "Probability while regions are covered.")
    areas = Picture(out / "faithfulness.png", "Area between the curves.")
    return [
        Section("Pixel flipping", FAITHFULNESS, (curves, areas)),
        _section(
            *(out, "randomisation.png", "Randomisation check", RANDOMISATION),
            "Size of the correlation of ranks.",
        ),
    ]


def _section(out: Path, file: str, title: str, text: str, caption: str) -> Section:
    return Section(title, text, (Picture(out / file, caption),))


def _write_csv(table: pd.DataFrame, file: Path) -> None:
    with atomic_path(file) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def _examples(results: PhantomResults) -> Figure:
    """Draw the maps of the first images by all methods, for each network."""
    few = results.cases.where(torch.arange(len(results.cases.names)) < EXAMPLES)
    methods = [name for name in METHODS if name in set(results.table["method"])]
    explained = {}
    for network in results.networks.values():
        targets = predicted(network, few.images)
        for method in methods:
            explainer = make_explainer(method, network, results.pixels)
            maps = explainer.attribute(few.images, targets, contrast=True).sum(1)
            explained[network, method] = maps.numpy()
    rows = [
        MapRow(
            NETWORKS_IN_SHORT[name],
            display_grey(image[0].numpy()),
            {method: explained[network, method][number] for method in methods},
        )
        for number, image in enumerate(few.images)
        for name, network in results.networks.items()
    ]
    return draw_maps(
        rows, "The same image, two networks", "orange: for the class, blue: against it"
    )

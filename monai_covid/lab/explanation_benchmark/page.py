"""Tables, plots and the page of a benchmark of explanations."""

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

TITLE = "Benchmark of explanations"

EXAMPLES = 2

PHANTOM_METHOD = """Two networks were trained on synthetic radiographs. One learned lesions; the \
other learned burnt-in words: every class had its word, and its lesions were too faint to be of \
use. On the test images, with clear lesions and fitting words, both are right. A method of \
explanation must show that their reasons differ.

Dots are means over images, lines 95 % intervals. Synthetic images say nothing about patients."""

MODEL_METHOD = """Heatmaps are tested for their faithfulness to the network and, where there are \
masks, for their place. Dots are means over images, lines 95 % intervals that assume independent \
images: with several of one patient they are too narrow."""

BEHAVIOUR = "Accuracy when something is removed from the images: what the networks really use."

PLACES = """Share of the relevance for the class that lies in the lesion and on text, and part of \
as many most relevant pixels as the lesion or the text has."""

FAITHFULNESS = """Images are covered with grey, region by region, beginning with the most relevant \
or with the least relevant one. The area between the two curves is the faithfulness: about 0 for \
random maps, 1 at best."""

RANDOMISATION = """Absolute rank correlation of a map with those of the same network after its \
weights were replaced by random ones: those of the head, or all; mean of three draws. A map that \
stays the same, or is only inverted, does not depend on what was learned."""

DIFFERENCE = """Difference between the networks on the same images: relevance in the lesion \
(lesions minus words) and on text (words minus lesions). A method distinguishes them if both \
intervals lie above 0."""


class PhantomResults(NamedTuple):
    """The results of the benchmark on synthetic images.

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
    summary, differences = summarise(table, resamples), tell_apart(table, resamples)
    _write_csv(summary, out / "summary.csv")
    _write_csv(differences, out / "told_apart.csv")
    _write_csv(results.behaviour, out / "behaviour.csv")
    count = f"{len(results.cases.names)} images that both networks classify correctly"
    save_png(_examples(results), out / "maps.png")
    behaviour = behaviour_table(results.behaviour, resamples)
    sections = [
        Section(
            "Which methods distinguish the networks",
            table=difference_table(differences),
            method=DIFFERENCE,
        ),
        Section("What the networks use", table=behaviour, method=BEHAVIOUR),
        *_places(out, summary, results.cases, count),
        _section(out, "maps.png", "Examples of maps", "", "Each map on a scale of its own."),
        *_faithfulness(out, table, summary, count),
        *(
            Section(network_title(str(network)), table=measure_table(part))
            for network, part in summary.groupby("network", sort=False)
        ),
    ]
    sections.append(Section("How this was measured", PHANTOM_METHOD))
    return write_page(out, TITLE, lead=distinguishing(differences), sections=sections)


def write_model_page(out: Path, table: pd.DataFrame, cases: Cases, resamples: int) -> Path:
    """Write tables, plots and page of the benchmark of a user's model; return the page."""
    summary = summarise(table, resamples)
    _write_csv(summary, out / "summary.csv")
    count = f"{len(cases.names)} images"
    sections = [
        *_places(out, summary, cases, count),
        *_faithfulness(out, table, summary, count),
        Section("All measures", table=measure_table(summary)),
        Section("How this was measured", MODEL_METHOD),
    ]
    return write_page(out, TITLE, lead=_most_faithful(summary), sections=sections)


def measure_table(summary: pd.DataFrame) -> Table:
    """Return all measures of all methods.

    Args:
        summary: Of ``summarise``, for one network.
    """
    measures = [name for name in MEASURES if name in set(summary["measure"])]
    values = _values(summary)
    rows = [
        (title, [values[method, name] for name in measures])
        for method, title in titles().items()
        if method in set(summary["method"])
    ]
    return Table(["Method", *(MEASURES[name] for name in measures)], rows)


def difference_table(differences: pd.DataFrame) -> Table:
    """Return the differences between two networks, and whether they are significant.

    Args:
        differences: Of ``tell_apart``.
    """
    values = _values(differences)
    measures = list(dict.fromkeys(differences["measure"]))
    significant = differences.groupby("method")["told_apart"].all()
    rows: list[tuple[str, Sequence[Value | str]]] = [
        (
            title,
            [
                "distinguished" if significant[method] else "no significant difference",
                *(values[method, name] for name in measures),
            ],
        )
        for method, title in titles().items()
        if method in significant
    ]
    return Table(["Method", "Networks", *(MEASURES[name] for name in measures)], rows)


def distinguishing(differences: pd.DataFrame) -> str:
    """Return in a sentence or two which methods distinguish the two networks.

    Args:
        differences: Of ``tell_apart``.
    """
    significant = differences.groupby("method")["told_apart"].all()
    names = {method: title for method, title in titles().items() if method in significant}
    able = [title for method, title in names.items() if significant[method]]
    unable = [title for title in names.values() if title not in able]
    first = f"{len(able)} of {len(names)} methods distinguish the two networks"
    sentences = [f"{first}: {', '.join(able)}." if able else f"{first}."]
    sentences += [f"No significant difference: {', '.join(unable)}."] if unable else []
    return " ".join(sentences)


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
            images = part[part["variant"] == variant]
            accuracy = estimate(images["right"].tolist(), images["image"].tolist(), resamples, 0)
            values.append(Value(accuracy.mean, accuracy.low, accuracy.high))
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


def _most_faithful(summary: pd.DataFrame) -> str:
    """Return the method of the highest faithfulness in a sentence; empty without any value."""
    rows = summary[summary["measure"] == "faithfulness"]
    means = rows.set_index("method")["mean"].dropna()
    if means.empty:
        return ""
    best = str(means.idxmax())
    return f"Most faithful to the network: {titles()[best]} (faithfulness {means[best]:.3f})."


def _places(out: Path, summary: pd.DataFrame, cases: Cases, count: str) -> list[Section]:
    """Draw how much of the relevance lies in lesions and on text, where there are some."""
    masks = {name: mask for name, mask in cases.masks.items() if mask.any()}
    areas = {name: mask[mask.any((1, 2))].float().mean().item() for name, mask in masks.items()}
    if not masks:
        return []
    chance = {f"{kind}_{name}": area for name, area in areas.items() for kind in ("mass", "rank")}
    note = f"{count}; dashed: share of the area"
    figure = draw_measures(summary, list(chance), "Where relevance lies", note, chance)
    save_png(figure, out / "places.png")
    return [_section(out, "places.png", "Where relevance lies", PLACES, "Each method.")]


def _faithfulness(
    out: Path, table: pd.DataFrame, summary: pd.DataFrame, count: str
) -> list[Section]:
    """Draw the measures that need no ground truth."""
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
        Section("Pixel flipping", pictures=(curves, areas), method=FAITHFULNESS),
        _section(
            *(out, "randomisation.png", "Randomisation check", RANDOMISATION),
            "Absolute rank correlation.",
        ),
    ]


def _section(out: Path, file: str, title: str, method: str, caption: str) -> Section:
    return Section(title, pictures=(Picture(out / file, caption),), method=method)


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

"""Results of the audit of burnt-in text: sentences, tables and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_covid.audits.finding import Verdict
from monai_covid.audits.subject import Subject
from monai_covid.audits.text.class_words import ClassWord
from monai_covid.audits.text.painting import Flips
from monai_covid.audits.text.removal import Estimate, Removal
from monai_covid.evaluation.pages.page import Picture, Section
from monai_covid.evaluation.pages.tables import Table, Value
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    SMALL_SIZE,
    colour,
    new_figure,
    save_png,
    style_axes,
)
from monai_covid.evaluation.wording import counted, sample_size
from monai_covid.labels import display_name

WORDS_SHOWN = 12

SHIFTS_PNG = "shifts.png"

ESTIMATES = {
    "accuracy_with_text": "Accuracy, images as they are",
    "accuracy_without_text": "Accuracy, text inpainted",
    "accuracy_control": "Accuracy, inpainted beside the text",
    "loss": "Accuracy lost with the text",
    "excess_loss": "Lost more than by inpainting beside it",
    "shift": "Shift of the true class's probability, text inpainted",
    "shift_control": "The same, inpainted beside the text",
    "changed": "Other class predicted, text inpainted",
    "changed_control": "The same, inpainted beside the text",
    "relevance_share": "Share of positive relevance on text",
    "area_share": "Share of the area that is text",
    "enrichment": "Enrichment: relevance over area",
}


@dataclass(frozen=True)
class Results:
    """All that was measured.

    Attributes:
        searched: Images that were searched.
        removal: Probabilities with and without text.
        estimates: Figures by name.
        words: Words by how much they are associated with a class.
        flips: Effect of the associated ones in images of other classes.
    """

    searched: int
    removal: Removal
    estimates: dict[str, Estimate]
    words: Sequence[ClassWord]
    flips: Sequence[Flips]


def summary(subject: Subject, results: Results, verdict: Verdict) -> str:
    """Return the result in plain words."""
    count = len(results.removal.true)
    first = f"Text was found on {count:,} of {counted(results.searched, 'image')}."
    if not count:
        return first
    estimates = results.estimates
    with_text, without = estimates["accuracy_with_text"], estimates["accuracy_without_text"]
    second = (
        f"Their accuracy is {with_text.value:.3f} with it and {without.value:.3f} without it"
        f"{_relevance(results)}."
    )
    if verdict is Verdict.INCONCLUSIVE:
        return f"{first} {second} These are too few images for a conclusion."
    return f"{first} {second} {_painted(subject, results)}"


def sections(subject: Subject, results: Results) -> tuple[Section, ...]:
    """Return the tables and the picture; the picture is written into ``subject.folder``."""
    if not len(results.removal.true):
        return ()
    rows = [
        (name, [Value(estimate.value, estimate.low, estimate.high)])
        for key, name in ESTIMATES.items()
        for estimate in [results.estimates[key]]
    ]
    path = subject.folder / SHIFTS_PNG
    save_png(draw_shifts(results.removal, subject.unseen.labels), path)
    removed = Section(
        "Text removed",
        "",
        [Picture(path, "Probability of the true class with and without text, by true class.")],
        Table(("Quantity", "Value"), rows),
        method=(
            "On the images that have text. Intervals are 95 %, over patients. Relevance is that of "
            "the predicted class (LRP); text has hard edges, so a ratio somewhat above 1 is usual."
        ),
    )
    return (removed, _words_section(subject, results), *_painted_sections(subject, results))


def _relevance(results: Results) -> str:
    ratio, share = results.estimates["enrichment"], results.estimates["relevance_share"]
    if ratio.value is None or share.value is None:
        return ""
    return (
        f"; text holds {100 * share.value:.1f} % of the relevance, {ratio.value:.1f} times its "
        "share of the area"
    )


def _painted(subject: Subject, results: Results) -> str:
    problems = [flips for flips in results.flips if flips.is_problem]
    if not results.flips:
        return "No word is associated with one class, so none was painted into images of another."
    if not problems:
        return (
            "Words of one class, painted into images of others, do not flip significantly more "
            "predictions than a neutral word."
        )
    worst = min(problems, key=lambda flips: flips.p_value)
    label = display_name(subject.unseen.labels[worst.label])
    return (
        f'"{worst.word}" painted into {counted(worst.images, "image")} flips {worst.by_word} to '
        f"{label}, a neutral word {worst.by_control}."
    )


def _words_section(subject: Subject, results: Results) -> Section:
    labels = subject.unseen.labels
    rows = [
        (
            word.word,
            [
                display_name(labels[word.label]),
                f"{word.patients_with} of {word.patients}",
                f"{word.others_with} of {word.others}",
                _p_value(word.p_value),
            ],
        )
        for word in results.words[:WORDS_SHOWN]
    ]
    if not rows:
        return Section("Words and classes", "No word was read on images of three patients or more.")
    heads = ("Word", "Associated with", "Its patients", "Other patients", "p (Fisher, Holm)")
    method = "Words as text recognition read them, which is not always what is written."
    return Section("Words and classes", table=Table(heads, rows), method=method)


def _painted_sections(subject: Subject, results: Results) -> tuple[Section, ...]:
    if not results.flips:
        return ()
    labels = subject.unseen.labels
    rows = [
        (
            flips.word,
            [
                display_name(labels[flips.label]),
                str(flips.images),
                str(flips.by_word),
                str(flips.by_control),
                f"{flips.only_word} / {flips.only_control}",
                _p_value(flips.p_value),
            ],
        )
        for flips in results.flips
    ]
    heads = (
        *("Word", "Class", "Images", "Flipped by it", "By the control"),
        *("Only one of them (word / control)", "p (McNemar, Holm)"),
    )
    method = (
        "Words of one class, painted into images of others, one of a patient, whose own text is "
        "inpainted; the control is a neutral word in the same places."
    )
    return (Section("Words painted in", table=Table(heads, rows), method=method),)


def _p_value(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def draw_shifts(removal: Removal, labels: Sequence[str]) -> Figure:
    """Draw the probability of the true class with text against that without, and the control.

    Args:
        removal: Probabilities of N images with text.
        labels: Names of the C classes.
    """
    size = sample_size(len(removal.true), len(set(removal.patients.tolist())))
    subtitle = f"{size} with text; points below the line: less probable than before"
    figure = new_figure(7.4, 4.3, "Probability of the true class without text", subtitle)
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    titles = ("text inpainted", "inpainted beside the text (control)")
    for axis, title, scores in zip(axes, titles, (removal.after, removal.control), strict=True):
        _scatter(axis, removal, scores, labels)
        axis.set_title(title)
        axis.set_xlabel("as it is")
        style_axes(axis)
    axes[0].set_ylabel("inpainted")
    # Beside the axes: within them it would lie on points of either corner.
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, frameon=False, fontsize=SMALL_SIZE, loc="outside right center")
    return figure


def _scatter(axis: Axes, removal: Removal, scores: np.ndarray, labels: Sequence[str]) -> None:
    axis.plot([0, 1], [0, 1], color=FAINT_INK, linewidth=0.8)
    for index, name in enumerate(labels):
        chosen = removal.true == index
        axis.scatter(
            removal.before[chosen, index],
            scores[chosen, index],
            s=14,
            alpha=0.75,
            color=colour(index),
            marker="o^sDv"[index % 5],
            linewidths=0,
            label=display_name(name),
        )
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))

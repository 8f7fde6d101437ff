"""The report of the audit of words: sentences, tables, pictures.

What the audit of words measured.

The picture of the audit of words.
"""

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


@dataclass(frozen=True)
class Results:
    """All that was measured.

    Attributes:
        searched: Images that were searched.
        removal: Probabilities with and without text.
        estimates: Figures by name.
        words: Words by how much they are bound to a class.
        flips: What the bound ones did in images of other classes.
    """

    searched: int
    removal: Removal
    estimates: dict[str, Estimate]
    words: Sequence[ClassWord]
    flips: Sequence[Flips]


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


WORDS_SHOWN = 12
SHIFTS_PNG = "words_shifts.png"

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


def summary(subject: Subject, results: Results, verdict: Verdict) -> str:
    """Return what was found in plain words."""
    count = len(results.removal.true)
    start = f"Text was found on {count:,} of {counted(results.searched, 'image')}."
    if not count:
        return f"{start} Without text there is nothing to read."
    estimates = results.estimates
    with_text, without = estimates["accuracy_with_text"], estimates["accuracy_without_text"]
    second = (
        f"Without it accuracy on them goes from {with_text.value:.3f} to {without.value:.3f}"
        f"{_relevance(results)}."
    )
    if verdict is Verdict.UNKNOWN:
        return f"{start} {second} That is too few images to tell."
    return f"{start} {second} {_painted(subject, results)}"


def sections(subject: Subject, results: Results) -> tuple[Section, ...]:
    """Return the tables and the picture; the picture is written into ``subject.folder``."""
    if not len(results.removal.true):
        return ()
    rows = [
        (name, [Value(found.value, found.low, found.high)])
        for key, name in ESTIMATES.items()
        for found in [results.estimates[key]]
    ]
    path = subject.folder / SHIFTS_PNG
    save_png(draw_shifts(results.removal, subject.unseen.labels), path)
    removed = Section(
        "Text taken away",
        "On the images that have text. Intervals are 95 %, over patients. Relevance is that of the "
        "predicted class (LRP); text has hard edges, so a ratio somewhat above 1 is usual.",
        [Picture(path, "Probability of the true class with and without text, by true class.")],
        Table(("Figure", "Value"), rows),
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
    faults = [one for one in results.flips if one.is_fault]
    if not results.flips:
        return "No word belongs to one class, so none was painted into images of another."
    if not faults:
        return (
            "Words of one class, painted into images of others, do not flip significantly more "
            "than a neutral word."
        )
    worst = min(faults, key=lambda one: one.p_value)
    label = display_name(subject.unseen.labels[worst.label])
    return (
        f'"{worst.word}" painted into {counted(worst.images, "image")} turns {worst.by_word} into '
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
    heads = ("Word", "Most bound to", "Its patients", "Other patients", "p (Fisher, Holm)")
    text = "Words as the reader saw them, which is not always what is written."
    if not rows:
        text = "No word was read on images of three patients or more."
    return Section("Words and classes", text, (), Table(heads, rows) if rows else None)


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
    text = (
        "Words of one class, painted into images of others, one of a patient, whose own text is "
        "inpainted; the control is a neutral word in the same places."
    )
    return (Section("Words painted in", text, (), Table(heads, rows)),)


def _p_value(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"

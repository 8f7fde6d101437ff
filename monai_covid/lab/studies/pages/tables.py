"""Tables of a study's page."""

from __future__ import annotations

from monai_covid.evaluation.wording import counted, number, p_value_text
from monai_covid.lab.studies.pages.markdown import (
    DASH,
    bounds,
    difference,
    escape,
    estimate,
    feature_name,
    measure_in_words,
    measure_name,
    option_list,
    table,
)
from monai_covid.lab.studies.pages.records import RECALL, Arm, Estimate, Scores, Study
from monai_covid.lab.studies.pages.sentences import mean_and_range
from monai_covid.labels import display_name

STARTS = {
    "stage2": "stage 2",
    "imagenet": "ImageNet",
    "random": "random weights",
    "probe": "logistic regression",
}

MEASURES = ("accuracy", "balanced_accuracy", "macro_auc")

FURTHER_MEASURES = ("covid19_auc", "binary_covid19_normal_accuracy")

GLANCE: dict[str, tuple[str | None, str]] = {
    "Accuracy": (None, "accuracy"),
    "COVID-19 found": (None, f"{RECALL}covid19"),
    "Balanced accuracy": (None, "balanced_accuracy"),
    "the same, lungs blanked out": ("without_lungs", "balanced_accuracy"),
    "the same, external": ("external", "balanced_accuracy"),
    "COVID-19 found, external": ("external", f"{RECALL}covid19"),
}
"""Heading -> further evaluation, None for the test images, and measure."""

UNKNOWN = Estimate(None, None, None)


def arms_table(study: Study) -> str:
    """Return what each arm is, its runs, best validation AUC and time."""
    header = ("Arm", "Starts from", "Options", "Runs", "Best validation AUC", "Minutes a run")
    return table(header, [_arm_row(arm) for arm in study.arms])


def _arm_row(arm: Arm) -> tuple[str, ...]:
    best = [run.best_validation_auc for run in arm.runs if run.best_validation_auc is not None]
    # Without epochs there was no training that took time.
    trained = [run for run in arm.runs if run.epochs is not None]
    seconds = [run.seconds for run in trained if run.seconds is not None]
    minutes = f"{sum(seconds) / len(seconds) / 60:.1f}" if seconds else DASH
    runs = f"{arm.finished}" if arm.finished >= arm.planned else f"{arm.finished} of {arm.planned}"
    return (
        escape(arm.name),
        _start(arm),
        _options(arm),
        runs,
        mean_and_range(best),
        minutes,
    )


def _options(arm: Arm) -> str:
    """Return the options of an arm; those of its stage 1 too, if it has any of its own."""
    options = option_list(arm.options)
    return f"{options}; stage 1: {option_list(arm.stage1)}" if arm.stage1 else options


def _start(arm: Arm) -> str:
    planned = escape(STARTS.get(arm.start, arm.start))
    actual = escape(arm.started_from or "")
    return f"{planned} ({actual})" if actual and actual.lower() != planned.lower() else planned


def test_table(study: Study) -> str:
    """Return pooled test figures of arms, ensembles of their seeds and trivial features."""
    measures = shown_measures(study)
    rows = []
    for arm in study.arms:
        rows.append((escape(arm.name), *_cells(arm.test, measures)))
        if arm.ensemble:
            rows.append((f"{escape(arm.name)}, seeds averaged", *_cells(arm.ensemble, measures)))
    for name, scores in study.baselines.items():
        rows.append((f"*trivial:* {feature_name(name)}", *_cells(scores, measures)))
    return table(("", *map(measure_name, measures)), rows)


def shown_measures(study: Study) -> tuple[str, ...]:
    """Return the measures of the test table in their order: recalls of the study's classes too."""
    recalls = tuple(f"{RECALL}{label}" for label in study.class_labels)
    further = FURTHER_MEASURES if study.published else ()
    return (*MEASURES[:2], *recalls, MEASURES[2], *further)


def best_trivial_feature(study: Study) -> str | None:
    """Return the name of the trivial feature with the highest accuracy; None without any."""
    values = {
        name: scores["accuracy"].value
        for name, scores in study.baselines.items()
        if "accuracy" in scores and scores["accuracy"].value is not None
    }
    return max(values, key=lambda name: values[name] or 0.0, default=None)


def _cells(scores: Scores, measures: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(estimate(scores.get(measure)) for measure in measures)


def contributions_table(study: Study) -> str:
    """Return each comparison with another arm; empty without any."""
    if not study.comparisons:
        return ""
    is_corrected = any(comparison.corrected for comparison in study.comparisons)
    header = ["Arm", "Compared with", "Measure", "Difference", "Pairs", "p", "p, Holm"]
    header += ["Corrected interval"] * is_corrected
    rows = [
        (
            escape(comparison.arm),
            escape(comparison.baseline),
            measure_in_words(comparison.measure),
            difference(comparison.difference),
            f"{comparison.pairs}",
            p_value_text(comparison.p_value),
            p_value_text(comparison.p_value_holm),
            *[bounds(comparison.corrected)] * is_corrected,
        )
        for comparison in study.comparisons
    ]
    return table(header, rows)


def stage1_table(study: Study) -> str:
    """Return the trainings of stage 1; empty without any."""
    header = ("Stage 1", "Starts from", "Images", "Epochs", "Training loss", "Minutes")
    rows = [
        (
            escape(training.name),
            escape(training.started_from),
            _whole(training.training_images),
            _whole(training.epochs),
            number(training.training_loss),
            _minutes(training.seconds),
        )
        for training in study.stage1
    ]
    return table(header, rows) if rows else ""


def stage2_table(study: Study) -> str:
    """Return the trainings of stage 2; empty without any."""
    header = ("Stage 2", "Starts from", "Images", "Epochs", "Best validation AUC", "Minutes")
    rows = [
        (
            escape(training.name),
            escape(training.started_from),
            _whole(training.training_images),
            _whole(training.epochs),
            number(training.best_validation_auc),
            _minutes(training.seconds),
        )
        for training in study.stage2
    ]
    return table(header, rows) if rows else ""


def _minutes(seconds: float | None) -> str:
    return DASH if seconds is None else f"{seconds / 60:.1f}"


def _whole(value: float | None) -> str:
    return DASH if value is None else f"{value:,.0f}"


def glance_table(study: Study) -> str:
    """Return for each arm its figures on test, lung-blanked and external images; may be empty.

    Args:
        study: Empty unless it has further evaluations other than of lungs alone.
    """
    columns = {
        name: (place, measure)
        for name, (place, measure) in GLANCE.items()
        if _has(study, place) and (study.published or not measure.startswith(RECALL))
    }
    if all(place is None for place, _ in columns.values()):
        return ""
    rows = [
        (escape(arm.name), *(estimate(_further(arm, *column)) for column in columns.values()))
        for arm in study.arms
    ]
    return table(("Arm", *columns), rows)


def fewer_classes(study: Study) -> str:
    """Name the arms for which the external images hold no COVID-19; empty without any."""
    names = [
        escape(arm.name)
        for arm in study.arms
        if _further(arm, "external", "balanced_accuracy") is not None
        and _further(arm, "external", f"{RECALL}covid19") in (None, UNKNOWN)
    ]
    if not names:
        return ""
    return (
        "Trained on the external COVID-19 images, so that pneumonia and normal alone are external: "
        f"{', '.join(names)}. Their figures there are of two classes and not to be compared."
    )


def _has(study: Study, place: str | None) -> bool:
    return place is None or any(place in arm.further for arm in study.arms)


def _further(arm: Arm, place: str | None, measure: str) -> Estimate | None:
    return (arm.test if place is None else arm.further.get(place, {})).get(measure)


def further_table(study: Study) -> str:
    """Return the further evaluations of all arms; empty without any."""
    measures = shown_measures(study)
    rows = [
        (escape(arm.name), feature_name(name), *_cells(scores, measures))
        for arm in study.arms
        for name, scores in arm.further.items()
    ]
    return table(("Arm", "Images", *map(measure_name, measures)), rows) if rows else ""


def unfinished(study: Study) -> str:
    """Return which arms wait for how many runs, and which runs these are; empty for none."""
    waiting = [arm for arm in study.arms if arm.finished < arm.planned]
    begun = [arm for arm in waiting if arm.runs or arm.failed]
    parts = [_missing(study, arm) for arm in begun]
    others = [escape(arm.name) for arm in waiting if arm not in begun]
    lines = [f"**Not finished:** {'; '.join(parts)}."] if parts else []
    lines += [f"**Not begun,** and left out below: {', '.join(others)}."] if others else []
    return "\n\n".join(lines)


def _missing(study: Study, arm: Arm) -> str:
    present = {(run.seed, run.fold) for run in arm.runs}
    seeds, folds = study.settings["seeds"], study.settings["folds"]
    pairs = [(seed, fold) for seed in seeds for fold in folds if (seed, fold) not in present]
    text = f"{escape(arm.name)} has {arm.finished} of {counted(arm.planned, 'run')}"
    if len(pairs) != arm.planned - arm.finished:
        return text
    missing = ", ".join(
        f"seed {seed} fold {fold}{', failed' if (seed, fold) in arm.failed else ''}"
        for seed, fold in pairs
    )
    return f"{text} (missing: {missing})"


def class_words(label: str) -> str:
    """Return a class inside a sentence."""
    name = display_name(label)
    return escape(name if name.isupper() or "-" in name else name.lower())

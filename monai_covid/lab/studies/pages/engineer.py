"""The findings of a study for a machine-learning engineer, by rules from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monai_covid.evaluation.wording import counted
from monai_covid.lab.studies.pages.markdown import escape, measure_in_words, option_list
from monai_covid.lab.studies.pages.radiologist import chosen_arm
from monai_covid.lab.studies.pages.records import Comparison, Study
from monai_covid.lab.studies.pages.sentences import (
    comparison_sentence,
    grouped_sentence,
    listed,
    published_sentence,
)
from monai_covid.lab.studies.pages.verdicts import Verdict, verdict


def for_engineers(study: Study) -> str:
    """Return a list: every comparison, trivial features, published figures, design."""
    lines = [*_comparisons(study), *_others(study), _design(study), _options(study)]
    return "\n".join(f"- {line}" for line in lines if line)


def _design(study: Study) -> str:
    settings = study.settings
    seeds, folds = settings["seeds"], settings["folds"]
    runs = f"{counted(len(seeds), 'seed')} by {counted(len(folds), 'fold')}"
    parts = [
        f"Design: {counted(len(study.arms), 'arm')}, {runs}; pairs share seed and fold",
        f"curves are compared over the first {counted(int(settings['first_epochs']), 'epoch')}",
        f"device {escape(str(settings.get('device', 'not stated')))}",
    ]
    # Empty where none of the networks takes a file; their packages have weights.
    if settings.get("imagenet", "not stated"):
        parts.append(f"ImageNet weights: {escape(str(settings.get('imagenet', 'not stated')))}")
    for stage in ("1", "2"):
        left_out = settings.get(f"stage{stage}_excludes")
        if left_out is not None:
            scope = "of the test fold" if left_out == "fold" else "of the whole collection"
            parts.append(f"stage {stage} leaves out the patients {scope}")
    return "; ".join(parts) + "."


def _options(study: Study) -> str:
    parts = []
    groups = {"options": "Options of all arms", "stage1": "of stage 1", "stage2": "of stage 2"}
    for key, heading in groups.items():
        options = study.settings.get(key)
        if isinstance(options, Mapping) and options:
            parts.append(f"{heading}: {option_list(options)}")
    return "; ".join(parts) + "." if parts else ""


def _comparisons(study: Study) -> list[str]:
    """Return a sentence for each difference; arms without one share a sentence for a measure.

    They do so if they are compared with the same arm.
    """
    lines = []
    for measure in dict.fromkeys(comparison.measure for comparison in study.comparisons):
        count = corrected_comparisons(study, measure)
        same: dict[tuple[str, Verdict], list[Comparison]] = {}
        for comparison in study.comparisons:
            if comparison.measure != measure:
                continue
            conclusion = verdict(comparison.judged, measure)
            if conclusion in (Verdict.NO_DIFFERENCE, Verdict.UNKNOWN):
                same.setdefault((comparison.baseline, conclusion), []).append(comparison)
            else:
                lines.append(comparison_sentence(comparison, count))
        lines += [_same(some, conclusion, count) for (_, conclusion), some in same.items()]
    return lines


def _same(comparisons: Sequence[Comparison], conclusion: Verdict, count: int) -> str:
    """Return that arms showed no difference from the one that all of them are compared with."""
    if len(comparisons) == 1:
        return comparison_sentence(comparisons[0], count)
    arms, first = listed(comparison.arm for comparison in comparisons), comparisons[0]
    baseline, measure = escape(first.baseline), measure_in_words(first.measure)
    if conclusion is Verdict.UNKNOWN:
        notes = dict.fromkeys(escape(comparison.note) for comparison in comparisons)
        text = f"{arms} could not be compared with {baseline} in {measure}."
        return " ".join([text, *filter(None, notes)])
    return (
        f"No significant difference between {baseline} and any of {arms} in {measure}. This does "
        "not show that they are equal."
    )


def corrected_comparisons(study: Study, measure: str) -> int:
    """Return how many comparisons of a measure have a p-value: those Holm's correction is over."""
    return sum(
        comparison.measure == measure and comparison.p_value is not None
        for comparison in study.comparisons
    )


def _others(study: Study) -> list[str]:
    arms = [arm for arm in study.arms if arm.test]
    lines = [grouped_sentence(arms, name, scores) for name, scores in study.baselines.items()]
    chosen = chosen_arm(study)
    if chosen is not None:
        lines += [
            published_sentence(chosen.test, chosen.name, figure) for figure in study.published
        ]
    return lines if arms else []

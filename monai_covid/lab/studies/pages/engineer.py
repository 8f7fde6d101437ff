"""What a study means for a machine-learning engineer, by rules from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monai_covid.evaluation.wording import counted
from monai_covid.lab.studies.pages.markdown import escape, measure_in_words, option_list
from monai_covid.lab.studies.pages.radiologist import chosen_arm
from monai_covid.lab.studies.pages.records import PUBLISHED, Comparison, Study
from monai_covid.lab.studies.pages.sentences import (
    comparison_sentence,
    grouped_sentence,
    listed,
    published_sentence,
)
from monai_covid.lab.studies.pages.verdicts import Verdict, verdict


def for_engineers(study: Study) -> str:
    """Return a list: design, every comparison, trivial features, published figures."""
    lines = [_design(study), _options(study), *_comparisons(study), *_others(study)]
    return "\n".join(f"- {line}" for line in lines if line)


def _design(study: Study) -> str:
    settings = study.settings
    seeds, folds = settings["seeds"], settings["folds"]
    each = f"{counted(len(seeds), 'seed')} by {counted(len(folds), 'fold')}"
    parts = [
        f"{counted(len(study.arms), 'arm')}, {each}; pairs share seed and fold",
        f"curves are compared over the first {counted(int(settings['first_epochs']), 'epoch')}",
        f"device {escape(str(settings.get('device', 'not stated')))}",
    ]
    # Empty where none of the networks takes a file; their packages have weights.
    if settings.get("imagenet", "not stated"):
        parts.append(f"ImageNet weights: {escape(str(settings.get('imagenet', 'not stated')))}")
    for stage in ("1", "2"):
        left_out = settings.get(f"stage{stage}_excludes")
        if left_out is not None:
            what = "of the test fold" if left_out == "fold" else "of the whole collection"
            parts.append(f"stage {stage} leaves out the patients {what}")
    return "; ".join(parts) + "."


def _options(study: Study) -> str:
    parts = []
    groups = {"options": "Options of all arms", "stage1": "of stage 1", "stage2": "of stage 2"}
    for key, words in groups.items():
        found = study.settings.get(key)
        if isinstance(found, Mapping) and found:
            parts.append(f"{words}: {option_list(found)}")
    return "; ".join(parts) + "." if parts else ""


def _comparisons(study: Study) -> list[str]:
    """Return a sentence for each difference; arms without one share a sentence for a measure.

    They do so if they are compared with the same arm.
    """
    lines = []
    for measure in dict.fromkeys(each.measure for each in study.comparisons):
        together = corrected_together(study, measure)
        same: dict[tuple[str, Verdict], list[Comparison]] = {}
        for each in (one for one in study.comparisons if one.measure == measure):
            found = verdict(each.judged, measure)
            if found in WITHOUT_ONE:
                same.setdefault((each.baseline, found), []).append(each)
            else:
                lines.append(comparison_sentence(each, together))
        lines += [_same(each, found, together) for (_, found), each in same.items()]
    return lines


WITHOUT_ONE = (Verdict.NOT_TOLD_APART, Verdict.UNKNOWN)
"""Verdicts that show no difference."""


def _same(comparisons: Sequence[Comparison], found: Verdict, together: int) -> str:
    """Say that arms showed no difference from the one that all of them are compared with."""
    if len(comparisons) == 1:
        return comparison_sentence(comparisons[0], together)
    arms, first = listed(each.arm for each in comparisons), comparisons[0]
    if found is Verdict.UNKNOWN:
        notes = " ".join(dict.fromkeys(escape(each.note) for each in comparisons if each.note))
        text = f"could not be compared with {escape(first.baseline)}"
        return f"{arms} {text} in {measure_in_words(first.measure)}. {notes}".strip()
    return (
        f"Each of {arms} could not be told apart from {escape(first.baseline)} in "
        f"{measure_in_words(first.measure)}. This does not show that they are equal."
    )


def corrected_together(study: Study, measure: str) -> int:
    """Return how many comparisons of a measure have a p-value: those Holm's correction is over."""
    return sum(each.measure == measure and each.p_value is not None for each in study.comparisons)


def _others(study: Study) -> list[str]:
    arms = [arm for arm in study.arms if arm.test]
    lines = [grouped_sentence(arms, name, scores) for name, scores in study.baselines.items()]
    chosen = chosen_arm(study)
    if chosen is not None:
        lines += [published_sentence(chosen.test, chosen.name, each) for each in PUBLISHED]
    return lines if arms else []

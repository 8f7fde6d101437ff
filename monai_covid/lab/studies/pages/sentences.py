"""Sentences that are made from numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monai_covid.evaluation.wording import counted, number
from monai_covid.lab.studies.pages.markdown import (
    difference,
    escape,
    estimate,
    feature_name,
    inside_sentence,
    measure_in_words,
    measure_name,
    p_value,
)
from monai_covid.lab.studies.pages.records import Arm, Comparison, Estimate, Published, Scores
from monai_covid.lab.studies.pages.verdicts import Verdict, apart, is_significant, verdict

TRIVIAL = {
    Verdict.BETTER: "This network does better than the trivial {feature}",
    Verdict.WORSE: "The trivial {feature} does better than this network",
    Verdict.NOT_TOLD_APART: "This network could not be told apart from the trivial {feature}",
}


def comparison_sentence(compared: Comparison, comparisons: int) -> str:
    """Say what came of a comparison with the baseline arm.

    Args:
        compared: The comparison.
        comparisons: How many the p-value was corrected for.
    """
    arm, baseline = escape(compared.arm), escape(compared.baseline)
    measure = measure_in_words(compared.measure)
    found = verdict(compared.judged, compared.measure)
    if found is Verdict.UNKNOWN:
        note = f" {escape(compared.note)}" if compared.note else ""
        return f"{arm} could not be compared with {baseline} in {measure}.{note}"
    numbers = f"{difference(compared.judged)}, {counted(compared.pairs, 'pair')}"
    if found is Verdict.NOT_TOLD_APART:
        return (
            f"{arm} and {baseline} could not be told apart in {measure}: {numbers}; "
            f"{_corrected(compared, comparisons)}. This does not show that they are equal."
        )
    return (
        f"{arm} was {found.value} than {baseline} in {measure}: {numbers}; "
        f"{_significance(compared, comparisons)}."
    )


def _corrected(compared: Comparison, comparisons: int) -> str:
    if compared.p_value_holm is None:
        return "no corrected p-value"
    text = p_value(compared.p_value_holm)
    sign = text if text.startswith("<") else f"= {text}"
    return f"p {sign} corrected for {counted(comparisons, 'comparison')}"


def _significance(compared: Comparison, comparisons: int) -> str:
    word = "significant" if is_significant(compared) else "not significant"
    if compared.p_value_holm is None:
        word = "not called significant"
    return f"{word}, {_corrected(compared, comparisons)}"


def trivial_sentence(arm: Arm, name: str, baseline: Scores) -> str:
    """Say whether a network beats a trivial feature in accuracy, or that this is not known.

    The difference on the same images decides; where it was not stored, whether the intervals meet.
    """
    own, other, same = arm.test.get("accuracy"), baseline.get("accuracy"), arm.against.get(name)
    found, feature = _against(arm, name, baseline), feature_name(name)
    if found is Verdict.UNKNOWN:
        return f"This network was not compared with the trivial {feature}: an interval is missing."
    what = TRIVIAL[found].format(feature=feature)
    why = "; the intervals meet" if found is Verdict.NOT_TOLD_APART else ""
    if same is not None:
        why = f"; difference on the same images {difference(same)}"
    return f"{what}: accuracy {estimate(own)} against {estimate(other)}{why}."


def _against(arm: Arm, name: str, baseline: Scores) -> Verdict:
    if name in arm.against:
        return verdict(arm.against[name])
    return apart(arm.test.get("accuracy"), baseline.get("accuracy"))


def grouped_sentence(arms: Sequence[Arm], name: str, baseline: Scores) -> str:
    """Say which arms beat a trivial feature in accuracy, which do not, which cannot be told."""
    groups = {
        Verdict.BETTER: "better",
        Verdict.NOT_TOLD_APART: "not told apart",
        Verdict.WORSE: "worse",
        Verdict.UNKNOWN: "not compared",
    }
    other = baseline.get("accuracy")
    judged = [(_against(arm, name, baseline), arm.name) for arm in arms]
    parts = []
    for group, word in groups.items():
        names = [each for found, each in judged if found is group]
        if names:
            parts.append(f"{word}: {listed(names)}")
    return f"Accuracy against the {feature_name(name)} ({estimate(other)}): {'; '.join(parts)}."


def published_sentence(scores: Scores, arm: str, published: Published) -> str:
    """Say where a published figure lies beside an arm's interval; empty if that is not known."""
    own = scores.get(published.measure)
    if own is None or own.value is None or own.low is None or own.high is None:
        return ""
    place = "inside"
    if not own.low <= published.value <= own.high:
        place = "above" if published.value > own.high else "below"
    return (
        f"The published {100 * published.value:g} % ({published.source}) lies {place} the interval "
        f"of {escape(arm)}: {inside_sentence(measure_name(published.measure))} {estimate(own)}."
    )


def of_hundred(found: Estimate) -> str:
    """Return ``71 of 100 (68 to 74)``; without an interval the number alone."""
    if found.value is None:
        return "an unknown number of 100"
    text = f"{_hundredth(found.value)} of 100"
    if found.low is None or found.high is None:
        return text
    return f"{text} ({_hundredth(found.low)} to {_hundredth(found.high)})"


def _hundredth(value: float) -> str:
    return f"{100 * value:.0f}"


def mean_and_range(values: Sequence[float]) -> str:
    """Return ``0.900 (0.880 to 0.920)``, mean and range of runs; a dash without any."""
    if not values:
        return "\N{EN DASH}"
    mean = number(sum(values) / len(values))
    return mean if len(values) == 1 else f"{mean} ({number(min(values))} to {number(max(values))})"


def listed(names: Iterable[str]) -> str:
    """Return ``a, b and c``, fit for Markdown."""
    parts = [escape(name) for name in names]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)

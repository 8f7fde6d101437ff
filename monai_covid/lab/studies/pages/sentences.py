"""Sentences made from numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monai_covid.evaluation.wording import counted, number, p_value_text
from monai_covid.lab.studies.pages.markdown import (
    difference,
    escape,
    estimate,
    feature_name,
    inside_sentence,
    measure_in_words,
    measure_name,
)
from monai_covid.lab.studies.pages.records import Arm, Comparison, Estimate, Published, Scores
from monai_covid.lab.studies.pages.verdicts import (
    Verdict,
    is_significant,
    verdict,
    verdict_of_intervals,
)

TRIVIAL = {
    Verdict.BETTER: "This network is better than the trivial {feature}",
    Verdict.WORSE: "The trivial {feature} is better than this network",
    Verdict.NO_DIFFERENCE: (
        "No significant difference between this network and the trivial {feature}"
    ),
}


def comparison_sentence(compared: Comparison, comparisons: int) -> str:
    """Return the result of a comparison with the baseline arm.

    Args:
        compared: The comparison.
        comparisons: How many the p-value was corrected for.
    """
    arm, baseline = escape(compared.arm), escape(compared.baseline)
    measure = measure_in_words(compared.measure)
    conclusion = verdict(compared.judged, compared.measure)
    if conclusion is Verdict.UNKNOWN:
        note = f" {escape(compared.note)}" if compared.note else ""
        return f"{arm} could not be compared with {baseline} in {measure}.{note}"
    numbers = f"{difference(compared.judged)}, {counted(compared.pairs, 'pair')}"
    if conclusion is Verdict.NO_DIFFERENCE:
        return (
            f"No significant difference between {arm} and {baseline} in {measure}: {numbers}; "
            f"{_corrected(compared, comparisons)}. This does not show that they are equal."
        )
    return (
        f"{arm} was {conclusion.value} than {baseline} in {measure}: {numbers}; "
        f"{_significance(compared, comparisons)}."
    )


def _corrected(compared: Comparison, comparisons: int) -> str:
    if compared.p_value_holm is None:
        return "no corrected p-value"
    text = p_value_text(compared.p_value_holm)
    sign = text if text.startswith("<") else f"= {text}"
    return f"p {sign} corrected for {counted(comparisons, 'comparison')}"


def _significance(compared: Comparison, comparisons: int) -> str:
    word = "significant" if is_significant(compared) else "not significant"
    if compared.p_value_holm is None:
        word = "not called significant"
    return f"{word}, {_corrected(compared, comparisons)}"


def trivial_sentence(arm: Arm, name: str, baseline: Scores) -> str:
    """Return whether a network is better than a trivial feature, or that this is not known.

    The difference on the same images decides; where it was not stored, whether intervals overlap.
    """
    own, other, same = arm.test.get("accuracy"), baseline.get("accuracy"), arm.against.get(name)
    conclusion, feature = _against(arm, name, baseline), feature_name(name)
    if conclusion is Verdict.UNKNOWN:
        return f"This network was not compared with the trivial {feature}: an interval is missing."
    result = TRIVIAL[conclusion].format(feature=feature)
    reason = "; the intervals overlap" if conclusion is Verdict.NO_DIFFERENCE else ""
    if same is not None:
        reason = f"; difference on the same images {difference(same)}"
    return f"{result}: accuracy {estimate(own)} against {estimate(other)}{reason}."


def _against(arm: Arm, name: str, baseline: Scores) -> Verdict:
    if name in arm.against:
        return verdict(arm.against[name])
    return verdict_of_intervals(arm.test.get("accuracy"), baseline.get("accuracy"))


def grouped_sentence(arms: Sequence[Arm], name: str, baseline: Scores) -> str:
    """Return which arms are better than a trivial feature in accuracy, and which are not."""
    names: dict[Verdict, list[str]] = {}
    for arm in arms:
        names.setdefault(_against(arm, name, baseline), []).append(arm.name)
    order = (Verdict.BETTER, Verdict.NO_DIFFERENCE, Verdict.WORSE, Verdict.UNKNOWN)
    parts = [f"{group.value}: {listed(names[group])}" for group in order if group in names]
    other = estimate(baseline.get("accuracy"))
    return f"Accuracy against the {feature_name(name)} ({other}): {'; '.join(parts)}."


def published_sentence(scores: Scores, arm: str, published: Published) -> str:
    """Return whether a published figure lies in an arm's interval; empty if that is not known."""
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


def of_hundred(share: Estimate) -> str:
    """Return ``71 of 100 (68 to 74)``; without an interval the number alone."""
    if share.value is None:
        return "an unknown number of 100"
    text = f"{_hundredth(share.value)} of 100"
    if share.low is None or share.high is None:
        return text
    return f"{text} ({_hundredth(share.low)} to {_hundredth(share.high)})"


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

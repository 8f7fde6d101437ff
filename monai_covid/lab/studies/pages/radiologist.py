"""What a study means for a radiologist, by rules from its numbers."""

from __future__ import annotations

from monai_covid.evaluation.wording import counted
from monai_covid.lab.studies.pages.markdown import escape, estimate, feature_name, measure_in_words
from monai_covid.lab.studies.pages.records import RECALL, Arm, Comparison, Reading, Scores, Study
from monai_covid.lab.studies.pages.sentences import listed, of_hundred, trivial_sentence
from monai_covid.lab.studies.pages.tables import class_labels, class_words
from monai_covid.lab.studies.pages.verdicts import Verdict, above_chance, is_significant, verdict

ENTANGLED = (
    "None of this shows that a disease is recognised. In the public collections every class comes "
    "from other hospitals, and a network can go by the hospital instead of the lungs."
)


UNTRAINED = ("same:", "mean:", "probe")
"""Starts of arms that train no network of their own."""

CHANCE = 0.5


def for_radiologists(study: Study) -> str:
    """Return a few short paragraphs without technical terms."""
    chosen = chosen_arm(study)
    parts = [_what_was_done(study)]
    if chosen is None:
        parts.append("No variant has results on test images yet.")
    else:
        parts += [_share_right(study, chosen), *_trivial(study, chosen), *_blanked(study, chosen)]
        parts += [beside_readers(one) for one in study.readings if one.arm == chosen.name]
    return "\n\n".join([*parts, *_variants(study), ENTANGLED])


def chosen_arm(study: Study) -> Arm | None:
    """Return the arm with the highest mean of the best validation AUC of its runs.

    Test images have no say in it, so its test figures are not the best of several by luck. Arms
    without all runs come after those that have them.
    """
    known = [arm for arm in study.arms if arm.test and _validation(arm) is not None]
    key = {arm.name: (arm.finished >= arm.planned, _validation(arm)) for arm in known}
    return max(known, key=lambda arm: key[arm.name], default=None)


def _validation(arm: Arm) -> float | None:
    values = [run.best_validation_auc for run in arm.runs if run.best_validation_auc is not None]
    return sum(values) / len(values) if values else None


def _what_was_done(study: Study) -> str:
    finished = sum(arm.finished for arm in study.arms if not arm.start.startswith(UNTRAINED))
    variants = counted(len(study.arms), "variant")
    return (
        f"{variants} of the network, {counted(finished, 'training run')} in all. What follows is "
        "of radiographs that the network in question was not trained on; ranges in brackets are "
        "what chance among patients leaves open (95 % intervals)."
    )


def _share_right(study: Study, arm: Arm) -> str:
    text = (
        f"The variant that did best on the validation images is **{escape(arm.name)}**. On "
        f"{counted(arm.images, 'test image')} of {counted(arm.patients, 'patient')} it answers "
        f"{_accuracy(arm.test)} right."
    )
    found = [
        f"{of_hundred(arm.test[RECALL + label])} with {class_words(label)}"
        for label in class_labels(study)
        if arm.test.get(RECALL + label) and arm.test[RECALL + label].value is not None
    ]
    return f"{text} It recognises {', '.join(found)}." if found else text


def _accuracy(scores: Scores) -> str:
    found = scores.get("accuracy")
    return "an unknown number" if found is None else of_hundred(found)


def _trivial(study: Study, arm: Arm) -> list[str]:
    """Set the arm beside the trivial feature with the highest accuracy."""
    known = {
        name: scores["accuracy"].value
        for name, scores in study.baselines.items()
        if "accuracy" in scores and scores["accuracy"].value is not None
    }
    if not known:
        return []
    best = max(known, key=lambda name: known[name] or 0.0)
    sentence = trivial_sentence(arm, best, study.baselines[best])
    return [f"{sentence} No detail of a lung can be seen in the {feature_name(best)}."]


def _blanked(study: Study, arm: Arm) -> list[str]:
    found = arm.further.get("without_lungs")
    if found is None:
        return []
    balanced = found.get("balanced_accuracy")
    text = f"With the lungs blanked out it still answers {_accuracy(found)} right."
    classes = len(class_labels(study))
    if not classes or balanced is None:
        return [text]
    if above_chance(balanced, classes):
        why = "more than guessing: something outside of the lungs tells it the answer"
    else:
        why = "not shown to be more than guessing"
    return [f"{text} Over the classes that is {estimate(balanced)}, {why}."]


def beside_readers(one: Reading) -> str:
    """Say whether a network sees what readers saw, by the interval of ``Reading.judged``."""
    found, name = one.judged, class_words(one.label)
    stratum = "label and view" if one.heeds_views else "label"
    text = (
        f"People who looked saw {name} on {one.seen:,} of {counted(one.images, 'test image')}. "
        f"Take two of one {stratum}, one on which they saw it and one on which they did not: "
    )
    if found.value is None or found.low is None:
        return f"{text}there are too few of these."
    meaning = "more often than by chance" if found.low > CHANCE else "not shown to beat a coin"
    return (
        f"{text}in {of_hundred(found)} such pairs the network finds {name} more probable on the "
        f"first, {meaning}."
    )


def _variants(study: Study) -> list[str]:
    """Say for each measure which variants beat the arm they are compared with; hints are named."""
    lines = []
    for measure in dict.fromkeys(each.measure for each in study.comparisons):
        groups: dict[str, list[str]] = {}
        for each in study.comparisons:
            if each.measure == measure:
                groups.setdefault(_compared(each), []).append(each.arm)
        words = measure_in_words(measure)
        parts = [f"{listed(names)} {found}" for found, names in groups.items()]
        lines.append(f"{words[0].upper()}{words[1:]}: {'; '.join(parts)}.")
    return lines


def _compared(each: Comparison) -> str:
    """Return what is said of the arm of a comparison, after its name."""
    found, baseline = verdict(each.judged, each.measure), escape(each.baseline)
    if found is Verdict.NOT_TOLD_APART:
        return f"not told apart from {baseline}"
    if found is Verdict.UNKNOWN:
        return f"not compared with {baseline}"
    hint = "" if is_significant(each) else ", which may be chance"
    return f"{found.value} than {baseline}{hint}"

"""The findings of a study for a radiologist, by rules from its numbers."""

from __future__ import annotations

from monai_covid.evaluation.wording import counted
from monai_covid.lab.studies.pages.markdown import escape, estimate, feature_name, measure_in_words
from monai_covid.lab.studies.pages.records import RECALL, Arm, Comparison, Reading, Scores, Study
from monai_covid.lab.studies.pages.sentences import listed, of_hundred, trivial_sentence
from monai_covid.lab.studies.pages.tables import best_trivial_feature, class_words
from monai_covid.lab.studies.pages.verdicts import Verdict, above_chance, is_significant, verdict

CONFOUNDED = (
    "None of this shows that a disease is recognised. In the public collections every class comes "
    "from other hospitals, and a network can use signs of the hospital instead of the lungs."
)


UNTRAINED = ("same:", "mean:", "probe")
"""Starts of arms that train no network of their own."""

CHANCE = 0.5


def for_radiologists(study: Study) -> str:
    """Return a few short paragraphs without technical terms."""
    chosen = chosen_arm(study)
    if chosen is None:
        parts = ["No variant has results on test images yet."]
    else:
        parts = [_share_correct(study, chosen), *_trivial(study, chosen), *_blanked(study, chosen)]
        parts += [beside_readers(read) for read in study.readings if read.arm == chosen.name]
    return "\n\n".join([*parts, *_variants(study), CONFOUNDED, _what_was_done(study)])


def chosen_arm(study: Study) -> Arm | None:
    """Return the arm with the highest mean of the best validation AUC of its runs.

    Test images are not used for it, so its test figures are not the best of several by chance. Arms
    without all runs come after those that have them.
    """
    arms = [arm for arm in study.arms if arm.test and _validation(arm) is not None]
    key = {arm.name: (arm.finished >= arm.planned, _validation(arm)) for arm in arms}
    return max(arms, key=lambda arm: key[arm.name], default=None)


def _validation(arm: Arm) -> float | None:
    values = [run.best_validation_auc for run in arm.runs if run.best_validation_auc is not None]
    return sum(values) / len(values) if values else None


def _what_was_done(study: Study) -> str:
    finished = sum(arm.finished for arm in study.arms if not arm.start.startswith(UNTRAINED))
    variants = counted(len(study.arms), "variant")
    return (
        f"How this was measured: {variants} of the network, {counted(finished, 'training run')} in "
        "all. All figures are of radiographs that the network was not trained on; ranges in "
        "brackets are 95 % intervals over patients."
    )


def _share_correct(study: Study, arm: Arm) -> str:
    text = (
        f"The variant that did best on the validation images is **{escape(arm.name)}**. It "
        f"classifies {_accuracy(arm.test)} test images correctly "
        f"({counted(arm.images, 'image')} of {counted(arm.patients, 'patient')})."
    )
    recalls = [
        f"{of_hundred(arm.test[RECALL + label])} with {class_words(label)}"
        for label in study.class_labels
        if arm.test.get(RECALL + label) and arm.test[RECALL + label].value is not None
    ]
    return f"{text} It recognises {', '.join(recalls)}." if recalls else text


def _accuracy(scores: Scores) -> str:
    accuracy = scores.get("accuracy")
    return "an unknown number of" if accuracy is None else of_hundred(accuracy)


def _trivial(study: Study, arm: Arm) -> list[str]:
    """Compare the arm with the trivial feature that has the highest accuracy."""
    best = best_trivial_feature(study)
    if best is None:
        return []
    sentence = trivial_sentence(arm, best, study.baselines[best])
    return [f"{sentence} No detail of a lung can be seen in the {feature_name(best)}."]


def _blanked(study: Study, arm: Arm) -> list[str]:
    blanked = arm.further.get("without_lungs")
    if blanked is None:
        return []
    balanced = blanked.get("balanced_accuracy")
    text = f"With the lungs blanked out it still classifies {_accuracy(blanked)} correctly."
    classes = len(study.class_labels)
    if not classes or balanced is None:
        return [text]
    if above_chance(balanced, classes):
        meaning = "above chance: it uses something outside the lungs"
    else:
        meaning = "not significantly above chance"
    return [f"{text} Balanced over the classes that is {estimate(balanced)}, {meaning}."]


def beside_readers(reading: Reading) -> str:
    """Return whether a network agrees with readers, by the interval of ``Reading.judged``."""
    judged, name = reading.judged, class_words(reading.label)
    stratum = "label and view" if reading.heeds_views else "label"
    text = (
        f"Readers saw {name} on {reading.seen:,} of {counted(reading.images, 'test image')}. Of "
        f"two images of one {stratum}, one on which they saw it and one on which they did not, "
    )
    if judged.value is None or judged.low is None:
        return f"{text}there are too few."
    meaning = "more often than" if judged.low > CHANCE else "not significantly more often than"
    return (
        f"{text}the network finds {name} more probable on the first in {of_hundred(judged)} pairs, "
        f"{meaning} by chance."
    )


def _variants(study: Study) -> list[str]:
    """Return for each measure which variants are better than the arm they are compared with."""
    lines = []
    for measure in dict.fromkeys(comparison.measure for comparison in study.comparisons):
        groups: dict[str, list[str]] = {}
        for comparison in study.comparisons:
            if comparison.measure == measure:
                groups.setdefault(_compared(comparison), []).append(comparison.arm)
        title = measure_in_words(measure)
        parts = [f"{listed(names)} {result}" for result, names in groups.items()]
        lines.append(f"{title[0].upper()}{title[1:]}: {'; '.join(parts)}.")
    return lines


def _compared(comparison: Comparison) -> str:
    """Return the result of a comparison, to follow the name of the arm."""
    conclusion = verdict(comparison.judged, comparison.measure)
    baseline = escape(comparison.baseline)
    if conclusion is Verdict.NO_DIFFERENCE:
        return f"not significantly different from {baseline}"
    if conclusion is Verdict.UNKNOWN:
        return f"not compared with {baseline}"
    hint = "" if is_significant(comparison) else ", which may be chance"
    return f"{conclusion.value} than {baseline}{hint}"

"""Sentences from numbers, word for word."""

import re

import numpy as np
import pytest

from monai_covid.lab.studies.pages.records import PUBLISHED, Comparison, Estimate
from monai_covid.lab.studies.pages.sentences import (
    comparison_sentence,
    grouped_sentence,
    listed,
    mean_and_range,
    of_hundred,
    published_sentence,
    trivial_sentence,
)
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.pages import example


def compared(low, high, holm=0.012, **more):
    middle = None if low is None else (low + high) / 2
    fields = {"test": "", "note": "", "measure": "validation_auc, epochs 1 to 5", **more}
    return Comparison(
        arm="mean",
        baseline="keep",
        pairs=15,
        difference=Estimate(middle, low, high),
        p_value=0.01,
        p_value_holm=holm,
        **fields,
    )


def test_a_difference_that_holds():
    assert comparison_sentence(compared(0.01, 0.03), 3) == (
        "mean was better than keep in validation AUC, epochs 1 to 5: +0.020 (+0.010 to +0.030), "
        "15 pairs; significant, p = 0.012 corrected for 3 comparisons."
    )


def test_a_difference_that_may_be_chance():
    text = comparison_sentence(compared(-0.03, -0.01, 0.09), 3)
    assert "mean was worse than keep" in text
    assert "; not significant, p = 0.090 corrected for 3 comparisons." in text


def test_without_a_corrected_p_value_nothing_is_significant():
    text = comparison_sentence(compared(0.01, 0.03, None), 1)
    assert text.endswith("; not called significant, no corrected p-value.")


def test_no_significant_difference():
    text = comparison_sentence(compared(-0.01, 0.03, 0.4), 1)
    assert "No significant difference between mean and keep in" in text
    assert text.endswith(
        "p = 0.400 corrected for 1 comparison. This does not show that they are equal."
    )


def test_what_was_not_compared_says_why():
    text = comparison_sentence(compared(None, None, None, note="Only one pair."), 1)
    assert text == (
        "mean could not be compared with keep in validation AUC, epochs 1 to 5. Only one pair."
    )


def test_no_sentence_claims_what_its_interval_leaves_open():
    generator = np.random.default_rng(0)
    claims = 0
    for low, width, holm in generator.uniform([-0.05, 0, 0], [0.05, 0.08, 0.2], (500, 3)):
        text = comparison_sentence(compared(low, low + width, holm), 3)
        claimed = re.search("better|worse", text) is not None
        assert claimed == (low > 0 or low + width < 0)
        called = re.search(r"; significant", text) is not None
        assert called == (claimed and holm < 0.05)
        claims += called
    assert claims > 20


def arm_with(accuracy, **against):
    content = example.study([example.arm("twice-keep")], [])
    (arm,) = parse_study(content, "study.json", "x").arms
    return arm._replace(test={"accuracy": accuracy}, against=against)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.9, "This network is better than the trivial 8 × 8 thumbnail"),  # noqa: RUF001
        (0.77, "No significant difference between this network and the trivial 8 × 8 thumbnail"),  # noqa: RUF001
        (0.6, "The trivial 8 × 8 thumbnail is better than this network"),  # noqa: RUF001
    ],
)
def test_the_thumbnail_is_named_when_it_wins(value, words):
    trivial = {"accuracy": Estimate(0.76, 0.73, 0.79)}
    arm = arm_with(Estimate(value, value - 0.03, value + 0.03))
    text = trivial_sentence(arm, "thumbnail_8", trivial)
    assert text.startswith(words)
    assert "0.760 (0.730 to 0.790)" in text


def test_a_trivial_feature_without_interval_is_not_compared():
    trivial = {"accuracy": Estimate(0.55, None, None)}
    text = trivial_sentence(arm_with(Estimate(0.7, 0.6, 0.8)), "aspect", trivial)
    assert text == (
        "This network was not compared with the trivial aspect ratio: an interval is missing."
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.08, "This network is better"),
        (-0.01, 0.08, "No significant difference"),
        (-0.08, -0.01, "The trivial aspect ratio is better"),
    ],
)
def test_the_difference_on_the_same_images_decides(low, high, words):
    arm = arm_with(Estimate(0.8, 0.77, 0.83), aspect=Estimate((low + high) / 2, low, high))
    trivial = {"accuracy": Estimate(0.76, 0.73, 0.79)}
    text = trivial_sentence(arm, "aspect", trivial)
    assert text.startswith(words)
    assert "difference on the same images" in text
    assert "the intervals overlap" not in text
    groups = {"This": "better: ", "The": "worse: ", "No": "no significant difference: "}
    group = groups[words.split()[0]]
    assert grouped_sentence([arm], "aspect", trivial).endswith(f"{group}twice-keep.")


def test_arms_are_grouped_by_what_can_be_said():
    arms = [example.arm("low", 0.6), example.arm("middle", 0.75), example.arm("high", 0.9)]
    study = parse_study(example.study(arms, [], baseline="low"), "study.json", "x")
    text = grouped_sentence(study.arms, "thumbnail_8", study.baselines["thumbnail_8"])
    assert text.endswith("better: high; no significant difference: middle; worse: low.")


def test_a_published_figure_is_placed_and_not_tested():
    scores = {"accuracy": Estimate(0.86, 0.84, 0.88)}
    assert "87.02 % (DarkCovidNet, three classes) lies inside" in published_sentence(
        scores, "keep", PUBLISHED[0]
    )
    assert "100 %" in published_sentence(scores, "keep", PUBLISHED[1])
    assert "lies above the interval of keep" in published_sentence(scores, "keep", PUBLISHED[1])
    assert published_sentence(scores, "keep", PUBLISHED[2]) == ""


def test_numbers_for_readers():
    assert of_hundred(Estimate(0.706, 0.678, 0.734)) == "71 of 100 (68 to 73)"
    assert of_hundred(Estimate(0.706, None, None)) == "71 of 100"
    assert mean_and_range([0.9, 0.8]) == "0.850 (0.800 to 0.900)"
    assert mean_and_range([0.9]) == "0.900"
    assert listed(["a", "b_c", "d"]) == "a, b\\_c and d"

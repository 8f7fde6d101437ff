from types import SimpleNamespace

from monai_covid.audits.shortcuts.verdict import above_chance, predictive_cues, without_lungs
from monai_covid.evaluation.metrics import MetricKey
from monai_covid.evaluation.pages.tables import Value

LABELS = ("covid19", "pneumonia", "normal")
BALANCED = MetricKey("balanced_accuracy")


def scores(balanced=0.2, covid19=0.4, pneumonia=0.4, normal=0.4):
    """Return scores whose intervals begin at these values."""
    lows = {
        BALANCED: balanced,
        MetricKey("auc", "covid19"): covid19,
        MetricKey("auc", "pneumonia"): pneumonia,
        MetricKey("auc", "normal"): normal,
    }
    return {key: Value(low + 0.1, low, low + 0.2) for key, low in lows.items()}


def result(**lows):
    return SimpleNamespace(scores=scores(**lows))


def test_the_interval_has_to_begin_a_tenth_above_chance():
    assert above_chance(scores(balanced=0.43, covid19=0.59), LABELS) == []
    assert above_chance(scores(balanced=0.44), LABELS) == [BALANCED]
    assert above_chance(scores(normal=0.61), LABELS) == [MetricKey("auc", "normal")]


def test_chance_is_one_over_the_classes_that_occur():
    assert above_chance(scores(balanced=0.5), LABELS[:2]) == []
    assert above_chance(scores(balanced=0.5), LABELS) == [BALANCED]


def test_without_an_interval_nothing_is_above_chance():
    alone = {key: Value(1.0) for key in scores()}
    assert above_chance(alone, LABELS) == []


def test_cues_that_hold_lungs_do_not_decide():
    found = predictive_cues({"thumbnail_8": result(covid19=0.9), "border": result()}, LABELS)
    assert found == {}
    found = predictive_cues({"thumbnail_8": result(), "border": result(covid19=0.9)}, LABELS)
    assert found == {"border": [MetricKey("auc", "covid19")]}


def test_both_ways_of_hiding_lungs_have_to_agree():
    def found(hull, rectangle):
        parts = {"whole": result(covid19=0.9), "lungs_alone": result(covid19=0.9)}
        parts |= {"without_hull": hull, "without_rectangle": rectangle}
        return without_lungs(SimpleNamespace(parts=parts), LABELS)

    assert found(result(), result()) == []
    assert found(result(covid19=0.9), result()) == []
    assert found(result(covid19=0.9), result(normal=0.9)) == []
    assert found(result(covid19=0.9, normal=0.9), result(normal=0.9)) == [
        MetricKey("auc", "normal")
    ]


def test_a_model_without_usable_images_is_not_accused():
    assert without_lungs(SimpleNamespace(parts={}), LABELS) == []

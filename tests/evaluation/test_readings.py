"""Readings beside predictions, against counting pairs one by one and scikit-learn's AUC."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from monai_covid.evaluation.readings import (
    LABELS_BY_MODEL,
    LABELS_BY_READERS,
    READINGS_BY_MODEL,
    WITHIN_LABELS,
    WITHIN_VIEWS,
    compare_with_readings,
)

LABELS = ("covid19", "pneumonia", "normal")


def invented(count=120, seed=0, grain=20):
    """A predictions table with ties, and readings that agree with its labels a little."""
    generator = np.random.default_rng(seed)
    label = generator.choice(LABELS, count)
    seen = generator.random(count) < np.where(label == "pneumonia", 0.6, 0.3)
    score = np.round((generator.random(count) + 0.3 * seen) / 1.3 * grain) / grain
    table = pd.DataFrame(
        {
            "image": [f"{place}.png" for place in range(count)],
            "patient_id": [f"p{place // 2}" for place in range(count)],
            "label": label,
            "probability_covid19": 0.0,
            "probability_pneumonia": score,
            "probability_normal": 1 - score,
        }
    )
    return table, pd.Series(seen.astype(float), index=table["image"].tolist(), name="pneumonia")


def compared(table, seen, views=None, resamples=100):
    return compare_with_readings([table], seen, views, resamples=resamples)


def counted(strata, seen, scores):
    """Return the share of pairs of one stratum, seen and not seen, that are ordered right."""
    rows = list(zip(strata, seen, scores, strict=True))
    right = pairs = 0.0
    for (one, saw, high), (other, saw_too, low) in product(rows, rows):
        if one == other and saw and not saw_too:
            pairs += 1
            right += 1.0 if high > low else 0.5 if high == low else 0.0
    return right / pairs


def test_within_strata_is_counting_pairs_of_one_stratum():
    table, seen = invented()
    views = pd.Series(np.random.default_rng(1).choice(["AP", "PA", ""], 120), index=seen.index)
    score = table["probability_pneumonia"]
    found = compared(table, seen, views)
    expected = counted(table["label"], seen, score)
    assert found.values[WITHIN_LABELS].value == pytest.approx(expected)
    known = (views != "").to_numpy()
    strata = zip(table["label"][known], views[known], strict=True)
    both = counted(strata, seen[known], score[known])
    assert found.values[WITHIN_VIEWS].value == pytest.approx(both)
    assert found.judged == found.values[WITHIN_VIEWS]


def test_without_any_view_the_label_alone_counts():
    table, seen = invented()
    without = compared(table, seen, pd.Series("", index=seen.index))
    assert without == compared(table, seen)
    assert not without.heeds_views
    assert without.values[WITHIN_VIEWS].value is None
    assert without.judged == without.values[WITHIN_LABELS]


def test_views_that_no_pair_shares_leave_it_undefined():
    table, seen = invented()
    views = table["label"].set_axis(seen.index) + seen.astype(str)
    found = compared(table, seen, views)
    assert found.heeds_views
    assert (found.judged.value, found.fewest) == (None, 0)
    assert found.values[WITHIN_LABELS].value is not None


def test_another_disease_with_the_same_finding_does_not_count_against_a_model():
    """Where COVID-19 shows the finding it takes the probability; against normal it is seen."""
    table, seen = invented(300)
    is_covid = (table["label"] == "covid19").to_numpy()
    high = np.where(seen > 0, 0.8, 0.1)
    table["probability_covid19"] = np.where(is_covid, 0.95, 0.0)
    rest = 1 - table["probability_covid19"]
    table["probability_pneumonia"], table["probability_normal"] = rest * high, rest * (1 - high)
    assert compared(table, seen).values[WITHIN_LABELS].value == 1


def test_a_view_that_tells_both_is_taken_out():
    """The finding is seen AP, and the model calls AP images: within views it knows nothing."""
    generator = np.random.default_rng(5)  # not that of the labels
    table, seen = invented(600)
    views = pd.Series(generator.choice(["AP", "PA"], 600), index=seen.index)
    seen[:] = 1.0 * (generator.random(600) < np.where(views == "AP", 0.8, 0.2))
    score = 0.5 * generator.random(600) + 0.5 * (views == "AP").to_numpy()
    table = table.assign(probability_pneumonia=score, probability_normal=1 - score)
    found = compared(table, seen, views).values
    assert found[WITHIN_LABELS].low > 0.7
    assert found[WITHIN_VIEWS].low < 0.5 < found[WITHIN_VIEWS].high


def test_the_others_are_scikit_learns():
    table, seen = invented()
    found = compared(table, seen)
    score, is_pneumonia = table["probability_pneumonia"], table["label"] == "pneumonia"
    expected = {
        LABELS_BY_MODEL: roc_auc_score(is_pneumonia, score),
        LABELS_BY_READERS: balanced_accuracy_score(is_pneumonia, seen > 0),
        READINGS_BY_MODEL: roc_auc_score(seen, score),
    }
    assert {name: found.values[name].value for name in expected} == pytest.approx(expected)
    assert [one.label for one in found.labels] == ["pneumonia", "covid19", "normal"]
    for one in found.labels:
        part = (table["label"] == one.label).to_numpy()
        assert (one.images, one.seen) == (part.sum(), seen[part].sum())
        assert one.patients == table["patient_id"][part].nunique()
        assert one.auc.value == pytest.approx(roc_auc_score(seen[part], score[part]))


def test_intervals_hold_the_value_and_shrink_with_patients():
    few, many = (compared(*invented(count), resamples=400) for count in (60, 960))
    for name in (LABELS_BY_MODEL, WITHIN_LABELS):
        one, other = few.values[name], many.values[name]
        assert one.low < one.value < one.high
        assert other.high - other.low < (one.high - one.low) / 2


def test_only_images_that_were_read_count():
    table, seen = invented()
    some = seen.copy()
    some[::3] = np.nan
    some = some.drop(some.index[-6:])
    kept = table[table["image"].isin(some.dropna().index)]
    again = compared(kept, seen[kept["image"].tolist()])
    assert compared(table, some) == again
    assert again.images == len(kept)
    assert compared(table, some * np.nan) is None


def test_of_several_models_it_is_the_mean():
    table, seen = invented()
    other, _ = invented(seed=1)
    columns = ["probability_pneumonia", "probability_normal"]
    other = table.assign(**{name: other[name] for name in columns})
    both = compare_with_readings([table, other], seen, resamples=100)
    for name, value in both.values.items():
        if name == WITHIN_VIEWS:
            continue
        each = [compared(one, seen).values[name].value for one in (table, other)]
        assert value.value == pytest.approx(np.mean(each))


def test_models_are_compared_on_the_images_that_all_have_answered():
    table, seen = invented()
    whole, part = invented(seed=1)[0].assign(label=table["label"]), table.iloc[40:]
    found = compare_with_readings([part, whole], seen, resamples=100)
    assert found == compare_with_readings([part, whole.iloc[40:]], seen, resamples=100)
    assert found.images == 80
    assert compare_with_readings([part, whole.iloc[:40]], seen, resamples=100) is None


def test_what_nobody_saw_is_not_defined():
    table, seen = invented()
    found = compared(table, seen * 0)
    assert found.values[WITHIN_LABELS].value is None
    assert found.values[LABELS_BY_READERS].value == 0.5
    assert found.fewest == 0


def test_patients_count_only_where_their_label_has_both_sides():
    table, seen = invented(12)
    table["label"] = ["pneumonia"] * 6 + ["normal"] * 6
    seen[:] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    found = compared(table, seen)
    assert found.fewest == 1
    assert found.labels[1].auc.value is None


def test_one_patient_has_no_interval():
    table, seen = invented()
    found = compared(table.assign(patient_id="p"), seen).values[WITHIN_LABELS]
    assert found.value is not None
    assert (found.low, found.high) == (None, None)


def test_a_label_of_one_patient_has_no_interval():
    table, seen = invented()
    alone = table["label"] == "normal"
    table.loc[alone, "patient_id"] = "p"
    found = compared(table, seen)
    (normal,) = (one.auc for one in found.labels if one.label == "normal")
    assert (normal.value is None, normal.low, normal.high) == (False, None, None)
    assert found.values[WITHIN_LABELS].low is not None


def test_patients_are_drawn_and_not_images():
    """Ten images of each patient are no more than one of each."""
    table, seen = invented(60)
    table["patient_id"] = [f"p{place}" for place in range(60)]
    ten = pd.concat([table.assign(image=f"{n}-" + table["image"]) for n in range(10)])
    saw = pd.Series(np.tile(seen, 10), index=ten["image"].tolist(), name="pneumonia")
    one, many = (compared(*pair).values[WITHIN_LABELS] for pair in ((table, seen), (ten, saw)))
    assert many == pytest.approx(one)

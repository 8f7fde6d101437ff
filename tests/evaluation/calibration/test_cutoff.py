"""A cut-off of uncertainty and risk-coverage curves against counting, and the messages."""

import numpy as np
import pytest

from monai_covid.errors import InputError
from monai_covid.evaluation.calibration.cutoff import (
    LEAST_ACCEPTED,
    CutoffGoal,
    fit_cutoff,
    risk_coverage,
)
from monai_covid.evaluation.calibration.fitting import Goals, calibrate_table
from monai_covid.evaluation.calibration.record import Calibration
from monai_covid.evaluation.calibration.report import render_calibration
from monai_covid.evaluation.calibration.uncertainty import (
    Scores,
    uncertainty,
    uncertainty_flags,
    uncertainty_of,
)
from monai_covid.evaluation.columns import probability_column
from tests.evaluation.calibration.simulated import CLASSES, calibrated_logits, table_of
from tests.evaluation.tables import multi_label

COLUMNS = [probability_column(name) for name in CLASSES]
MEASURES = ("max_probability", "margin", "entropy")


@pytest.fixture(scope="module")
def table():
    """300 images of 100 patients of a calibrated network."""
    return table_of(*calibrated_logits(300), images_each=3)


def judged(table, measure="max_probability"):
    """Return uncertainty of each image, and whether it is right."""
    unsure = uncertainty(measure, Scores(table[COLUMNS].to_numpy()))
    return unsure, (table["prediction"] == table["label"]).to_numpy()


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("share", [0.5, 0.803])
def test_a_coverage_is_met_with_as_few_images_as_possible(table, measure, share):
    found = fit_cutoff(table, CutoffGoal("coverage", share, measure), resamples=100)
    unsure, correct = judged(table, measure)
    answered = unsure <= found.value
    assert answered.sum() == np.ceil(share * 300)
    assert found.coverage == answered.mean()
    assert found.accuracy == pytest.approx(correct[answered].mean())
    assert found.accuracy_of_all == pytest.approx(correct.mean())
    assert found.coverage_low < found.coverage < found.coverage_high
    assert found.accuracy_low < found.accuracy < found.accuracy_high
    # Rounding moves no image across.
    assert np.abs(unsure - found.value).min() > 1e-7


def test_an_accuracy_is_met_on_as_many_images_as_possible(table):
    found = fit_cutoff(table, CutoffGoal("accuracy", 0.85), resamples=100)
    unsure, correct = judged(table)
    accuracy = {
        limit: correct[unsure <= limit].mean()
        for limit in unsure
        if (unsure <= limit).sum() >= LEAST_ACCEPTED
    }
    best = max(limit for limit, value in accuracy.items() if value >= 0.85)
    assert ((unsure <= best) == (unsure <= found.value)).all()
    assert found.accuracy >= 0.85 > found.accuracy_of_all


def test_the_interval_covers_what_other_images_show():
    """Of 40 cut-offs the interval of the accuracy holds that of many other images in most."""
    limit_of = CutoffGoal("coverage", 0.7)
    many, right = judged(table_of(*calibrated_logits(40_000, seed=99)))
    held = 0
    for seed in range(40):
        found = fit_cutoff(table_of(*calibrated_logits(200, seed)), limit_of, resamples=200)
        truth = right[many <= found.value].mean()
        held += found.accuracy_low <= truth <= found.accuracy_high
    assert held >= 34, "0.7 % of such trials hold 33 or fewer if the interval covers 95 %"


def test_equally_unsure_images_are_treated_alike():
    logits = np.array([[2.0, 0, 0]] * 25 + [[1.0, 0, 0]] * 25)
    true = np.array([0] * 25 + [1] * 5 + [0] * 20)
    share = fit_cutoff(table_of(logits, true), CutoffGoal("coverage", 0.6), resamples=40)
    assert share.coverage == 1
    right = fit_cutoff(table_of(logits, true), CutoffGoal("accuracy", 0.95), resamples=40)
    assert (right.coverage, right.accuracy) == (0.5, 1.0)


def test_goals_out_of_reach_are_refused(table):
    logits, _ = calibrated_logits(60)
    wrong = table_of(logits, (logits.argmax(axis=1) + 1) % 3)
    with pytest.raises(ValueError, match=r"reaches an accuracy of 0\.9; the highest is 0\.000, on"):
        fit_cutoff(wrong, CutoffGoal("accuracy", 0.9))
    with pytest.raises(ValueError, match="10 images are too few for a cut-off, 20 are needed"):
        fit_cutoff(table.head(10), CutoffGoal("accuracy", 0.5))
    with pytest.raises(ValueError, match="coverage is 80; it must lie between 0 and 1"):
        fit_cutoff(table, CutoffGoal("coverage", 80))
    with pytest.raises(ValueError, match="measure is 'energy'; it must be one of max_prob"):
        fit_cutoff(table, CutoffGoal("coverage", 0.8, "energy"))
    with pytest.raises(ValueError, match="goal is 'risk'"):
        fit_cutoff(table, CutoffGoal("risk", 0.8))
    with pytest.raises(ValueError, match="mutually exclusive classes only"):
        fit_cutoff(multi_label(50), CutoffGoal("coverage", 0.8))
    with pytest.raises(InputError, match=r"val\.csv: no cut-off reaches an accuracy of 0\.999"):
        calibrate_table(
            table,
            goals=Goals(cutoff=CutoffGoal("accuracy", 0.999, "margin")),
            source="val.csv",
            resamples=40,
        )


@pytest.mark.parametrize("measure", MEASURES)
def test_it_is_stored_printed_and_applied(table, measure):
    logits, true = calibrated_logits(300)
    fitted = calibrate_table(
        table_of(2 * logits, true),
        goals=Goals(cutoff=CutoffGoal("coverage", 0.8, measure)),
        resamples=40,
    )
    record = Calibration.from_fields(fitted.record("some").fields())
    assert record.cutoff == fitted.cutoff
    assert "Accepted images: 0.800 (" in render_calibration(fitted)
    rows = fitted.after[COLUMNS].to_numpy()
    said = [uncertainty_flags(record, row) for row in rows.tolist()]
    assert sum(one == () for one in said) == 240
    assert {len(one) for one in said} == {0, 1}
    assert all("where 20% of its validation images" in words for one in said for words in one)
    numbers = [uncertainty_of(record, row) for row in rows.tolist()]
    np.testing.assert_allclose(numbers, judged(fitted.after, measure)[0])


def test_records_without_a_cutoff_are_as_ever(table):
    record = Calibration("some", 300, 100, 1.0, 0.9)
    assert "cutoff" not in record.fields()
    assert Calibration.from_fields(record.fields()) == record
    assert (
        uncertainty_flags(record, [0.4, 0.3, 0.3])
        is uncertainty_flags(None, [0.4, 0.3, 0.3])
        is None
    )
    assert uncertainty_of(record, [0.4, 0.3, 0.3]) is None
    damaged = {
        **record.fields(),
        "cutoff": {**vars(fit_cutoff(table, CutoffGoal("coverage", 0.8), resamples=40))},
    }
    for name, value in (("measure", "luck"), ("value", None), ("value", float("nan"))):
        changed = {**damaged, "cutoff": {**damaged["cutoff"], name: value}}
        with pytest.raises(TypeError, match="its cut-off is"):
            Calibration.from_fields(changed)


def test_the_curve_is_that_of_counting():
    generator = np.random.default_rng(0)
    unsure, correct = generator.random(50), generator.random(50) < 0.7
    curve = risk_coverage(unsure, correct)
    order = sorted(range(50), key=lambda k: unsure[k])
    slow = [np.mean([not correct[k] for k in order[: n + 1]]) for n in range(50)]
    np.testing.assert_allclose(curve.risk, slow)
    assert curve.risk[-1] == pytest.approx(1 - correct.mean())
    np.testing.assert_allclose(curve.coverage, np.arange(1, 51) / 50)


def test_equally_uncertain_images_share_their_errors():
    generator = np.random.default_rng(1)
    unsure, correct = (
        generator.integers(3, size=40).astype(float),
        generator.random(40) < 0.6,
    )
    curve = risk_coverage(unsure, correct)
    turn = generator.permutation(40)
    np.testing.assert_allclose(risk_coverage(unsure[turn], correct[turn]).risk, curve.risk)
    # The mean over many ways of breaking the ties.
    broken = [
        risk_coverage(unsure + 1e-6 * generator.random(40), correct).risk for _ in range(3000)
    ]
    np.testing.assert_allclose(np.mean(broken, axis=0), curve.risk, atol=0.03)


def test_errors_last_is_best_and_first_worst():
    correct = np.arange(100) < 80
    rank = np.arange(100.0)
    best, worst = risk_coverage(rank, correct), risk_coverage(-rank, correct)
    # Geifman, Uziel & El-Yaniv (ICLR 2019): e + (1 - e) ln(1 - e), for many images.
    assert best.risk.mean() == pytest.approx(0.2 + 0.8 * np.log(0.8), abs=2e-3)
    assert (best.risk[79], worst.risk[19]) == (0.0, 1.0)


def test_curves_of_bad_input_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and outcomes \(3,\)"):
        risk_coverage(np.zeros(2), np.ones(3, bool))
    with pytest.raises(ValueError, match="must be numbers"):
        risk_coverage(np.array([np.nan]), np.ones(1, bool))

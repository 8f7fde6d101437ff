import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from monai_covid.evaluation.bootstrap import (
    check_resamples,
    patient_weights,
    percentile_interval,
    resample,
)
from monai_covid.evaluation.ranked import rank, weighted_auc, weights_by_score
from monai_covid.evaluation.report import evaluate_table
from tests.evaluation.tables import CLASSES, single_label


def all_weights(*arguments, **options):
    return np.concatenate(list(patient_weights(*arguments, **options)))


def test_images_of_a_patient_share_a_weight_and_patients_are_drawn_n_times():
    patients = ["a", "b", "a", "c", "c", "c"]
    weights = all_weights(patients, 500, 0)
    assert weights.shape == (500, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_draws_are_uniform_over_patients():
    weights = all_weights([f"p{i}" for i in range(50)], 20_000, 1)
    assert weights.mean(axis=0) == pytest.approx(np.ones(50), abs=0.05)
    assert weights.var(axis=0) == pytest.approx(np.full(50, 1 - 1 / 50), abs=0.08)


def test_seed_decides_and_row_order_does_not():
    patients = np.array([f"p{i % 30}" for i in range(90)])
    first = all_weights(patients, 100, 5)
    assert np.array_equal(first, all_weights(patients, 100, 5))
    assert not np.array_equal(first, all_weights(patients, 100, 6))
    order = np.random.default_rng(0).permutation(90)
    assert np.array_equal(first[:, order], all_weights(patients[order], 100, 5))


def test_strata_keep_their_number_of_patients():
    patients = [f"p{i}" for i in range(40)]
    strata = ["rare"] * 3 + ["common"] * 37
    weights = all_weights(patients, 300, 0, strata)
    assert (weights[:, :3].sum(axis=1) == 3).all()
    assert weights[:, :3].std() > 0
    assert all_weights(patients, 300, 0)[:, :3].sum(axis=1).min() == 0


def test_patient_in_two_strata_is_its_own_stratum():
    weights = all_weights(["a", "a", "b", "c"], 100, 0, ["x", "y", "x", "x"])
    assert (weights[:, :2] == 1).all()
    assert (weights[:, 2:].sum(axis=1) == 2).all()


def test_blocks_do_not_change_the_number_of_resamples():
    patients = [f"p{i}" for i in range(3000)]
    blocks = list(patient_weights(patients, 700, 0))
    assert len(blocks) > 1
    assert sum(map(len, blocks)) == 700
    found = resample(lambda weights: {"sum": weights.sum(axis=1)}, patients, 700, 0)
    assert (found["sum"] == 3000).all()


def test_percentiles_of_known_values():
    low, high, used = percentile_interval(np.arange(1001.0))
    assert (low, high) == pytest.approx((25, 975))
    assert used == 1001


def test_undefined_resamples_are_left_out_and_counted():
    values = np.concatenate([np.arange(1001.0), np.full(500, np.nan)])
    assert percentile_interval(values) == pytest.approx((25, 975, 1001))
    assert percentile_interval(np.append(np.full(99, np.nan), 1)) == (None, None, 1)
    assert percentile_interval(np.full(9, np.nan)) == (None, None, 0)


def test_accuracy_interval_agrees_with_scipy():
    table = single_label(n=400, sharpness=1.0)
    table["patient_id"] = table["image"]
    right = (table["label"] == table["prediction"]).to_numpy(float)
    row = evaluate_table(table, CLASSES, resamples=9000).row("accuracy")
    oracle = stats.bootstrap(
        (right,), np.mean, n_resamples=9000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    # Both are quantiles of the same discrete distribution; one image is 0.0025.
    assert row.low == pytest.approx(oracle.low, abs=0.003)
    assert row.high == pytest.approx(oracle.high, abs=0.003)


def test_interval_of_accuracy_agrees_with_the_binomial_distribution():
    table = single_label(n=1000, sharpness=1.0)
    table["patient_id"] = table["image"]
    row = evaluate_table(table, CLASSES, resamples=4000).row("accuracy")
    low, high = stats.binom.ppf([0.025, 0.975], 1000, row.value) / 1000
    assert (row.low, row.high) == pytest.approx((low, high), abs=0.003)


def test_clustered_images_widen_the_interval():
    table = single_label(n=100, sharpness=1.0)
    table["patient_id"] = table["image"]
    copies = [table.assign(image=f"{copy}/" + table["image"]) for copy in range(9)]
    together = pd.concat(copies, ignore_index=True)
    clustered = evaluate_table(together, CLASSES).row("accuracy")
    naive = evaluate_table(together.assign(patient_id=together["image"]), CLASSES).row("accuracy")
    ratio = (clustered.high - clustered.low) / (naive.high - naive.low)
    assert ratio == pytest.approx(3, rel=0.15)


def test_coverage_of_the_auc_interval():
    # The area for unit-variance normal scores a distance d apart is Phi(d / sqrt 2).
    truth = stats.norm.cdf(1 / np.sqrt(2))
    generator = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        positive = np.arange(120) < 60
        scores = generator.normal(size=120) + positive
        ranking = rank(positive, scores)
        found = resample(
            lambda weights, ranking=ranking: {
                "auc": weighted_auc(weights_by_score(ranking, weights))
            },
            [str(i) for i in range(120)],
            400,
            seed,
        )
        low, high, _ = percentile_interval(found["auc"])
        hits += low <= truth <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_size_of_the_published_collection_takes_seconds():
    table = single_label(n=1118, patients=1000)
    start = time.process_time()
    evaluate_table(table, CLASSES, resamples=2000)
    assert time.process_time() - start < 10


def test_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match="resamples is 10, must be at least 40"):
        check_resamples(10)

"""Mean learning curves and their intervals over runs."""

import numpy as np
import pytest

from monai_covid.lab.studies.pages.figures import mean_curve
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.pages import example


def arm_of(curves):
    content = example.study(seeds=list(range(len(curves))))
    arm = example.arm("twice-keep", seeds=range(len(curves)), epochs=len(curves[0]))
    arm["curves"]["validation_auc"] = curves
    return parse_study({**content, "arms": [arm], "comparisons": []}, "study.json", "x").arms[0]


def test_the_mean_and_its_interval():
    values = np.random.default_rng(1).normal(0.8, 0.05, (40, 3))
    band = mean_curve(arm_of(values.tolist()))
    assert band.epochs.tolist() == [1, 2, 3]
    assert band.mean == pytest.approx(values.mean(axis=0))
    # With 40 runs the bootstrap of a mean is close to the normal interval of the plug-in variance.
    half = 1.96 * values.std(axis=0) / np.sqrt(40)
    assert band.low == pytest.approx(values.mean(axis=0) - half, abs=0.1 * half.max())
    assert band.high == pytest.approx(values.mean(axis=0) + half, abs=0.1 * half.max())


def test_a_single_run_has_no_band():
    band = mean_curve(arm_of([[0.5, 0.6]]))
    assert band.mean.tolist() == [0.5, 0.6]
    assert band.low is None
    assert band.high is None


def test_only_epochs_that_all_runs_have_count():
    band = mean_curve(arm_of([[0.5, 0.6, 0.9], [0.7, 0.8, None]]))
    assert band.epochs.tolist() == [1, 2]
    assert band.mean == pytest.approx([0.6, 0.7])


def test_a_run_without_values_is_left_out():
    band = mean_curve(arm_of([[0.5, 0.6], [None, None]]))
    assert band.mean.tolist() == [0.5, 0.6]
    assert band.low is None


def test_an_arm_without_runs_has_no_curve():
    content = example.study()
    content["arms"][1] = example.arm("twice-random", missing=2)
    arm = parse_study(content, "study.json", "x").arms[1]
    assert len(mean_curve(arm).mean) == 0

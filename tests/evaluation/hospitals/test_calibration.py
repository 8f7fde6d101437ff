"""Calibration for other hospitals: each judged by what was fitted to the others alone."""

import numpy as np
import pandas as pd
import pytest

from monai_covid.errors import InputError
from monai_covid.evaluation.calibration.scaling import fit_scaling
from monai_covid.evaluation.calibration.temperature import table_with
from monai_covid.evaluation.columns import PATIENT, probability_column
from monai_covid.evaluation.hospitals.calibration import (
    UNCHANGED,
    balanced_loss,
    balanced_weights,
    calibrate_by_hospital,
)
from monai_covid.evaluation.hospitals.calibration_report import (
    hospital_calibration_json,
    render_hospital_calibration,
)
from monai_covid.evaluation.predictions import with_prediction
from tests.evaluation.tables import CLASSES, single_label

COLUMNS = [probability_column(name) for name in CLASSES]
CROSSED, RANDOM = (
    "temperature and biases, held-out hospitals",
    "temperature and biases, random folds",
)


def in_hospitals(shift=0.0, sharpen=2.5, seed=0):
    """Too sure; in each of four hospitals another class is called too often, by ``shift``."""
    table = single_label(400, seed, patients=1000)
    hospital = np.arange(400) % 4
    logits = sharpen * np.log(table[COLUMNS].to_numpy())
    logits[np.arange(400), hospital % 3] += shift
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    table = table_with(table, probabilities / probabilities.sum(axis=1, keepdims=True))
    table["source"] = [f"H{number}" for number in hospital]
    table[PATIENT] = table["source"] + table[PATIENT]
    return table.drop(columns="prediction")


def test_a_hospital_is_judged_by_what_the_others_taught():
    table = in_hospitals(shift=1.0)
    # A patient of two hospitals teaches nothing about either.
    table.loc[1, PATIENT] = table.loc[0, PATIENT]
    found = calibrate_by_hospital(table, "source", resamples=40)
    after = found.fitted.after[COLUMNS].to_numpy()
    logits = np.log(table[COLUMNS].to_numpy())
    for name in ("H0", "H1"):
        judged = (table["source"] == name).to_numpy()
        patients = set(table.loc[judged, PATIENT])
        others = ~table[PATIENT].isin(patients).to_numpy()
        assert not others[:2].any()
        targets = np.eye(3)[[CLASSES.index(label) for label in table.loc[others, "label"]]]
        weights = balanced_weights(table[others], "source")
        scaling = fit_scaling(logits[others], targets, weights, biases=found.biases_help)
        np.testing.assert_allclose(after[judged], scaling.probabilities(logits[judged]), atol=1e-4)


def test_classes_their_hospitals_and_patients_weigh_the_same():
    table = in_hospitals()
    table = table[(table["source"] != "H3") | (table["label"] == "normal")]
    table.loc[table.index[:3], PATIENT] = "one"
    weights = pd.Series(balanced_weights(table, "source"), index=table.index)
    cells = weights.groupby([table["label"], table["source"]]).sum()
    assert cells["normal"].tolist() == pytest.approx([1 / 4] * 4)
    assert cells["covid19"].tolist() == pytest.approx([1 / 3] * 3)
    patients = weights.groupby([table["label"], table["source"], table[PATIENT]]).sum()
    for _, own in patients.groupby(level=[0, 1]):
        assert own.tolist() == pytest.approx([own.iloc[0]] * len(own))


def test_the_loss_is_the_mean_over_classes_of_the_mean_over_their_hospitals():
    table = in_hospitals()
    table = table[(table["source"] != "H3") | (table["label"] == "normal")]
    table[PATIENT] = [f"p{number}" for number in range(len(table))]
    right = [row[probability_column(row["label"])] for _, row in table.iterrows()]
    losses = pd.Series(-np.log(right), index=table.index)
    expected = losses.groupby([table["label"], table["source"]]).mean().groupby(level=0).mean()
    whole = with_prediction(table, CLASSES)
    assert balanced_loss(whole, "source") == pytest.approx(expected.mean())


def test_hospitals_of_one_class_do_not_make_it_likelier():
    """Two of four hospitals have nothing but COVID-19: no reason to call more images so."""
    table = in_hospitals(sharpen=1.0)
    table = table[table["source"].isin(["H0", "H1"]) | (table["label"] == "covid19")]
    found = calibrate_by_hospital(table, "source", resamples=40)
    assert found.scaling.biases[0] < 0.1


def test_random_folds_promise_what_other_hospitals_do_not_keep():
    """One hospital is over-represented and calls a class too often, as no other does."""
    table = in_hospitals()
    logits = np.log(table[COLUMNS].to_numpy())
    logits[table["source"] == "H0", 0] += 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = calibrate_by_hospital(table_with(table, probabilities), "source", resamples=40)
    assert found.losses[CROSSED] > found.losses[RANDOM]


def test_it_helps_where_all_hospitals_err_alike():
    table = in_hospitals()
    logits = np.log(table[COLUMNS].to_numpy()) + np.array([1.5, 0, 0])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = calibrate_by_hospital(table_with(table, probabilities), "source", resamples=40)
    assert found.biases_help
    assert found.scaling.biases[0] < -0.3
    assert found.losses[CROSSED] < found.losses[UNCHANGED]
    assert found.fitted.fit.after < found.fitted.fit.before
    # The most probable class is that of the new probabilities.
    after = found.fitted.after
    assert after["prediction"].tolist() == [
        CLASSES[place] for place in after[COLUMNS].to_numpy().argmax(axis=1)
    ]
    text = render_hospital_calibration(found)
    assert "4 hospitals (source): H0, H1, H2, H3" in text
    assert "Biases lower the log loss in held-out hospitals" in text
    content = hospital_calibration_json(found)
    assert content["biases_help"] is True
    assert set(content["ways"]) == {*found.reports}


def test_biases_that_do_not_help_are_left_out():
    found = calibrate_by_hospital(in_hospitals(shift=2.0), "source", resamples=40)
    assert not found.biases_help
    assert found.scaling.biases.tolist() == [0, 0, 0]
    assert "a temperature alone is kept" in render_hospital_calibration(found)


def test_what_cannot_be_used_names_file_column_and_row():
    table = in_hospitals()
    with pytest.raises(InputError, match=r"p.csv:1: has no column 'clinic'"):
        calibrate_by_hospital(table, "clinic", source="p.csv", resamples=40)
    table.loc[3, "source"] = np.nan
    with pytest.raises(InputError, match=r"p.csv:5: 'source' is empty; expected the hospital"):
        calibrate_by_hospital(table, "source", source="p.csv", resamples=40)
    with pytest.raises(InputError, match=r"'source' names one hospital, 'H1'"):
        calibrate_by_hospital(table[table["source"] == "H1"], "source", resamples=40)

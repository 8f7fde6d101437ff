"""From a table of predictions to a calibration that can be stored, printed and drawn."""

import json

import numpy as np
import pytest

from monai_covid.errors import InputError
from monai_covid.evaluation.calibration.fitting import calibrate_table
from monai_covid.evaluation.calibration.plots import reliability_picture
from monai_covid.evaluation.calibration.record import Calibration
from monai_covid.evaluation.calibration.report import calibration_json, render_calibration
from monai_covid.evaluation.calibration.temperature import (
    table_at,
    temperature_of,
    uncalibrated_logits,
    with_temperature,
)
from monai_covid.evaluation.columns import probability_column
from monai_covid.evaluation.report_text import strict_json
from tests.evaluation.calibration.simulated import CLASSES, calibrated_logits, table_of
from tests.evaluation.tables import certain, multi_label

COLUMNS = [probability_column(name) for name in CLASSES]


@pytest.fixture(scope="module")
def sure():
    """600 images of a network that is twice too sure."""
    logits, true = calibrated_logits(600)
    return table_of(2 * logits, true)


@pytest.fixture(scope="module")
def fitted(sure):
    return calibrate_table(sure, resamples=100)


def test_too_sure_a_network_is_calmed(sure, fitted):
    assert fitted.fit.temperature == pytest.approx(2, rel=0.15)
    np.testing.assert_allclose(fitted.before[COLUMNS], sure[COLUMNS], atol=1e-12)
    assert (fitted.after["prediction"] == sure["prediction"]).all()
    rows = {row.score: row for row in fitted.rows}
    assert rows["rms"].before.low > rows["rms"].after.value
    assert rows["log_loss"].before.value == pytest.approx(fitted.fit.before)
    assert rows["log_loss"].after.value == pytest.approx(fitted.fit.after)


def test_a_calibrated_table_is_not_scaled_twice(fitted):
    assert temperature_of(fitted.after, "x.csv") == fitted.fit.temperature
    again = calibrate_table(fitted.after, fitted.fit.temperature, resamples=100)
    assert again.fit.temperature == pytest.approx(fitted.fit.temperature, rel=1e-6)
    assert again.fit.before == pytest.approx(fitted.fit.before)
    np.testing.assert_allclose(again.after[COLUMNS], fitted.after[COLUMNS], atol=1e-9)
    # Taken for predictions of the network as it was trained, they ask for no change.
    blind = calibrate_table(fitted.after, 1.0, resamples=100)
    assert blind.fit.temperature == pytest.approx(1.0, rel=1e-6)


def test_labels_of_their_own_are_calibrated_alike():
    table = multi_label(400)
    found = calibrate_table(table, resamples=100)
    assert found.fit.after < found.fit.before
    assert {row.score for row in found.rows}.isdisjoint({"ece", "rms", "overconfidence"})
    reliability_picture(found)
    logits = uncalibrated_logits(table, 1.0)
    assert temperature_of(table_at(table, logits, 1.5), "x") == 1.5


def test_thresholds_come_with_what_they_cost(fitted):
    assert [point.label for point in fitted.points] == list(CLASSES)
    for point in fitted.points:
        of_class = fitted.after["label"] == point.label
        called = fitted.after[probability_column(point.label)] >= point.threshold
        assert called[of_class].mean() >= 0.95
        assert point.specificity == pytest.approx((~called[~of_class]).mean())


def test_a_record_comes_back_from_plain_values(fitted):
    record = fitted.record("validation part")
    assert record.images == 600
    assert Calibration.from_fields(json.loads(strict_json(record.fields()))) == record


def test_the_text_says_what_was_done(fitted):
    text = render_calibration(fitted)
    assert text.startswith(f"Temperature {fitted.fit.temperature:.3f}, fitted on 600 images")
    assert "COVID-19: threshold 0." in text
    assert "Research use only" in text
    content = calibration_json(fitted, "validation part", resamples=100, seed=0)
    assert json.loads(strict_json(content))["scores"][0]["score"] == "log_loss"


def test_too_few_patients_are_told_how_many_are_needed():
    logits, true = calibrated_logits(60)
    found = calibrate_table(table_of(2 * logits, true, images_each=2), resamples=100)
    assert "no threshold for sensitivity 95% with 95% confidence" in render_calibration(found)
    assert "59 are needed" in render_calibration(found)


def test_pictures_are_drawn(fitted):
    assert len(reliability_picture(fitted).axes) == 2


def test_tables_that_determine_nothing_are_refused():
    with pytest.raises(InputError, match=r"val\.csv: all probabilities are 0 or 1"):
        calibrate_table(certain([0, 1, 2], [0, 1, 1]), source="val.csv")
    logits, _ = calibrated_logits(60)
    with pytest.raises(InputError, match=r"val\.csv: does not determine .* hardly an error"):
        calibrate_table(table_of(logits, logits.argmax(axis=1)), source="val.csv")
    with pytest.raises(InputError, match=r"predictions are uninformative"):
        calibrate_table(table_of(logits, logits.argmin(axis=1)), source="val.csv")
    with pytest.raises(ValueError, match="resamples is 3"):
        calibrate_table(table_of(logits, logits.argmin(axis=1)), resamples=3)


def test_the_temperature_column_is_read_with_care(sure):
    assert with_temperature(sure, 1.0) is sure
    assert temperature_of(sure, "x.csv") is None
    assert temperature_of(with_temperature(sure, 1.4), "x.csv") == 1.4
    with pytest.raises(InputError, match=r"x\.csv:3: temperature is 'hot', must be a number above"):
        temperature_of(sure.assign(temperature=["1", "hot", *["1"] * 598]), "x.csv")
    with pytest.raises(InputError, match=r"x\.csv: temperature is 1, 2: predictions of several"):
        temperature_of(sure.assign(temperature=[1, 2] * 300), "x.csv")

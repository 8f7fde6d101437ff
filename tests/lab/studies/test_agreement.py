"""Images that all networks get right, or none: counted by hand, and on a page."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from monai_covid.lab.studies.agreement import agreement
from monai_covid.lab.studies.pages.page import agreement_section, study_page
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.conftest import SMALL

LABELS = ["covid19", "pneumonia", "normal", "normal", "pneumonia"]


def answered(*predictions, labels=LABELS, first=0):
    count = len(predictions)
    return pd.DataFrame(
        {
            "image": [f"{first + place}.png" for place in range(count)],
            "patient_id": [f"p{first + place}" for place in range(count)],
            "label": labels[:count],
            "prediction": list(predictions),
        }
    )


def test_shares_are_those_counted_by_hand():
    members = {
        "one": answered("covid19", "normal", "normal", "pneumonia", "normal"),
        "two": answered("covid19", "pneumonia", "normal", "pneumonia", "covid19").iloc[::-1],
    }
    found = agreement(members, resamples=200)
    assert (found["members"], found["images"]) == (["one", "two"], 5)
    assert found["all_right"]["value"] == pytest.approx(2 / 5)
    assert found["none_right"]["value"] == pytest.approx(2 / 5)
    assert found["none_right_one_answer"]["value"] == pytest.approx(1 / 5)
    of_classes = {label: each["value"] for label, each in found["none_right_of"].items()}
    assert of_classes == {"covid19": 0.0, "pneumonia": 0.5, "normal": 0.5}
    assert found["none_right"]["low"] < 0.4 < found["none_right"]["high"]


def test_chance_agrees_as_chance_does():
    generator = np.random.default_rng(0)
    labels = generator.choice(LABELS[:3], 4000).tolist()
    members = {
        str(number): answered(*generator.choice(LABELS[:3], 4000), labels=labels)
        for number in range(3)
    }
    found = agreement(members, resamples=100)
    for name, expected in (("all_right", 1 / 27), ("none_right", 8 / 27)):
        assert found[name]["low"] < expected < found[name]["high"]
    # Each of the two wrong classes may be the one that all three give.
    share = found["none_right_one_answer"]
    assert share["low"] < 2 / 27 < share["high"]


def test_images_that_one_has_not_answered_do_not_count():
    members = {"one": answered("covid19", "normal"), "two": answered("covid19")}
    assert agreement(members, 50)["images"] == 1
    members["two"] = answered("covid19", first=7)
    found = agreement(members, 50)
    assert found == {"members": ["one", "two"], "images": 0}


def test_a_study_stores_and_shows_it(tiny_network, finished, study, tmp_path):
    arms = [*deepcopy(SMALL["arms"]), {"name": "both", "start": "mean: twice, keep"}]
    status, found = study({**SMALL, "arms": arms})
    assert status == 0
    stored = found["agreement"]
    assert stored["members"] == ["twice", "keep"]
    parts = [tmp_path / f"out/runs/{arm}/seed_0/fold_0" for arm in ("twice", "keep")]
    tables = [pd.read_csv(next(part.glob("evaluation/predictions.csv"))) for part in parts]
    right = [(table["prediction"] == table["label"]).to_numpy() for table in tables]
    assert stored["all_right"]["value"] == pytest.approx((right[0] & right[1]).mean())
    assert stored["none_right"]["value"] == pytest.approx((~right[0] & ~right[1]).mean())
    page = study_page(parse_study(found, "study.json", "small"), "figures")
    assert "classified by each of 2 networks: twice, keep." in page
    assert "| No network is right, of COVID-19 |" in page


def test_an_older_study_has_no_such_section():
    assert agreement_section(None) == ""

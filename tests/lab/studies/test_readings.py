"""Studies that are given readings: what they store, show and refuse."""

import os
from copy import deepcopy

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from monai_covid.errors import InputError
from monai_covid.evaluation.readings import (
    LABELS_BY_MODEL,
    LABELS_BY_READERS,
    MEASURES,
    WITHIN_LABELS,
    WITHIN_VIEWS,
)
from monai_covid.lab.studies.finished import ResultCache
from monai_covid.lab.studies.pages.page import readings_section, study_page
from monai_covid.lab.studies.pages.radiologist import beside_readers
from monai_covid.lab.studies.pages.records import Estimate, Reading
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.conftest import SMALL

pytestmark = pytest.mark.slow


def with_readings(collections, tmp_path):
    """All images but the first were read, and the finding was seen on two of five."""
    images = pd.read_csv(collections[1] / "metadata.csv")["image"]
    file = tmp_path / "readings.csv"
    seen = [int(place * 7 % 5 < 2) for place in range(1, len(images))]
    pd.DataFrame({"image": images[1:], "pneumonia": seen}).to_csv(file, index=False)
    return file


def test_a_study_stores_and_shows_them(tiny_network, finished, study, collections, tmp_path):
    arms = [*deepcopy(SMALL["arms"]), {"name": "both", "start": "mean: twice, keep"}]
    readings = with_readings(collections, tmp_path)
    status, found = study({**SMALL, "arms": arms}, "--readings", str(readings))
    assert status == 0
    assert [one["arm"] for one in found["readings"]] == ["twice", "keep", "both"]
    assert found["settings"]["readings"].startswith("readings.csv (sha256 ")
    known = pd.read_csv(readings).set_index("image")["pneumonia"]
    for one in found["readings"]:
        assert set(MEASURES) <= set(one)
        file = tmp_path / f"out/runs/{one['arm']}/seed_0/fold_0/evaluation/predictions.csv"
        table = pd.read_csv(file)
        table = table[table["image"].isin(known.index)]
        assert one["images"] == len(table)
        is_pneumonia = table["label"] == "pneumonia"
        expected = roc_auc_score(is_pneumonia, table["probability_pneumonia"])
        assert one[LABELS_BY_MODEL]["value"] == pytest.approx(expected)
        seen = known.loc[table["image"]].to_numpy()
        expected = roc_auc_score(is_pneumonia, seen)
        assert one[LABELS_BY_READERS]["value"] == pytest.approx(expected)
        assert sum(part["seen"] for part in one["labels"].values()) == seen.sum()
    _, again = study({**SMALL, "arms": arms})
    assert again["readings"] == found["readings"]
    _, anew = study({**SMALL, "arms": arms}, "--overwrite", "--arms", "twice")
    assert anew["readings"] == []
    _, kept = study({**SMALL, "arms": arms}, "--readings", str(readings))
    same = ["--readings", str(tmp_path / "out" / "readings.csv"), "--overwrite"]
    assert study({**SMALL, "arms": arms}, *same)[1]["readings"] == kept["readings"]
    page = study_page(parse_study(found, "study.json", "small"), "figures")
    assert "## What readers saw" in page
    assert f"| *readers* | {found['readings'][0]['images']} | 0." in page
    assert page.count("| twice | ") > 2
    known = sum(part["seen"] for part in found["readings"][0]["labels"].values())
    assert f"saw pneumonia on {known} of " in page


def reading(low, value=0.6, views=True):
    within = Estimate(value, low, 0.9)
    shares = dict.fromkeys(MEASURES, Estimate(0.8, 0.7, 0.9))
    shares |= {WITHIN_LABELS: within, WITHIN_VIEWS: within if views else Estimate(None, None, None)}
    return Reading(
        "a", "pneumonia", 40, 30, views, shares, {"pneumonia": (30, 9), "normal": (10, 1)}
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (reading(0.55), "60 of 100 (55 to 90) pairs, more often than by chance."),
        (reading(0.55), "more probable on the first in 60 of 100 (55 to 90) pairs"),
        (reading(0.45), "(45 to 90) pairs, not significantly more often than by chance."),
        (
            reading(0.45),
            "Readers saw pneumonia on 10 of 40 test images. Of two images of one label and view,",
        ),
        (reading(0.45, views=False), "Of two images of one label, one on which they saw it"),
        (reading(None, None, views=False), "there are too few."),
    ],
)
def test_what_is_said_to_a_radiologist(one, expected):
    assert expected in beside_readers(one)


def test_without_readings_there_is_no_such_section(tiny_network, finished, study):
    status, found = study(SMALL)
    assert (status, found["readings"]) == (0, [])
    assert "What readers saw" not in study_page(parse_study(found, "study.json", "small"), "f")
    assert readings_section(()) == ""


def test_readings_of_an_arm_that_is_not_there_are_refused(
    tiny_network, finished, study, collections, tmp_path
):
    readings = with_readings(collections, tmp_path)
    _, found = study(SMALL, "--readings", str(readings))
    found["readings"][0]["arm"] = "nobody"
    with pytest.raises(InputError, match=r"readings\[0\].arm: no arm 'nobody'"):
        parse_study(found, "study.json", "small")


def test_readings_of_other_images_stop_a_study_before_it_begins(study, tmp_path):
    file = tmp_path / "readings.csv"
    file.write_text("image,pneumonia\nelsewhere.png,1\n")
    with pytest.raises(SystemExit) as caught:
        study({**SMALL, "folds": [7]}, "--readings", str(file))
    for text in ("readings.csv: none of its images is in", "metadata.csv", "folds 7"):
        assert text in str(caught.value.code)
    assert not (tmp_path / "out" / "runs").exists()


def test_what_is_kept_is_made_anew_when_a_file_changes(tmp_path):
    file, kept, made = tmp_path / "file", ResultCache(), iter(range(9))
    assert kept.get(("key",), [file], lambda: next(made)) == 0  # the file is missing
    file.write_text("a")
    os.utime(file, ns=(1, 1))
    assert [kept.get(("key",), [file], lambda: next(made)) for _ in range(2)] == [1, 1]
    os.utime(file, ns=(2, 2))
    assert kept.get(("key",), [file], lambda: next(made)) == 2
    assert kept.get(("other",), [file], lambda: next(made)) == 3

"""Stored studies are read whole or refused with file and key."""

import copy
import json

import pytest

from monai_covid.errors import InputError
from monai_covid.lab.studies.pages.records import Estimate
from monai_covid.lab.studies.pages.stored import parse_study, read_study
from tests.lab.studies.pages import example


def test_a_study_has_names(tmp_path):
    study = read_study(example.write(tmp_path / "study.json", example.full_study()), "full")
    assert study.name == "full"
    assert len(study.arms) == 8
    assert study.arms[0].test["recall covid19"] == Estimate(0.66, 0.63, 0.69)
    assert study.arms[0].further["without_lungs"]["accuracy"].value == 0.6
    assert study.arms[0].ensemble["accuracy"].value == 0.74
    assert study.arms[7].finished == 13
    assert study.arms[1].runs[0].images == 225
    assert study.comparisons[0].difference == Estimate(0.02, 0.01, 0.03)
    assert "accuracy" in study.baselines["aspect"]


def test_not_json(tmp_path):
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(InputError, match=r"study\.json: not a JSON file"):
        read_study(tmp_path / "study.json", "x")
    (tmp_path / "study.json").write_text('{"format_version": NaN}')
    with pytest.raises(InputError, match=r"NaN is no JSON; what is not defined is null"):
        read_study(tmp_path / "study.json", "x")


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"absent\.json: cannot be read \(No such file"):
        read_study(tmp_path / "absent.json", "x")


@pytest.mark.parametrize("content", [[], {}, {"format_version": 2}])
def test_another_format(tmp_path, content):
    (tmp_path / "study.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"study\.json: format_version is .*; .* reads 1"):
        read_study(tmp_path / "study.json", "x")


def test_missing_keys_are_all_named():
    content = example.study()
    del content["arms"][1]["curves"]
    del content["comparisons"][0]["low"]
    content["settings"]["seeds"] = []
    with pytest.raises(InputError) as caught:
        parse_study(content, "study.json", "x")
    text = str(caught.value)
    assert "3 problems" in text
    assert "study.json: $.arms[1]: 'curves' is a required property" in text
    assert "$.comparisons[0]: 'low' is a required property" in text
    assert "$.settings.seeds" in text


def changed(path, value):
    content = copy.deepcopy(example.study())
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("settings", "baseline"), "absent", "baseline is 'absent'; arms are twice-keep"),
        (("comparisons", 0, "arm"), "absent", r"comparisons\[0\].arm: no arm 'absent'"),
        (("arms", 1, "name"), "twice-keep", "two arms have one name"),
        (("arms", 1, "baseline"), "absent", r"arms\[1\].baseline: no arm 'absent'"),
        (("arms", 1, "runs_finished"), 1, r"arms\[1\]: 2 runs, runs_finished 1"),
        (("arms", 1, "curves", "epoch"), [1, 2], "not 2 values for each run"),
        (("arms", 1, "name"), 3, r"\$\.arms\[1\]\.name: 3 is not of type 'string'"),
        (("arms", 1, "pooled", "test", "accuracy"), 0.7, r"test"),
    ],
)
def test_contradictions_are_refused(path, value, words):
    with pytest.raises(InputError, match=words):
        parse_study(changed(path, value), "study.json", "x")

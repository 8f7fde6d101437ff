"""Label sets from files and options, and what is said of wrong ones."""

import re

import pytest
import yaml

from monai_covid.errors import InputError, OptionError
from monai_covid.labels import SHIPPED, chosen_labels, display_name, register_display_names, shipped
from monai_covid.labels.reading import is_snomed_identifier

FILE = """
labels:
  - name: tb
    display: Tuberculosis
    code: {scheme: SCT, value: "56717001", meaning: Tuberculosis}
  - {name: normal, no_finding: true, kept_from: No Finding}
"""


def written(folder, content):
    path = folder / "labels.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_a_file_that_a_user_writes(tmp_path):
    labels = chosen_labels(written(tmp_path, FILE))
    assert labels == chosen_labels(str(tmp_path / "labels.yaml"))
    assert labels.names == ("tb", "normal")
    assert labels.exclusive
    assert labels["tb"].code.value == "56717001"
    register_display_names(labels)
    assert display_name("tb") == "Tuberculosis"
    assert display_name("normal") == "Normal"  # of which the file says nothing
    assert display_name("Pleural_Thickening") == "Pleural Thickening"


def test_names_and_shipped_sets():
    assert chosen_labels("tb, normal").names == ("tb", "normal")
    assert chosen_labels("covid").names == ("covid19", "pneumonia", "normal")
    assert [len(shipped(name).names) for name in SHIPPED] == [3, 15, 2, 14, 18]
    codes = [label.code for name in SHIPPED for label in shipped(name).labels if label.code]
    assert all(is_snomed_identifier(code.value) for code in codes if code.scheme == "SCT")


def test_check_digits_of_snomed_ct():
    """Examples of the SNOMED CT Release File Specifications, and each other last digit."""
    for good in ("73211009", "100005", "1290023401004", "999999990989121104"):
        assert is_snomed_identifier(good)
        others = (good[:-1] + digit for digit in "0123456789" if digit != good[-1])
        assert not any(map(is_snomed_identifier, others))
    assert not is_snomed_identifier("RID1234")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a,a", "repeated: a"),
        ("a,A", "repeated: A, a"),
        ("a,", "'' is no name of a class"),
        ("a,b/c", "'b/c' is no name of a class"),
        (["only"], "1 class is not enough"),
        ("chexpret", "did you mean chexpert?"),
        ("nowhere.yaml", "no such file"),
    ],
)
def test_wrong_options(given, message):
    with pytest.raises(OptionError, match=re.escape(message)):
        chosen_labels(given)


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        ("labels: [", ["is not a YAML file"]),
        ("- a\n- b\n", ["has no list called labels"]),
        ({"labels": [{"name": "a"}, {"nmae": "b"}]}, ["has no name", "1 class is not enough"]),
        (
            {"labels": [{"name": "a", "no_finding": True}, {"name": "b", "no_finding": True}]},
            ["no_finding is true for a, b"],
        ),
        (
            {"exclusive": "yes", "kind": 1, "labels": [{"name": "a", "dispaly": "A"}, {"name": 2}]},
            [
                "exclusive is 'yes'",
                "the file has 'kind'",
                "label 'a' has 'dispaly'",
                "2 is no name",
            ],
        ),
        (
            {"labels": [{"name": "a", "kept_from": ["b"], "starts_from": "c"}, {"name": "b"}]},
            ["kept_from is ['b']", "starts_from is 'c'"],
        ),
    ],
)
def test_all_problems_of_a_file_are_told(tmp_path, content, messages):
    with pytest.raises(InputError) as caught:
        chosen_labels(written(tmp_path, content))
    for message in messages:
        assert message in str(caught.value)
    assert "labels.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ({"scheme": "SCT", "value": 56717001, "meaning": "TB"}, "(in quotation marks)"),
        ({"scheme": "SCT", "value": "56717002", "meaning": "TB"}, "is no SNOMED CT code"),
        ({"scheme": "RADLEX", "value": "RID" + 14 * "1", "meaning": "TB"}, "1 to 16 characters"),
        ({"scheme": "SCT", "value": "56717001", "meaning": 65 * "x"}, "1 to 64 characters"),
        ({"scheme": "SCT", "value": "56717001", "meaning": "a\\b"}, "without a backslash"),
        ({"scheme": "SCT", "value": "56717001"}, "code meaning is None"),
        ("56717001", "must be a mapping of value, scheme, meaning"),
    ],
)
def test_wrong_codes(tmp_path, code, message):
    content = {"labels": [{"name": "tb", "code": code}, {"name": "normal"}]}
    with pytest.raises(InputError, match=re.escape(message)):
        chosen_labels(written(tmp_path, content))

import pytest

from monai_covid.preprocessing.lungs.plausibility import Measures, find_faults

USUAL = Measures(
    smaller_area=0.14,
    area=0.3,
    balance=0.8,
    overlap=0.9,
    centre=(0.5, 0.45),
    height=0.6,
    cut=0.0,
    certainty=0.95,
)


def test_usual_lungs_have_no_fault():
    assert find_faults(USUAL, 0.99) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"area": 0.9}, "area"),
        ({"balance": 0.1}, "ratio"),
        ({"overlap": 0.2}, "overlap"),
        ({"centre": (0.1, 0.45)}, "horizontal position 0.10"),
        ({"centre": (0.5, 0.95)}, "vertical position 0.95"),
        ({"height": 0.1}, "height"),
        ({"cut": 0.9}, "edge of the image"),
        ({"certainty": 0.3}, "certainty"),
    ],
)
def test_each_fault_is_named_alone(change, name):
    faults = find_faults(USUAL._replace(**change), 0.99)
    assert len(faults) == 1
    assert name in faults[0]


def test_low_score_is_a_fault():
    assert "upright frontal chest 0.01" in find_faults(USUAL, 0.01)[0]


def test_faults_are_reported_together():
    assert len(find_faults(USUAL._replace(area=0.9, height=0.1), 0.01)) == 3


def test_one_field_is_no_pair():
    assert find_faults(USUAL._replace(smaller_area=0.0), 0.99) == ["no two lung fields were found"]

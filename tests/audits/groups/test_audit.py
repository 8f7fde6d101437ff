import json

import numpy as np
import pytest

from monai_covid.audits.finding import Verdict
from monai_covid.audits.groups.audit import audit
from monai_covid.audits.run import run_audits
from monai_covid.errors import InputError
from tests.audits.groups.invented import records, subject


def collection(n=360, seed=0):
    generator = np.random.default_rng(seed)
    return records(
        generator.integers(3, size=n),
        sex=generator.choice(["M", "F"], n),
        view=generator.choice(["AP", "PA"], n),
        age=generator.integers(1, 90, n).astype(str),
        source=["one hospital"] * n,
    )


def test_a_model_that_fails_in_women_is_caught(tmp_path):
    some = collection()
    found = audit(subject(tmp_path, some, np.where(some.frame["sex"] == "F", 0.55, 0.9)))
    assert found.verdict is Verdict.PROBLEM
    assert "sex" in found.summary
    tested = found.numbers["comparisons"]
    problems = [one for one in tested if any(test["fault"] for test in one["tests"])]
    assert {(one["attribute"], one["group"]) for one in problems} == {("sex", "F"), ("sex", "M")}


def test_a_fair_model_is_left_in_peace(tmp_path):
    found = audit(subject(tmp_path, collection(), 0.75))
    assert found.verdict is Verdict.PASSED
    assert "could not have been detected" in found.summary


def test_a_fair_model_is_left_in_peace_where_class_and_source_come_together(tmp_path):
    true = np.random.default_rng(0).integers(3, size=360)
    some = records(true, source=np.array(["A", "B", "C"])[true], sex=["F", "M"] * 180)
    found = audit(subject(tmp_path, some, np.array([0.95, 0.4, 0.7])[some.classes]))
    assert found.verdict is Verdict.PASSED
    assert "Not compared by source: the groups share no class." in found.summary


def test_nothing_is_said_where_nothing_can_be_tested(tmp_path):
    found = audit(subject(tmp_path, records([0, 1, 2] * 20), 0.7))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "No two groups could be compared" in found.summary


def test_sections_pictures_and_numbers_of_the_report(tmp_path):
    some = collection(n=90)
    _, page = run_audits(subject(tmp_path, some, 0.8), ["groups"], tmp_path)
    assert (tmp_path / "groups" / "groups.png").is_file()
    assert (tmp_path / "groups" / "sensitivities.png").is_file()
    html = page.read_text(encoding="utf-8")
    for text in ("By source", "By sex", "By age", "By class", "All others", "not tested"):
        assert text in html
    assert "All images have the same source" in html
    numbers = json.loads((tmp_path / "audit.json").read_text())["audits"]["groups"]["numbers"]
    women = next(one for one in numbers["groups"] if one["group"] == "F")
    assert women["images"] == (some.frame["sex"] == "F").sum()
    assert 0 <= women["accuracy"]["low"] <= women["accuracy"]["value"]
    old = next(one for one in numbers["groups"] if one["group"] == "80+")
    assert set(old["small"]) == {name for name, n in old["patients_of"].items() if 0 < n < 10}


def test_only_images_of_the_models_fold_count(tmp_path):
    some = records([0, 1, 2] * 40, fold=[str(n // 40) for n in range(120)])
    found = audit(subject(tmp_path, some, 0.8, fold=1))
    of_class = [one["images"] for one in found.numbers["groups"] if one["attribute"] == "class"]
    assert sum(of_class) == 40


def test_ages_that_cannot_be_read_are_an_error(tmp_path):
    some = records([0, 1, 2], age=["50", "fifty", ""])
    with pytest.raises(InputError, match="'fifty'"):
        audit(subject(tmp_path, some, 0.8))

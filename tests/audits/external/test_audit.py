import json

import numpy as np

from monai_covid.audits.external.audit import audit
from monai_covid.audits.finding import Verdict
from monai_covid.audits.run import run_audits
from tests.audits.groups.invented import records, subject


def collection(n, prefix, classes=(0, 1, 2), **columns):
    true = np.random.default_rng(0).choice(classes, n)
    return records(true, prefix=prefix, **columns)


def mostly_right(n, one_in):
    """Chances that make one image in ``one_in`` wrong for sure and the others right."""
    return (np.arange(n) % one_in > 0).astype(float)


def test_a_model_that_fails_outside_is_caught(tmp_path):
    inside, outside = collection(240, "a"), collection(240, "b")
    found = audit(subject(tmp_path, inside, mostly_right(240, 10), {"far": outside}, [0.5]))
    assert found.verdict is Verdict.PROBLEM
    assert "far: balanced accuracy 0.9" in found.summary
    assert "Significant drop of more than 5 points: balanced accuracy" in found.summary


def test_a_model_that_is_as_good_outside_is_left_in_peace(tmp_path):
    inside, outside = collection(900, "a"), collection(900, "b")
    found = audit(
        subject(tmp_path, inside, mostly_right(900, 15), {"near": outside}, [mostly_right(900, 15)])
    )
    assert found.verdict is Verdict.PASSED
    assert "drop" not in found.summary


def test_small_collections_are_inconclusive(tmp_path):
    inside = collection(200, "a")
    sets = {"some": collection(40, "b"), "few": collection(9, "c")}
    found = audit(subject(tmp_path, inside, mostly_right(200, 5), sets, [mostly_right(40, 5), 0.8]))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "inconclusive: fewer than 10 patients of a class" in found.summary
    assert "inconclusive: the drop may be more or less than 5 points" in found.summary


def test_patients_in_both_are_left_out_of_the_numbers(tmp_path):
    inside = collection(60, "a", patients=[f"nih-{n:05d}" for n in range(60)])
    inside.frame["fold"] = ["0", "1"] * 30
    # Twenty of the collection by other spellings, of both folds, and thirty others; the model is
    # right on the patients that it has met and wrong on the others.
    spelt = [f"NIH-{n}" for n in range(10)] + ["other"] * 10
    names = [*spelt, *[f"new{n}" for n in range(30)]]
    outside = collection(50, "b", patients=names)
    outside.frame["patient_id"] = [
        name.lower().replace("nih-", "nih-0000") if name.startswith("NIH") else name
        for name in names
    ]
    outside.frame["original_file"] = [
        f"{n:08d}_000.png" if 10 <= n < 20 else "x.png" for n in range(50)
    ]
    chances = np.where(np.arange(50) < 20, 1.0, 0.0)
    found = audit(subject(tmp_path, inside, 0.8, {"both": outside}, [chances], fold=0))
    numbers = found.numbers["external"]["both"]
    assert (numbers["left_out_images"], numbers["left_out_patients"]) == (20, 11)
    assert (numbers["images"], numbers["patients"]) == (30, 30)
    balanced = next(one for one in numbers["metrics"] if one["metric"] == "balanced_accuracy")
    assert balanced["outside"]["value"] == 0.0


def test_one_class_none_in_common_and_nothing_left(tmp_path):
    inside = collection(150, "a", classes=(0, 1))
    sets = {
        "one class": collection(50, "b", classes=(0,)),
        "other class": collection(50, "c", classes=(2,)),
        "same": records(inside.classes, patients=inside.frame["patient_id"].tolist(), prefix="d"),
    }
    some = subject(tmp_path, inside, 0.9, sets, [0.3, 0.9, 0.9])
    findings, page = run_audits(some, ["external"], tmp_path)
    assert findings["external"].verdict is Verdict.PROBLEM
    numbers = json.loads((tmp_path / "audit.json").read_text())["audits"]["external"]["numbers"]
    of = numbers["external"]
    assert {one["metric"] for one in of["one class"]["metrics"]} == {"recall", "mean_probability"}
    assert of["other class"]["verdict"] == of["same"]["verdict"] == "inconclusive"
    assert of["same"]["left_out_images"] == 150
    html = page.read_text(encoding="utf-8")
    assert "AUC and balanced accuracy are not" in html
    assert "no class in common" in html
    assert "nothing is left to compare" in html
    assert html.count("<figure") == 1


def test_predictions_and_class_mix_are_side_by_side(tmp_path):
    inside, outside = collection(120, "a"), collection(60, "b", classes=(0, 1))
    _, page = run_audits(
        subject(tmp_path, inside, 1.0, {"out": outside}, [0.0]), ["external"], tmp_path
    )
    html = page.read_text(encoding="utf-8")
    assert "Predicted Pneumonia" in html
    assert "COVID-19, inside" in html
    assert "COVID-19, out" in html
    numbers = json.loads((tmp_path / "audit.json").read_text())["audits"]["external"]["numbers"]
    counts = np.bincount(outside.classes, minlength=3).tolist()
    assert list(numbers["external"]["out"]["class_mix"].values()) == counts
    assert sum(numbers["class_mix"]["inside"].values()) == 120

"""Studies whose folds are hospitals: every arm is tested on hospitals that it has not seen."""

import json
import shutil
from copy import deepcopy

import pandas as pd
import pytest

from monai_covid.errors import InputError
from monai_covid.lab.studies.pages.page import study_page
from monai_covid.lab.studies.pages.stored import parse_study
from tests.lab.studies.conftest import SMALL, built, run_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def in_hospitals(collections, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hospitals") / "covid"
    shutil.copytree(collections[1], folder)
    table = pd.read_csv(folder / "metadata.csv")
    table["source"] = ["north", "south", "west"] * (len(table) // 3)
    # Nobody but west has pneumonia, so that west is always trained on.
    table.loc[table["label"] == "pneumonia", "source"] = "west"
    table.to_csv(folder / "metadata.csv", index=False)
    return collections[0], folder


def by_hospital(*arms, **changes):
    options = {**SMALL["options"], "hold_out_by": "source", "grey": "stretch"}
    content = {**deepcopy(SMALL), "options": options, "arms": [*arms], "folds": "all", **changes}
    return {**content, "baseline": arms[0]["name"]}


def test_every_arm_is_tested_on_hospitals_it_has_not_seen(tiny_network, tmp_path, in_hospitals):
    probe = {"name": "probe", "start": "probe"}
    trained = {"name": "trained", "start": "random", "options": {"max_epochs": 1}}
    content = by_hospital(probe, trained, {"name": "both", "start": "mean: probe, trained"})
    status, results = run_study(tmp_path, in_hospitals, content)
    assert status == 0
    assert results["settings"]["folds"] == [0, 1]
    table = pd.read_csv(in_hospitals[1] / "metadata.csv").set_index("image")
    page = study_page(parse_study(results, "study.json", "small"), "figures")
    section = page.partition("## Hospitals that were held out")[2]
    assert "| Hospital | It has no | probe | trained | both |" in section
    assert "| north | pneumonia | " in section
    for arm in results["arms"]:
        (seed,) = arm["hospitals"]
        assert seed["n_hospitals"] == 2
        tested = {each["hospital"]: each["lacks"] for each in seed["by_patient"]["hospitals"]}
        assert tested == {"north": ["pneumonia"], "south": ["pneumonia"]}
        pooled = {(row["metric"], row["class"]): row["value"] for row in seed["by_image"]["pooled"]}
        assert pooled["accuracy", None] == pytest.approx(arm["pooled"]["test"]["accuracy"]["value"])
        for fold, hospital in enumerate(("north", "south")):
            folder = tmp_path / f"out/runs/{arm['name']}/seed_0/fold_{fold}"
            images = pd.read_csv(folder / "evaluation/predictions.csv")["image"]
            assert set(images) == set(table.index[table["source"] == hospital])
            counts = json.loads((folder / "summary.json").read_text())["settings"]
            others = table[table["source"] != hospital]
            assert counts["training_images"] + counts["validation_images"] == len(others)


def test_the_hospitals_belong_to_the_study():
    arm = {"name": "a", "options": {"hold_out_by": "source"}}
    with pytest.raises(InputError, match="arm a: hold_out_by belongs to the options of the study"):
        built(arms=[arm], baseline="a")


def test_folds_are_numbers_or_all():
    with pytest.raises(
        InputError, match=r"folds: must be a list of .* whole numbers from 0, or all"
    ):
        built(folds="some")
    assert built(folds="all").folds == ()


def test_a_hospital_that_is_no_fold_is_named(tmp_path, in_hospitals):
    content = by_hospital({"name": "probe", "start": "probe"}, folds=[2])
    with pytest.raises(SystemExit, match=r"folds 2: .* has 0 \(north\), 1 \(south\)"):
        run_study(tmp_path, in_hospitals, content)

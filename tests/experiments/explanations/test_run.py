"""The benchmark from data to page, with networks that were trained before."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.checkpoints import ModelInfo, load_model, save_model
from monai_covid.cli import main
from monai_covid.data.phantom import write_covid_phantom
from monai_covid.experiments.explanations import Effort, NetworkPlan, benchmark_phantom
from monai_covid.experiments.explanations.cases import cases_of_files, phantom_cases
from monai_covid.experiments.explanations.networks import NETWORKS, SHOWN, TRAINED_ON
from monai_covid.labels import NIH_LABELS
from tests.conftest import REPOSITORY
from tests.dicom.instances import picture

PLAN = NetworkPlan(images_per_class=4, image_size=64, lesion_epochs=1, word_epochs=1)
METHODS = ("lrp", "grad-cam", "random")
EFFORT = Effort(images_per_class=3, randomised_images=2, resamples=40, methods=METHODS)
INFO = ModelInfo(image_size=64)


def biased(seed, favourite):
    """Return the state of a network with random weights that always says the same."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = INFO.build()
    with torch.no_grad():
        network.class_layers.out.bias[favourite] = 100.0
    return network.state_dict()


@pytest.fixture
def trained(tmp_path):
    """A folder in which both networks are trained; they take all for COVID-19."""
    out = tmp_path / "benchmark"
    for seed, which in enumerate(NETWORKS):
        (out / f"phantom_{which}").mkdir(parents=True)
        save_model(out / f"network_{which}" / "model.pt", biased(seed, 0), INFO)
        (out / f"network_{which}" / "summary.json").write_text('{"finished": true}')
    plan = {"networks": asdict(PLAN), "effort": asdict(EFFORT)}
    (out / "plan.json").write_text(json.dumps(plan, indent=2) + "\n")
    return out


def run(out, effort=EFFORT, **options):
    return benchmark_phantom(REPOSITORY / "bundle", out, PLAN, effort, progress=False, **options)


def test_page_tables_and_plots(trained):
    page = run(trained)
    text = page.read_text()
    assert RESEARCH_USE_ONLY in text
    for word in ("LRP", "Random maps", "told apart", "Network baited with words", "without words"):
        assert word in text
    assert {path.name for path in trained.glob("*.png")} == {
        *("places.png", "maps.png", "flipping.png", "faithfulness.png", "randomisation.png")
    }
    summary = pd.read_csv(trained / "summary.csv")
    # Three images of class COVID-19 are right for both, those of class pneumonia are not.
    assert (summary[summary["measure"] == "faithfulness"]["images"] == 3).all()
    assert len(summary) == 2 * len(METHODS) * 7
    assert len(pd.read_csv(trained / "told_apart.csv")) == 2 * len(METHODS)


def test_measures_are_not_made_twice(trained):
    run(trained)
    before = {path: path.stat().st_mtime_ns for path in trained.glob("measures_*.csv")}
    assert len(before) == 2
    pages = (trained / "index.html").read_bytes()
    run(trained)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (trained / "index.html").read_bytes() == pages


def test_networks_that_learned_nothing_are_refused(trained):
    save_model(trained / "network_words" / "model.pt", biased(0, 2), INFO)
    with pytest.raises(SystemExit, match="fewer than two images are right for both"):
        main(
            [
                *("benchmark-explanations", "--out", str(trained), "--quiet"),
                *("--bundle", str(REPOSITORY / "bundle"), "--training-images", "4"),
                *("--image-size", "64", "--images-per-class", "3"),
                *("--lesion-epochs", "1", "--word-epochs", "1"),
                *("--randomised-images", "2", "--resamples", "40", "--methods", *METHODS),
            ]
        )


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match=r"methods \['lime'\] are unknown; some of lrp, "):
        Effort(methods=("lrp", "lime"))


def test_other_settings_and_other_folders_are_refused(trained, tmp_path):
    with pytest.raises(ValueError, match="with other settings"):
        run(trained, Effort(images_per_class=4))
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious.txt").write_text("mine")
    with pytest.raises(ValueError, match="neither empty nor a benchmark"):
        run(other, overwrite=True)
    assert (other / "precious.txt").read_text() == "mine"


@pytest.mark.slow
def test_trains_both_networks_from_nothing(tmp_path):
    """One epoch teaches nothing, which is said; what was trained stays for the next call."""
    out = tmp_path / "benchmark"
    tiny = NetworkPlan(10, image_size=64, lesion_epochs=1, word_epochs=1, batch_size=4)
    try:
        benchmark_phantom(REPOSITORY / "bundle", out, tiny, EFFORT, progress=False)
    except ValueError as error:
        assert "fewer than two images" in str(error)
    for which in NETWORKS:
        assert json.loads((out / f"network_{which}" / "summary.json").read_text())["finished"]
        words = pd.read_csv(out / f"phantom_{which}" / "metadata.csv")["words"].fillna("")
        bound = [
            word in text
            for label, word in (("covid19", "PORTABLE"), ("pneumonia", "SUPINE"))
            for text in words[pd.read_csv(out / f"phantom_{which}/metadata.csv")["label"] == label]
        ]
        assert all(bound) == (which == "words")


def test_what_the_networks_are_trained_and_tested_on():
    assert TRAINED_ON["lesions"].word_correlation == 0
    assert TRAINED_ON["lesions"].conspicuity == SHOWN.conspicuity == 1
    assert TRAINED_ON["words"].word_correlation == SHOWN.word_correlation == 1
    assert TRAINED_ON["words"].conspicuity < 0.2


def test_taking_something_away_leaves_the_rest_as_it_was():
    shown, silent, healthy = (
        phantom_cases(INFO, SHOWN, 2, 1, **changed)
        for changed in ({}, {"word_correlation": 0.0, "text": False}, {"conspicuity": 0.02})
    )
    assert torch.equal(shown.labels, silent.labels)
    assert torch.equal(shown.masks["lesion"], silent.masks["lesion"])
    assert torch.equal(shown.masks["text"], healthy.masks["text"])
    assert not silent.masks["text"].any()


@pytest.fixture(scope="module")
def own_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "model.pt"
    save_model(path, biased(3, 1), INFO)
    return path


@pytest.fixture
def own_images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for seed in range(3):
        Image.fromarray(picture(seed=seed)).save(folder / f"{seed}.png")
    return folder


def call(out, *more):
    return main(
        [
            *("benchmark-explanations", "--out", str(out), "--quiet"),
            *("--randomised-images", "2", "--resamples", "40", "--methods", *METHODS),
            *map(str, more),
        ]
    )


def test_a_model_of_one_s_own(own_model, own_images, tmp_path, capsys):
    out = tmp_path / "own"
    assert call(out, "--model", own_model, "--images", own_images) == 0
    assert str(out / "index.html") in capsys.readouterr().out
    assert RESEARCH_USE_ONLY in (out / "index.html").read_text()
    measures = set(pd.read_csv(out / "summary.csv")["measure"])
    assert measures == {"faithfulness", "same_head", "same_all"}
    assert len(pd.read_csv(out / "measures_model.csv")) == 3 * len(METHODS)


def test_masks_of_one_s_own(own_model, tmp_path):
    """The phantom's folders are images and masks that fit."""
    data = write_covid_phantom(
        tmp_path / "phantom", images_per_class=1, seed=2, options=replace(SHOWN, size=64)
    )
    out = tmp_path / "own"
    given = ("--model", own_model, "--images", data / "images", "--masks", data / "masks")
    assert call(out, *given) == 0
    table = pd.read_csv(out / "measures_model.csv").set_index(["method", "image"])
    info = load_model(own_model)[1]
    cases = cases_of_files(info, sorted((data / "images").iterdir()), data / "masks")
    for kind in ("lesion", "text"):
        drawn = [
            np.asarray(Image.open(data / "masks" / f"{Path(name).stem}_{kind}.png")) > 0
            for name in cases.names
        ]
        np.testing.assert_array_equal(cases.masks[kind], drawn)
        area = cases.masks[kind].float().mean((1, 2)).numpy()
        found = table.loc["random", f"mass_{kind}"].to_numpy()
        np.testing.assert_allclose(found, np.where(area > 0, area, np.nan), atol=0.06)
    assert (out / "places.png").is_file()


def test_unusable_input(own_model, own_images, tmp_path):
    out = tmp_path / "own"
    with pytest.raises(SystemExit, match="belong together"):
        call(out, "--model", own_model)
    with pytest.raises(SystemExit, match=r"none\.pt: no such weights file"):
        call(out, "--model", "none.pt", "--images", own_images)
    multilabel = tmp_path / "multilabel.pt"
    info = ModelInfo(labels=NIH_LABELS, image_size=64, multilabel=True)
    save_model(multilabel, info.build().state_dict(), info)
    with pytest.raises(SystemExit, match="exclude each other are needed"):
        call(out, "--model", multilabel, "--images", own_images)
    with pytest.raises(SystemExit, match=r"no masks of the images found, as 0_lesion\.png"):
        call(out, "--model", own_model, "--images", own_images, "--masks", own_images)
    with pytest.raises(SystemExit, match="--masks needs --model"):
        call(out, "--masks", own_images)
    (own_images / "broken.png").write_bytes(b"nothing at all")
    with pytest.raises(SystemExit, match=r"broken\.png"):
        call(out, "--model", own_model, "--images", own_images)
    assert not out.exists()
    shutil.rmtree(own_images)

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
from monai_covid.cli.main import main
from monai_covid.errors import InputError
from monai_covid.lab.explanation_benchmark.cases import cases_of_files, phantom_cases
from monai_covid.lab.explanation_benchmark.folder import MARK, Effort, open_folder
from monai_covid.lab.explanation_benchmark.networks import (
    NETWORKS,
    TEST_OPTIONS,
    TRAINING_OPTIONS,
    NetworkPlan,
)
from monai_covid.lab.explanation_benchmark.run import benchmark_phantom
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.labels import NIH_LABELS
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from tests.conftest import REPOSITORY
from tests.dicom.instances import picture

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tiny_network")]

PLAN = NetworkPlan(training_images=10, image_size=64, lesion_epochs=1, word_epochs=1)
METHODS = ("lrp", "grad-cam", "random")
EFFORT = Effort(images_per_class=10, randomised_images=2, resamples=40, methods=METHODS)
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
    (out / MARK).write_text(json.dumps({"networks": asdict(PLAN)}, indent=2) + "\n")
    return out


def run(out, effort=EFFORT, **options):
    return benchmark_phantom(REPOSITORY / "bundle", out, PLAN, effort, progress=False, **options)


def test_page_tables_and_plots(trained):
    page = run(trained)
    text = page.read_text()
    assert RESEARCH_USE_ONLY in text
    for word in ("LRP", "Random maps", "significant", "Network that reads words", "without words"):
        assert word in text
    assert {path.name for path in trained.glob("*.png")} == {
        *("places.png", "maps.png", "flipping.png", "faithfulness.png", "randomisation.png")
    }
    summary = pd.read_csv(trained / "summary.csv")
    # The images of class COVID-19 are right for both, those of class pneumonia are not.
    assert (summary[summary["measure"] == "faithfulness"]["images"] == 10).all()
    behaviour = pd.read_csv(trained / "behaviour.csv")
    assert (behaviour.groupby(["network", "variant"])["right"].mean() == 0.5).all()
    assert len(summary) == 2 * len(METHODS) * 7
    assert len(pd.read_csv(trained / "told_apart.csv")) == 2 * len(METHODS)


def test_measures_are_made_anew_only_where_something_changed(trained):
    run(trained, replace(EFFORT, methods=("lrp",)))

    def times():
        return {path: path.stat().st_mtime_ns for path in trained.glob("measures/*/*.csv")}

    before = times()
    assert len(before) == 2
    save_model(trained / "network_words" / "model.pt", biased(7, 0), INFO)
    run(trained, replace(EFFORT, methods=("lrp", "random"), resamples=50))
    after = times()
    # Both of the new method, and LRP of the new network.
    assert len(after) == 2 + 2 + 1
    assert {path: after[path] for path in before} == before


def command(out, *more):
    return main(
        [
            *("benchmark-explanations", "--out", str(out), "--quiet"),
            *("--bundle", str(REPOSITORY / "bundle"), "--training-images", "10"),
            *("--image-size", "64", "--lesion-epochs", "1", "--word-epochs", "1"),
            *("--images-per-class", "10", "--randomised-images", "2", "--resamples", "40"),
            *("--methods", *METHODS, *more),
        ]
    )


def test_networks_that_learned_nothing_are_refused(trained):
    save_model(trained / "network_words" / "model.pt", biased(0, 2), INFO)
    with pytest.raises(SystemExit, match="0 images are right for both networks, 10 are needed"):
        command(trained)


def test_numbers_are_checked_before_anything_is_made(tmp_path):
    for wrong, message in (
        (["--resamples", "1"], "--resamples is 1; it must be at least 40"),
        (["--randomised-images", "0"], "randomised_images is 0"),
        (["--images-per-class", "3"], "images_per_class is 3, must be at least 10"),
        (["--image-size", "32"], "image_size is 32, must be at least 64"),
        (["--word-epochs", "0"], "word_epochs is 0"),
        (["--methods", "lrp", "lrp"], "methods are named twice"),
    ):
        with pytest.raises(SystemExit, match=message):
            command(tmp_path / "benchmark", *wrong)
    with pytest.raises(ValueError, match=r"methods \['lime'\] are unknown; some of lrp, "):
        Effort(methods=("lrp", "lime"))
    assert not (tmp_path / "benchmark").exists()


def test_other_settings_and_other_folders_are_refused(trained, tmp_path):
    other_plan = replace(PLAN, seed=1)
    with pytest.raises(ValueError, match="with other settings"):
        benchmark_phantom(REPOSITORY / "bundle", trained, other_plan, EFFORT, progress=False)
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious.txt").write_text("mine")
    with pytest.raises(ValueError, match="neither empty nor a benchmark"):
        run(other, overwrite=True)
    assert (other / "precious.txt").read_text() == "mine"


def test_overwriting_removes_its_own_alone(tmp_path):
    out = tmp_path / "benchmark"
    open_folder(out, {"networks": 1}, ("network_words",), overwrite=False)
    for name in ("network_words/model.pt", "measures/x/lrp.csv", "index.html", "notes.txt"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("x")
    open_folder(out, {"networks": 2}, ("network_words",), overwrite=True)
    assert sorted(path.name for path in out.iterdir()) == [MARK, "notes.txt"]


@pytest.mark.slow
def test_trains_both_networks_from_nothing(tmp_path):
    """One epoch teaches nothing, which is said; what was trained stays for the next call."""
    out = tmp_path / "benchmark"
    tiny = replace(PLAN, batch_size=4)
    try:
        benchmark_phantom(REPOSITORY / "bundle", out, tiny, EFFORT, progress=False)
    except ValueError as error:
        assert "are right for both networks" in str(error)
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
    assert TRAINING_OPTIONS["lesions"].word_correlation == 0
    assert TRAINING_OPTIONS["lesions"].conspicuity == TEST_OPTIONS.conspicuity == 1
    assert TRAINING_OPTIONS["words"].word_correlation == TEST_OPTIONS.word_correlation == 1
    assert TRAINING_OPTIONS["words"].conspicuity < 0.2


def test_taking_something_away_leaves_the_rest_as_it_was():
    shown, silent, healthy = (
        phantom_cases(INFO, TEST_OPTIONS, 2, 1, **changed)
        for changed in ({}, {"word_correlation": 0.0, "text": False}, {"conspicuity": 0.02})
    )
    assert torch.equal(shown.labels, silent.labels)
    assert torch.equal(shown.masks["lesion"], silent.masks["lesion"])
    assert torch.equal(shown.masks["text"], healthy.masks["text"])
    assert not silent.masks["text"].any()


@pytest.fixture(scope="module")
def own_model(tmp_path_factory, tiny_network):
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
    tables = [pd.read_csv(file) for file in out.glob("measures/*/*.csv")]
    assert sorted(len(each) for each in tables) == [3] * len(METHODS)


def test_masks_of_one_s_own(own_model, tmp_path):
    """The phantom's folders are images and masks that fit."""
    data = write_covid_phantom(
        tmp_path / "phantom", images_per_class=1, seed=2, options=replace(TEST_OPTIONS, size=64)
    )
    out = tmp_path / "own"
    given = ("--model", own_model, "--images", data / "images", "--masks", data / "masks")
    assert call(out, *given) == 0
    (file,) = out.glob("measures/*/random.csv")
    table = pd.read_csv(file)
    info = load_model(own_model)[1]
    cases = cases_of_files(info, sorted((data / "images").iterdir()), data / "masks")
    for kind in ("lesion", "text"):
        drawn = [
            np.asarray(Image.open(data / "masks" / f"{Path(name).stem}_{kind}.png")) > 0
            for name in cases.names
        ]
        np.testing.assert_array_equal(cases.masks[kind], drawn)
        area = cases.masks[kind].float().mean((1, 2)).numpy()
        np.testing.assert_allclose(
            table[f"mass_{kind}"], np.where(area > 0, area, np.nan), atol=0.02
        )
    assert (out / "places.png").is_file()
    # What is known about an image has changed: measured anew.
    mask = data / "masks" / f"{Path(cases.names[0]).stem}_text.png"
    Image.fromarray(np.pad(np.ones((20, 20), np.uint8), (0, 44))).save(mask)
    assert call(out, *given) == 0
    assert len(list(out.glob("measures/*/random.csv"))) == 2
    info_of_one = cases_of_files(info, [cases.names[0]], data / "masks")
    assert info_of_one.masks["text"].float().mean() == pytest.approx(400 / 64**2)


def test_masks_that_do_not_fit_are_named(own_model, own_images, tmp_path):
    info, masks = load_model(own_model)[1], tmp_path / "masks"
    masks.mkdir()
    Image.fromarray(np.full((64, 64), 255, np.uint8)).save(masks / "1_lesion.png")
    with pytest.raises(InputError, match=r"1_lesion\.png: is 64 x 64 pixels, its image 64 x 97"):
        cases_of_files(info, sorted(own_images.iterdir()), masks)
    shutil.copytree(own_images, tmp_path / "more")
    both = [own_images / "0.png", tmp_path / "more" / "0.png"]
    with pytest.raises(InputError, match=r"0_\*\.png would be the masks of several images"):
        cases_of_files(info, both, masks)


def test_masks_of_nothing_leave_places_out(own_model, own_images, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    Image.fromarray(np.zeros((97, 64), np.uint8)).save(masks / "1_lesion.png")
    out = tmp_path / "own"
    assert call(out, "--model", own_model, "--images", own_images, "--masks", masks) == 0
    assert not (out / "places.png").exists()


def test_unusable_input(own_model, own_images, tmp_path):
    out = tmp_path / "own"
    with pytest.raises(SystemExit, match="belong together"):
        call(out, "--model", own_model)
    with pytest.raises(SystemExit, match=r"none\.pt: no such weights file"):
        call(out, "--model", "none.pt", "--images", own_images)
    multilabel = tmp_path / "multilabel.pt"
    info = ModelInfo(labels=NIH_LABELS, image_size=64, multilabel=True)
    save_model(multilabel, info.build().state_dict(), info)
    with pytest.raises(
        SystemExit, match="mutually exclusive classes are needed, this network has Atel"
    ):
        call(out, "--model", multilabel, "--images", own_images)
    with pytest.raises(SystemExit, match=r"no masks of the images found, as 0_lesion\.png"):
        call(out, "--model", own_model, "--images", own_images, "--masks", own_images)
    with pytest.raises(SystemExit, match="--masks needs --model"):
        call(out, "--masks", own_images)
    (own_images / "broken.png").write_bytes(b"nothing at all")
    (own_images / "bad.png").write_bytes(b"nothing at all")
    with pytest.raises(SystemExit, match=r"2 problems(.|\n)*bad\.png(.|\n)*broken\.png"):
        call(out, "--model", own_model, "--images", own_images)
    with pytest.raises(SystemExit, match="leave out their options"):
        call(out, "--model", own_model, "--images", own_images, "--seed", "3")
    assert not out.exists()

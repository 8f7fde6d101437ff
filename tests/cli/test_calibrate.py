"""``monai-covid calibrate`` from validation images to a calibrated model file."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from monai_covid.cli.main import main
from monai_covid.data.datalists import datalist_hash, stage3_datalist
from monai_covid.evaluation.calibration.record import Calibration
from monai_covid.evaluation.calibration.temperature import table_at
from monai_covid.evaluation.predictions import write_predictions
from monai_covid.inference.classifier import Classifier
from monai_covid.labels import COVID_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.info_buffer import MODEL_INFO
from monai_covid.models.model_file import ModelInfo, load_model, read_model_info, save_model
from monai_covid.models.tensor_names import HEAD
from tests.evaluation.calibration.simulated import calibrated_logits, table_of

SIZE, IMAGES = 32, 100
COLUMNS = [f"probability_{name}" for name in COVID_LABELS]
SPLIT = {"fold": 0, "folds": 5, "seed": 0, "validation_fraction": 0.5, "limit": None}


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


def spread_out(model, paths):
    """Scale the head so that predictions of ``paths`` differ much."""
    network, info = load_model(model)
    rows = list(Classifier(model).predict(paths, assess=False))
    logits = np.log([[one.probabilities[k] for k in COVID_LABELS] for one in rows])
    state = network.state_dict()
    scale = torch.tensor(3 / logits.std(axis=0), dtype=torch.float32)
    state[f"{HEAD}.weight"] *= scale[:, None]
    save_model(model, state, info)
    logits = [
        np.log(list(one.probabilities.values()))
        for one in Classifier(model).predict(paths, assess=False)
    ]
    state[f"{HEAD}.bias"] -= torch.tensor(np.mean(logits, axis=0), dtype=torch.float32)
    save_model(model, state, info)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """A model, and a collection of which it gets 70 % right while it is far too sure."""
    place = tmp_path_factory.mktemp("made")
    folder, generator = place / "covid", np.random.default_rng(0)
    paths = [folder / f"{k:03d}.png" for k in range(IMAGES)]
    folder.mkdir()
    for path in paths:
        # A bright disc somewhere, so that the images are unlike to the network.
        y, x = np.mgrid[:40, :40]
        centre, radius = generator.uniform(5, 35, 2), generator.uniform(3, 25)
        disc = np.hypot(y - centre[0], x - centre[1]) < radius
        noise = generator.integers(0, 100, (40, 40))
        Image.fromarray((disc * 150 + noise).astype(np.uint8)).save(path)
    info, model = ModelInfo(image_size=SIZE), place / "run" / "model.pt"
    with torch.random.fork_rng():
        torch.manual_seed(1)
        save_model(model, info.build().state_dict(), info)
    spread_out(model, paths)
    labels = [
        one.label if generator.random() < 0.7 else generator.choice(COVID_LABELS)
        for one in Classifier(model).predict(paths, assess=False)
    ]
    assert min(labels.count(label) for label in COVID_LABELS) >= 10
    lines = [
        f"{p.name},{label},q{k:03d}" for k, (p, label) in enumerate(zip(paths, labels, strict=True))
    ]
    (folder / "metadata.csv").write_text("\n".join(["image,label,patient_id", *lines]) + "\n")
    return place


@pytest.fixture
def setting(made_once, tmp_path):
    """Model file and folder of the collection, to do anything with."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "run" / "model.pt", tmp_path / "covid"


def write_summary(model, folder, **changed):
    """Say that ``model`` comes of a run on ``folder``."""
    chosen = {name: value for name, value in SPLIT.items() if name != "limit"}
    parts = [stage3_datalist(folder, section, **chosen) for section in ("training", "validation")]
    settings = {**SPLIT, "data": datalist_hash(*parts), **changed}
    (model.parent / "summary.json").write_text(json.dumps({"settings": settings}))
    return parts


def call(model, out, *words):
    return ["calibrate", "--model", model, "--out", out, "--resamples", "40", *words]


def run(*words):
    return main([str(word) for word in words])


def test_from_the_images_of_the_runs_validation_part(setting, tmp_path, capsys):
    model, folder = setting
    _, validation = write_summary(model, folder)
    before = model.read_bytes()
    assert run(*call(model, tmp_path / "out" / "calm.pt", "--data", folder)) == 0
    printed = capsys.readouterr().out
    info = read_model_info(tmp_path / "out" / "calm.pt")
    assert info.temperature > 1.2
    assert f"Temperature {info.temperature:.3f}, fitted on {len(validation)} images" in printed
    assert "confirms that the network was not trained on these" in printed
    assert info.calibration.images == len(validation)
    assert info.calibration.log_loss_after < info.calibration.log_loss_before
    assert info.calibration.data == "validation part of covid, fold 0"
    assert len(info.calibration.points) == 3
    content = json.loads((tmp_path / "out" / "calm_calibration.json").read_text())
    assert content["temperature"] == info.temperature
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("calm.pt", "calm_calibration.json", "calm_calibration.png")
    }
    old, new = (load_model(path)[0].state_dict() for path in (model, tmp_path / "out/calm.pt"))
    assert all(torch.equal(old[name], new[name]) for name in old if name != MODEL_INFO)
    assert model.read_bytes() == before


def test_calibrating_again_gives_the_same(setting, tmp_path, capsys):
    model, folder = setting
    write_summary(model, folder)
    first, second = tmp_path / "run" / "first.pt", tmp_path / "run" / "second.pt"
    run(*call(model, first, "--data", folder))
    run(*call(first, second, "--data", folder))
    one, two = read_model_info(first), read_model_info(second)
    assert two.temperature == pytest.approx(one.temperature, rel=1e-4)
    assert two.calibration.log_loss_before == pytest.approx(one.calibration.log_loss_before)
    run(*call(first, first, "--data", folder, "--overwrite"))
    assert read_model_info(first).temperature == pytest.approx(one.temperature, rel=1e-4)


def test_nothing_is_replaced_without_asking(setting, tmp_path, capsys):
    model, folder = setting
    write_summary(model, folder)
    before = model.read_bytes()
    with pytest.raises(SystemExit, match=r"model\.pt exists already; replace it with --overwrite"):
        run(*call(model, model, "--data", folder))
    assert model.read_bytes() == before


def test_another_split_than_the_runs_is_refused(setting, tmp_path):
    model, folder = setting
    write_summary(model, folder)
    with pytest.raises(SystemExit, match="are not those that the network's run had"):
        run(*call(model, tmp_path / "calm.pt", "--data", folder, "--fold", 1))
    with pytest.raises(SystemExit, match="was trained on images of this collection"):
        run(*call(model, tmp_path / "calm.pt", "--data", folder, "--section", "all"))
    assert not (tmp_path / "calm.pt").exists()


def test_without_a_summary_the_fold_is_asked_for(setting, tmp_path, capsys):
    model, folder = setting
    with pytest.raises(SystemExit, match="--fold is missing"):
        run(*call(model, tmp_path / "calm.pt", "--data", folder))
    split = ("--fold", 0, "--validation-fraction", 0.5)
    assert run(*call(model, tmp_path / "calm.pt", "--data", folder, *split)) == 0
    assert "Not known here" in capsys.readouterr().out
    assert run(*call(model, tmp_path / "all.pt", "--data", folder, "--section", "all")) == 0
    assert read_model_info(tmp_path / "all.pt").calibration.images == IMAGES


@pytest.fixture
def table(tmp_path):
    logits, true = calibrated_logits(300)
    write_predictions(table_of(2 * logits, true), tmp_path / "val.csv")
    return tmp_path / "val.csv"


def test_from_a_table_and_never_twice(setting, table, tmp_path):
    model, _ = setting
    assert run(*call(model, tmp_path / "calm.pt", "--predictions", table)) == 0
    info = read_model_info(tmp_path / "calm.pt")
    assert info.temperature == pytest.approx(2, rel=0.25)
    assert info.calibration.data == "val.csv"
    # The calibrated model's own predictions carry its temperature.
    logits, true = calibrated_logits(300)
    calm = table_at(table_of(2 * logits, true), 2 * logits, info.temperature)
    write_predictions(calm, tmp_path / "calm.csv")
    again = call(tmp_path / "calm.pt", tmp_path / "again.pt", "--predictions")
    assert run(*again, tmp_path / "calm.csv") == 0
    assert read_model_info(tmp_path / "again.pt").temperature == pytest.approx(
        info.temperature, rel=1e-6
    )
    with pytest.raises(SystemExit, match=r"is calibrated already .* does not say at which"):
        run(*call(tmp_path / "calm.pt", tmp_path / "third.pt", "--predictions", table))
    with pytest.raises(SystemExit, match="predictions of another model"):
        run(*call(model, tmp_path / "x.pt", "--predictions", tmp_path / "calm.csv"))


def test_a_table_of_training_images_is_refused(setting, table, tmp_path):
    model, folder = setting
    training, validation = write_summary(model, folder)
    known = pd.read_csv(table)
    rows = len(validation)
    held = known[:rows].assign(image=[item["name"] for item in validation])
    held["patient_id"] = [item["patient_id"] for item in validation]
    held.to_csv(tmp_path / "held.csv", index=False)
    words = ("--data", folder, "--predictions")
    assert run(*call(model, tmp_path / "calm.pt", *words, tmp_path / "held.csv")) == 0
    held.loc[3, "patient_id"] = training[0]["patient_id"]
    held.loc[5, "image"] = training[1]["name"]
    held.to_csv(tmp_path / "seen.csv", index=False)
    with pytest.raises(SystemExit, match=r"(?s)2 problems.*seen\.csv:5: .*seen\.csv:7: .*trained"):
        run(*call(model, tmp_path / "x.pt", *words, tmp_path / "seen.csv"))


def test_a_cutoff_of_uncertainty_is_stored_where_it_is_asked_for(setting, table, tmp_path, capsys):
    model, _ = setting
    assert run(*call(model, tmp_path / "none.pt", "--predictions", table)) == 0
    assert read_model_info(tmp_path / "none.pt").calibration.cutoff is None
    assert "Uncertain where" not in capsys.readouterr().out
    words = ("--predictions", table, "--coverage", 0.8, "--uncertainty", "margin")
    assert run(*call(model, tmp_path / "calm.pt", *words)) == 0
    cutoff = read_model_info(tmp_path / "calm.pt").calibration.cutoff
    assert (cutoff.goal, cutoff.measure, cutoff.coverage) == ("coverage", "margin", 0.8)
    limit = f"two largest probabilities differ by less than {1 - cutoff.value:.4f}"
    assert f"{limit}, for a target coverage of 0.8" in capsys.readouterr().out
    content = json.loads((tmp_path / "calm_calibration.json").read_text())
    assert content["calibration"]["cutoff"] == vars(cutoff)
    words = ("--predictions", table, "--selective-accuracy")
    assert run(*call(model, tmp_path / "right.pt", *words, 0.75)) == 0
    assert read_model_info(tmp_path / "right.pt").calibration.cutoff.accuracy >= 0.75
    with pytest.raises(SystemExit, match=r"val\.csv: no cut-off reaches an accuracy of 0\.9999"):
        run(*call(model, tmp_path / "x.pt", *words, 0.9999))
    assert not (tmp_path / "x.pt").exists()


def test_imported_operating_points_take_no_temperature(setting, table, tmp_path):
    points = (0.1, 0.5, 0.9)
    info = ModelInfo(image_size=SIZE, multilabel=True, operating_points=points)
    save_model(tmp_path / "xrv.pt", info.build().state_dict(), info)
    with pytest.raises(SystemExit, match=r"xrv\.pt: .*a temperature cannot be fitted"):
        run(*call(tmp_path / "xrv.pt", tmp_path / "y.pt", "--predictions", table))


def test_labels_of_their_own_have_no_cutoff(setting, table, tmp_path):
    info = ModelInfo(image_size=SIZE, multilabel=True)
    save_model(tmp_path / "many.pt", info.build().state_dict(), info)
    with pytest.raises(SystemExit, match="are for mutually exclusive classes"):
        words = ("--predictions", table, "--coverage", 0.8)
        run(*call(tmp_path / "many.pt", tmp_path / "x.pt", *words))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--predictions CSV or --data MANIFEST"),
        (("--predictions", "x.csv", "--sensitivity", "95"), "--sensitivity is 95"),
        (("--predictions", "x.csv", "--confidence", "1"), "--confidence is 1"),
        (("--predictions", "x.csv", "--resamples", "3"), "--resamples is 3; it must be at least"),
        (("--data", "x", "--coverage", "80"), "--coverage is 80.0; it must lie between 0 and 1"),
        (("--data", "x", "--selective-accuracy", "0"), "--selective-accuracy is 0.0"),
        (("--data", "x", "--batch-size", "0"), "--batch-size is 0"),
        (("--predictions", "x.csv", "--section", "all"), "--section all goes with --data"),
    ],
)
def test_unusable_options(words, message, tmp_path):
    with pytest.raises(SystemExit, match=message):
        run(*call(tmp_path / "absent.pt", tmp_path / "out.pt", *words))


def test_a_damaged_summary_and_another_kind_of_table_are_named(setting, table, tmp_path):
    model, folder = setting
    (tmp_path / "many.csv").write_text(
        "image,patient_id,"
        + ",".join(f"target_{k},probability_{k}" for k in COVID_LABELS)
        + "\na,b,1,0.5,0,0.2,1,0.4\n"
    )
    with pytest.raises(SystemExit, match=r"many\.csv: has the column target_"):
        run(*call(model, tmp_path / "x.pt", "--predictions", tmp_path / "many.csv"))
    (model.parent / "summary.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"summary\.json: not the summary of a run"):
        run(*call(model, tmp_path / "x.pt", "--data", folder))


def test_unreadable_images_are_listed(setting, tmp_path):
    model, folder = setting
    _, validation = write_summary(model, folder)
    (folder / validation[0]["name"]).write_bytes(b"no image")
    with pytest.raises(SystemExit, match=validation[0]["name"]):
        run(*call(model, tmp_path / "x.pt", "--data", folder))


def probabilities_of(model, folder):
    paths = sorted(folder.glob("*.png"))
    return np.array(
        [list(one.probabilities.values()) for one in Classifier(model).predict(paths, assess=False)]
    )


@pytest.fixture
def in_hospitals(setting):
    """The collection in three hospitals."""
    model, folder = setting
    table = pd.read_csv(folder / "metadata.csv")
    table["source"] = np.array(["north", "south", "west"])[np.arange(len(table)) % 3]
    table.to_csv(folder / "metadata.csv", index=False)
    return model, folder


def test_for_hospitals_that_the_model_has_not_seen(in_hospitals, tmp_path, capsys):
    model, folder = in_hospitals
    words = ("--data", folder, "--section", "all", "--hold-out-by", "source")
    assert run(*call(model, tmp_path / "calm.pt", *words)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("3 hospitals (source): north, south, west")
    assert "temperature and biases, held-out hospitals" in printed
    assert "Measured in each hospital by what was fitted to the others." in printed
    content = json.loads((tmp_path / "calm_calibration.json").read_text())
    info = read_model_info(tmp_path / "calm.pt")
    assert info.temperature == content["temperature"] > 1.2
    assert info.calibration.data == "all images of covid, hospitals held out by source"
    # The stored model gives what temperature and biases make of the old probabilities.
    biases = list(content["hospitals"]["biases"].values())
    scaled = np.log(probabilities_of(model, folder)) / info.temperature + biases
    expected = np.exp(scaled) / np.exp(scaled).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities_of(tmp_path / "calm.pt", folder), expected, atol=1e-4)


def test_biases_are_not_added_to_predictions_of_an_unknown_time(in_hospitals, tmp_path):
    """Those of before lack the biases that the model has now; those of after have them."""
    model, folder = in_hospitals
    _, info = load_model(model)
    shifted = Calibration("before", 30, 30, 1.0, 0.9, biases=(0.5, -0.2, -0.3))
    before = tmp_path / "before.pt"
    save_model(before, load_model(model)[0].state_dict(), replace(info, calibration=shifted))
    assert read_model_info(before).calibration.biases == (0.5, -0.2, -0.3)
    words = ("--predictions", tmp_path / "p.csv", "--hold-out-by", "source")
    (tmp_path / "p.csv").write_text("image,patient_id,label\n")
    with pytest.raises(SystemExit, match=r"changed the biases .* give the model as it was"):
        run(*call(before, tmp_path / "calm.pt", *words))
    words_of_images = ("--data", folder, "--section", "all", "--hold-out-by", "source")
    assert run(*call(before, tmp_path / "calm.pt", *words_of_images)) == 0
    added = json.loads((tmp_path / "calm_calibration.json").read_text())
    helps, temperature = added["hospitals"]["biases_help"], added["temperature"]
    new = [temperature * bias * helps for bias in added["hospitals"]["biases"].values()]
    stored = read_model_info(tmp_path / "calm.pt").calibration.biases
    assert stored == pytest.approx(np.add(shifted.biases, new), abs=1e-6)
    with pytest.raises(SystemExit, match="--model is missing: which model made"):
        run("calibrate", "--out", tmp_path / "x.pt", *words)


def test_hospitals_need_a_column(in_hospitals, setting, tmp_path):
    model, folder = in_hospitals
    words = ("--data", folder, "--section", "all", "--hold-out-by", "ward")
    with pytest.raises(SystemExit, match=r"--hold-out-by ward: of images, .* column source of"):
        run(*call(model, tmp_path / "calm.pt", *words))
    table = pd.DataFrame(probabilities_of(model, folder)[:30], columns=COLUMNS)
    table["image"] = [f"{k:03d}.png" for k in range(30)]
    table["patient_id"], table["label"], table["source"] = table["image"], "normal", "north"
    table.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(SystemExit, match=r"p.csv: 'source' names one hospital, 'north'; give im"):
        run(
            *call(model, tmp_path / "calm.pt", "--predictions", tmp_path / "p.csv"),
            *("--hold-out-by", "source"),
        )

"""``monai-covid explain`` on every format, and on unusable input."""

from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli.main import main
from monai_covid.explain.lrp.composites import EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.heatmap import Heatmap
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.normalise import standardized_range
from monai_covid.preprocessing.suitability.assess import REASONS
from tests.inference.chests import narrow_chest, write_spoilt
from tests.inference.conftest import SIZE

pytestmark = pytest.mark.slow

NAMES = ("a.png", "b.jpg", "c.dcm", "d.nii.gz")


@pytest.fixture
def explain(model, tmp_path):
    """Run the command into ``heatmaps``; return its exit status."""

    def run(*arguments):
        call = ["explain", *map(str, arguments), "--out", str(tmp_path / "heatmaps")]
        return main([*call, "--model", str(model), "--quiet"])

    return run


def table(tmp_path):
    return pd.read_csv(tmp_path / "heatmaps/heatmaps.csv", index_col="image", keep_default_na=False)


def files(tmp_path):
    return {path.name for path in (tmp_path / "heatmaps").iterdir()}


def test_every_format_gets_its_pictures(explain, radiographs, tmp_path):
    assert explain(radiographs, "--class", "covid19") == 0
    expected = {"heatmaps.csv", "README.txt", "d_covid19_relevance.nii.gz"}
    for stem in "abcd":
        expected |= {f"{stem}_covid19_map.png", f"{stem}_covid19_overlay.png", f"{stem}_panel.png"}
    assert files(tmp_path) == expected
    for name in expected:
        if name.endswith(".png"):
            # Something is drawn, and not in grey alone.
            with Image.open(tmp_path / "heatmaps" / name) as drawn:
                colours = np.asarray(drawn.convert("RGB"), dtype=float)
            assert (np.ptp(colours, axis=2) > 40).mean() > 0.01
    listed = " ".join(table(tmp_path)["files"]).split()
    assert set(listed) == expected - {"heatmaps.csv", "README.txt"}
    assert RESEARCH_USE_ONLY in (tmp_path / "heatmaps/README.txt").read_text()


def test_table_says_what_the_classifier_says(explain, radiographs, model, tmp_path):
    assert explain(*(radiographs / name for name in NAMES)) == 0
    found = table(tmp_path)
    said = list(Classifier(model).predict([radiographs / name for name in NAMES]))
    assert list(found.index) == [str(radiographs / name) for name in NAMES]
    for each in said:
        row = found.loc[each.image]
        assert row["prediction"] == row["explained"] == each.label
        for label in COVID_LABELS:
            expected = each.probabilities[label]
            assert float(row[f"probability_{label}"]) == pytest.approx(expected, abs=1e-6)


def test_values_are_those_of_the_library(explain, radiographs, model, tmp_path):
    call = ("--class", "pneumonia", "--no-contrast", "--arrays")
    assert explain(radiographs / "a.png", radiographs / "d.nii.gz", *call) == 0
    network, info = load_model(model)
    image = preprocess_file(radiographs / "a.png", info.image_size)[None]
    expected = LRP(network, EpsilonZBox(*standardized_range(1))).attribute(image, 1)[0].numpy()
    found = np.load(tmp_path / "heatmaps/a_pneumonia_relevance.npy")
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7)
    sums = table(tmp_path)["relevance"].astype(float)
    np.testing.assert_allclose(sums, found.sum(dtype=float), rtol=1e-3)


def test_nifti_relevance_lies_over_its_image(explain, radiographs, model, tmp_path):
    assert explain(radiographs, "--class", "covid19", "--arrays") == 0
    source = nibabel.load(radiographs / "d.nii.gz")
    made = nibabel.load(tmp_path / "heatmaps/d_covid19_relevance.nii.gz")
    assert made.shape == source.shape
    np.testing.assert_array_equal(made.affine, source.affine)
    values = np.load(tmp_path / "heatmaps/d_covid19_relevance.npy")[0]
    # Stored bottom-up: reversed and transposed, it shows what the network's map shows.
    upright = made.get_fdata()[..., 0].T[::-1].copy()
    assert upright.sum() == pytest.approx(values.sum(), rel=0.02, abs=1e-6)
    reduced = torch.nn.functional.interpolate(
        torch.from_numpy(upright)[None, None], size=values.shape, mode="area"
    )[0, 0].numpy()
    assert np.corrcoef(reduced.ravel(), values.ravel())[0, 1] > 0.9
    assert np.corrcoef(reduced[::-1].ravel(), values.ravel())[0, 1] < 0.6


def test_an_unreadable_image_is_named_and_the_others_are_explained(
    explain, radiographs, tmp_path, caplog
):
    (radiographs / "broken.png").write_bytes((radiographs / "a.png").read_bytes()[:200])
    assert explain(radiographs) == 1
    found = table(tmp_path)
    assert "broken.png" in found.loc["broken.png", "error"]
    assert found.loc["broken.png", "files"] == ""
    assert (found.drop(index="broken.png")["error"] == "").all()
    assert "broken.png" in caplog.text
    assert not [name for name in files(tmp_path) if name.startswith("broken")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--class", "flu"], "class is 'flu'; it must be one of predicted, covid19"),
        (["nowhere.png"], "nowhere.png: no such file or folder"),
        (["--smoothing", "-1"], "smoothing is -1.0"),
    ],
)
def test_unusable_options_write_nothing(explain, radiographs, tmp_path, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        explain(radiographs, *arguments)
    assert message in str(stopped.value.code)
    assert not (tmp_path / "heatmaps").exists()


def test_all_missing_paths_are_named(explain, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        explain(tmp_path / "one.png", tmp_path / "two")
    assert "one.png" in str(stopped.value.code)
    assert "two" in str(stopped.value.code)


def test_earlier_heatmaps_stay_unless_asked(explain, radiographs, tmp_path):
    assert explain(radiographs / "a.png") == 0
    before = (tmp_path / "heatmaps/heatmaps.csv").read_bytes()
    with pytest.raises(SystemExit, match="exists already"):
        explain(radiographs / "b.jpg")
    assert (tmp_path / "heatmaps/heatmaps.csv").read_bytes() == before
    assert explain(radiographs / "b.jpg", "--overwrite") == 0
    assert list(table(tmp_path).index) == [str(radiographs / "b.jpg")]
    assert not [name for name in files(tmp_path) if name.startswith("a_")]


def test_a_model_that_is_not_there(radiographs, tmp_path):
    with pytest.raises(SystemExit, match=r"none\.pt: no such weights file"):
        main(["explain", str(radiographs), "--out", str(tmp_path / "x"), "--model", "none.pt"])
    assert not (tmp_path / "x").exists()


def test_files_of_the_same_name_in_two_folders(explain, radiographs, tmp_path):
    """As in DICOM studies; each image keeps its own heatmaps."""
    other = tmp_path / "other"
    other.mkdir()
    Image.fromarray(narrow_chest(2)).save(other / "a.png")
    for name in NAMES[1:]:
        (radiographs / name).unlink()
    assert explain(radiographs, other, "--class", "covid19", "--arrays") == 0
    found = table(tmp_path)
    assert list(found.index) == [str(radiographs / "a.png"), str(other / "a.png")]
    one, two = (
        np.load(tmp_path / "heatmaps" / next(n for n in names.split() if n.endswith(".npy")))
        for names in found["files"]
    )
    assert np.abs(one - two).max() > 0.1 * np.abs(one).max()


def test_an_image_that_is_given_twice_is_explained_once(explain, radiographs, tmp_path):
    assert explain(radiographs / "a.png", radiographs / ".." / "radiographs" / "a.png") == 0
    assert len(table(tmp_path)) == 1


def test_heatmaps_are_not_explained_themselves(explain, radiographs, tmp_path):
    model = ("--class", "covid19")
    assert explain(radiographs / "a.png", *model) == 0
    with pytest.raises(SystemExit, match="holds images that are to be explained"):
        explain(tmp_path, *model, "--overwrite")
    assert (tmp_path / "heatmaps/a_panel.png").is_file()


def test_images_that_are_no_upright_chests_get_a_reason_and_no_heatmap(explain, tmp_path, caplog):
    caplog.set_level("INFO")
    folder = write_spoilt(tmp_path / "spoilt")
    assert explain(folder) == 0
    rows = table(tmp_path)
    assert rows.loc["turned.png", "unsuitable"] == REASONS["turned_180"]
    refused = rows.drop(index="mirrored.png")
    assert (refused[["prediction", "files", "error"]] == "").all(axis=None)
    assert rows.loc["mirrored.png", "files"] != ""
    assert "5 images, 0 of them unreadable, 4 not upright frontal" in caplog.text
    assert not [name for name in files(tmp_path) if name.startswith("turned")]
    assert explain(folder / "turned.png", "--keep-unsuitable", "--overwrite") == 0
    (row,) = table(tmp_path).to_dict("records")
    assert row["unsuitable"] == REASONS["turned_180"]
    assert row["files"] != ""


def test_all_images_unreadable(explain, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("1.png", "2.dcm"):
        (folder / name).write_bytes(b"nothing at all")
    assert explain(folder) == 1
    found = table(tmp_path)
    assert (found["error"] != "").all()
    assert files(tmp_path) == {"heatmaps.csv", "README.txt"}


def test_what_is_done_before_an_interruption_is_in_the_table(
    explain, radiographs, tmp_path, monkeypatch
):
    draw, done = Heatmap.figures, []

    def interrupted(self, *kinds):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(self.image.radiograph.file)
        return draw(self, *kinds)

    monkeypatch.setattr(Heatmap, "figures", interrupted)
    assert explain(radiographs) == 130
    assert list(table(tmp_path).index) == [Path(path).name for path in done]
    listed = " ".join(table(tmp_path)["files"]).split()
    assert files(tmp_path) == {*listed, "heatmaps.csv", "README.txt"}
    monkeypatch.undo()
    with pytest.raises(SystemExit, match="exists already"):
        explain(radiographs)
    assert explain(radiographs, "--overwrite") == 0


def test_many_labels_and_three_channels(radiographs, tmp_path):
    torch.manual_seed(0)
    info = ModelInfo(labels=NIH_LABELS, channels=3, image_size=SIZE, multilabel=True)
    save_model(tmp_path / "nih.pt", info.build().state_dict(), info)
    call = ["explain", str(radiographs / "a.png"), "--out", str(tmp_path / "heatmaps")]
    call += ["--model", str(tmp_path / "nih.pt"), "--class", "No Finding", "--quiet"]
    for more in ([], ["--overwrite", "--method", "lrp-zbox"]):
        assert main([*call, *more]) == 0
        pictures = {"a_No_Finding_map.png", "a_No_Finding_overlay.png", "a_panel.png"}
        assert files(tmp_path) == {*pictures, "heatmaps.csv", "README.txt"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "gpu"], "--device gpu: not usable here"),
        (["--batch-size", "0"], "--batch-size is 0; it must be at least 1"),
        (["--smoothing", "nan"], "smoothing is nan; it must be 0 to 64"),
    ],
)
def test_other_unusable_options(explain, radiographs, tmp_path, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        explain(radiographs, *arguments)
    assert message in str(stopped.value.code)
    assert not (tmp_path / "heatmaps").exists()

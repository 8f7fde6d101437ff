"""``monai-covid predict`` on every format, and on what is no chest."""

import numpy as np
from PIL import Image
from tqdm import tqdm

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli.main import main
from monai_covid.inference.classifier import Classifier
from monai_covid.labels import COVID_LABELS
from monai_covid.preprocessing.suitability.assess import CAUTIONS, REASONS
from tests.cli.predict.results import PROBABILITIES, content, table
from tests.dicom.instances import PATIENT_NAME
from tests.inference.chests import MIRRORED, NOISE, SUITABLE, UPSIDE_DOWN, write_suitable


def test_chests_of_every_format_get_a_class_and_other_images_a_reason(
    predict, pictures, models, tmp_path, capsys, caplog
):
    caplog.set_level("INFO")
    assert predict(pictures) == 0
    found = table(tmp_path)
    assert list(found.columns) == [
        *("prediction", *PROBABILITIES),
        *("unsuitable", "cautions", "error"),
    ]
    assert set(found.index) == {*SUITABLE, *UPSIDE_DOWN, MIRRORED, "noise.png"}
    answered = [*SUITABLE, MIRRORED]
    for name, said in zip(
        answered, Classifier(models[0]).predict([pictures / name for name in answered]), strict=True
    ):
        expected = [said.probabilities[label] for label in COVID_LABELS]
        np.testing.assert_allclose(
            found.loc[name, PROBABILITIES].astype(float), expected, atol=1e-6
        )
        assert found.loc[name, "prediction"] == said.label
        assert found.loc[name, "unsuitable"] == ""
    for name in UPSIDE_DOWN:
        assert found.loc[name, "unsuitable"] == REASONS["turned_180"]
    assert found.loc["noise.png", "unsuitable"] == " ".join(NOISE)
    refused = found.drop(index=answered)
    assert (refused[["prediction", *PROBABILITIES]] == "").all(axis=None)
    assert (found["error"] == "").all()
    assert found.loc[MIRRORED, "cautions"] == CAUTIONS["mirrored"]
    assert "9 images, 0 of them unreadable, 4 not upright frontal" in caplog.text
    assert PATIENT_NAME not in caplog.text + capsys.readouterr().out


def test_json_says_the_same(predict, pictures, tmp_path):
    assert predict(pictures) == 0
    found, said = table(tmp_path), content(tmp_path)
    assert said["notice"] == RESEARCH_USE_ONLY
    assert [row["image"] for row in said["predictions"]] == list(found.index)
    for row in said["predictions"]:
        assert " ".join(row["unsuitable"]) == found.loc[row["image"], "unsuitable"]
        assert " ".join(row["cautions"]) == found.loc[row["image"], "cautions"]
        assert (row["prediction"] or "") == found.loc[row["image"], "prediction"]
        assert bool(row["probabilities"]) != bool(row["unsuitable"])
        assert row["error"] is None


def test_unsuitable_images_can_be_kept(predict, pictures, models, tmp_path):
    assert predict(pictures, "--keep-unsuitable") == 0
    found = table(tmp_path)
    assert found.loc["turned.png", "unsuitable"] == REASONS["turned_180"]
    said = next(Classifier(models[0]).predict([pictures / "turned.png"], assess=False))
    numbers = found.loc["turned.png", PROBABILITIES].astype(float)
    np.testing.assert_allclose(numbers, list(said.probabilities.values()), atol=1e-6)
    assert (found["prediction"] != "").all()


def test_printed_table_needs_no_folder(pictures, models, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = [str(pictures / name) for name in ("a.png", "turned.png", MIRRORED)]
    assert main(["predict", *given, "--quiet", "--model", str(models[0])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["image", "class", "probability", "notes"]
    assert lines[1].startswith(given[0])
    said = next(Classifier(models[0]).predict([given[0]]))
    assert f"{said.probabilities[said.label]:.3f}" in lines[1]
    assert lines[2].endswith(f"-  unsuitable: {REASONS['turned_180']}")
    assert lines[3].endswith(f"caution: {CAUTIONS['mirrored']}")
    assert lines[-1] == RESEARCH_USE_ONLY
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_image_is_named_and_the_others_are_predicted(
    predict, tmp_path, caplog, capsys
):
    folder = write_suitable(tmp_path / "images")
    (folder / "broken.png").write_bytes((folder / "a.png").read_bytes()[:200])
    caplog.set_level("INFO")
    assert predict(folder) == 1
    found = table(tmp_path)
    assert "broken.png" in found.loc["broken.png", "error"]
    assert (found.loc["broken.png", ["prediction", "unsuitable", *PROBABILITIES]] == "").all()
    assert (found.drop(index="broken.png")["prediction"] != "").all()
    assert "broken.png" in caplog.text
    assert "5 images, 1 of them unreadable, 0 not" in caplog.text
    assert "error: " in capsys.readouterr().out


def test_an_image_that_is_given_twice_is_predicted_once(predict, pictures, tmp_path):
    Image.open(pictures / "a.png").save(tmp_path / "e.png")
    assert predict(pictures / "a.png", pictures, tmp_path / "e.png") == 0
    assert len(table(tmp_path)) == 10


def test_many_images_are_printed_as_a_summary_and_the_first_rows(
    predict, pictures, tmp_path, capsys
):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(22):
        name = "broken" if number == 21 else "turned" if number == 20 else "a"
        source = pictures / f"{name}.png"
        content = source.read_bytes() if name != "broken" else b"\x89PNG\r\n\x1a\n no picture"
        (folder / f"{number:02}.png").write_bytes(content)
    assert predict(folder) == 1
    assert len(table(tmp_path)) == 22
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:21]] == [f"{number:02}.png" for number in range(20)]
    assert lines[21] == f"… and 2 more; all are in {tmp_path / 'results/predictions.csv'}"
    summary = dict(reversed(line.split(maxsplit=1)) for line in lines[23:-2])
    counts = [int(summary[name]) for name in ("COVID-19", "Pneumonia", "Normal")]
    assert sum(counts) == max(counts) == 20
    assert summary["no upright frontal chest radiograph"] == summary["unreadable"] == "1"
    assert summary["images"] == "22"
    assert lines[-1] == RESEARCH_USE_ONLY


def test_progress_moves_with_every_image_of_a_batch(pictures, models, monkeypatch, tmp_path):
    moves = []

    class Bar(tqdm):
        def update(self, n=1):
            moves.append(n)
            return super().update(n)

    monkeypatch.setattr("monai_covid.cli.predict.tqdm", Bar)
    images = [str(pictures / name) for name in ("a.png", "turned.png", MIRRORED)]
    model = ["--model", str(models[0]), "--batch-size", "16"]
    assert main(["predict", *images, *model]) == 0
    assert moves == [1, 1, 1]
    moves.clear()
    assert main(["predict", *images, *model, "--heatmaps", "--out", str(tmp_path / "x")]) == 0
    assert moves == [1, 1, 1]

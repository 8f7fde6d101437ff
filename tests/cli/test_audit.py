"""``monai-covid audit``: what it runs, writes and refuses."""

import json

import pandas as pd
import pytest
import torch

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.cli.main import main
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom, write_phantom
from monai_covid.labels import display
from monai_covid.models.model_file import ModelInfo, save_model


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Let the audit of leaks compare and copy few images; tests/audits has its own tests."""
    monkeypatch.setattr("monai_covid.audits.leaks.search.RANDOM_PAIRS", 4)
    monkeypatch.setattr("monai_covid.audits.leaks.trial.IMAGES", 1)


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """A synthetic collection with folds."""
    folder = tmp_path_factory.mktemp("collection")
    options = PhantomOptions(size=64)
    write_covid_phantom(folder / "data", images_per_class=6, seed=0, options=options)
    return folder / "data"


def test_without_a_model_the_collection_alone_is_audited(collection, tmp_path, capsys):
    out = tmp_path / "audit"
    line = ["audit", "leaks", "words", "external", "--data", str(collection), "--out", str(out)]
    assert main(line) == 0
    content = json.loads((out / "audit.json").read_text())
    assert content["notice"] == RESEARCH_USE_ONLY
    assert list(content["audits"]) == ["leaks"]
    assert content["left_out"] == {"text": "needs --model", "external": "needs --model"}
    page = (out / "index.html").read_text()
    assert RESEARCH_USE_ONLY in page
    assert content["audits"]["leaks"]["question"] in page
    for name in ("text", "external"):
        assert f"<td>{name}</td><td>not run: needs --model</td>" in page
    assert "<h2>Verdicts</h2>" in page
    assert "<h3>" in page
    assert 'src="http' not in page
    printed = capsys.readouterr()
    assert content["audits"]["leaks"]["summary"] in printed.out
    assert "warning: words is now text" in printed.err
    assert "image/s" in printed.err


def test_classes_are_written_as_the_label_set_says(collection, tmp_path, monkeypatch):
    """The page is made by the process that reads the label set, so nothing of it is stored."""
    monkeypatch.setattr(display, "_FROM_FILES", {})
    (tmp_path / "labels.yaml").write_text(
        "labels:\n- {name: covid19, display: Coronavirus}\n- {name: pneumonia}\n- {name: normal}\n"
    )
    words = ["--data", collection, "--classes", tmp_path / "labels.yaml", "--out", tmp_path / "out"]
    assert main(["audit", "shortcuts", *map(str, words), "--resamples", "40", "--quiet"]) == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Coronavirus" in page
    assert "COVID-19" not in page


def test_quiet_shows_no_progress(collection, tmp_path, capsys):
    line = ["audit", "leaks", "--data", str(collection), "--out", str(tmp_path / "audit")]
    assert main([*line, "--quiet"]) == 0
    assert "image/s" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["audit", "calibrate"])
def test_an_unusable_device_is_named(collection, tmp_path, command):
    model = tmp_path / "model.pt"
    model.write_bytes(b"")
    line = [command, "--data", str(collection), "--model", str(model), "--device", "nonsense"]
    with pytest.raises(SystemExit, match="--device nonsense: not usable here"):
        main([*line, "--out", str(tmp_path / "out")])


@pytest.mark.parametrize("command", ["audit", "calibrate"])
def test_a_gpu_is_used_if_there_is_one(collection, tmp_path, monkeypatch, command):
    """As by every other command that computes."""

    class ChosenError(Exception):
        pass

    def classifier(model, device, *, quiet):
        raise ChosenError(device)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(f"monai_covid.cli.{command}.ClassifierWithProgress", classifier)
    line = [command, "--data", str(collection), "--model", "m.pt", "--out", str(tmp_path / "out")]
    with pytest.raises(ChosenError, match="cuda:0"):
        main(line)


def refused(line):
    with pytest.raises(SystemExit) as caught:
        main(["audit", *map(str, line)])
    assert caught.value.code != 0
    return str(caught.value.code)


def test_unknown_audits_are_named(collection, tmp_path):
    line = ["lungs", "--data", collection, "--out", tmp_path / "out"]
    message = refused(line)
    known = "text, shortcuts, groups, leaks, external, readings"
    assert message == f"error: no audit lungs; there are {known}"
    assert not (tmp_path / "out").exists()


def test_files_of_others_are_not_replaced(collection, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    message = refused(["leaks", "--data", collection, "--out", tmp_path, "--overwrite"])
    assert "--out" in message
    assert "not replaced" in message
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_an_earlier_report_stays_unless_asked(collection, tmp_path):
    out = tmp_path / "audit"
    line = ["audit", "leaks", "--data", str(collection), "--out", str(out)]
    assert main(line) == 0
    before = (out / "index.html").stat().st_mtime_ns
    assert "--overwrite" in refused(line[1:])
    assert (out / "index.html").stat().st_mtime_ns == before
    assert main([*line, "--overwrite"]) == 0
    assert (out / "index.html").stat().st_mtime_ns != before


def test_nothing_is_left_behind_after_an_error(collection, tmp_path):
    out = tmp_path / "audit"
    line = ["leaks", "--data", tmp_path / "nowhere.csv", "--out", out]
    assert "nowhere.csv" in refused(line)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["letter.txt", "letter.txt/audit"])
def test_a_place_that_cannot_be_written_to_is_named(collection, tmp_path, place):
    (tmp_path / "letter.txt").write_text("dear")
    assert "letter.txt" in refused(["leaks", "--data", collection, "--out", tmp_path / place])


def test_numbers_out_of_range_are_named_together(collection, tmp_path):
    wrong = ["--resamples", 3, "--batch-size", 0, "--fold", -1, "--seed", -2]
    message = refused(["leaks", "--data", collection, "--out", tmp_path / "out", *wrong])
    for text in ("--resamples is 3", "--batch-size is 0", "--fold is -1", "--seed is -2"):
        assert text in message


def test_a_fold_without_images_is_an_error_before_the_work(collection, tmp_path):
    message = refused(["leaks", "--data", collection, "--fold", 9, "--out", tmp_path / "out"])
    assert "no image has fold 9; folds of this file: 0, 1, 2, 3, 4" in message


def test_an_empty_external_folder_is_an_error(collection, tmp_path):
    (tmp_path / "empty").mkdir()
    line = ["--data", collection, "--external", tmp_path / "empty", "--out", tmp_path / "out"]
    message = refused(line)
    assert "is no collection of a known layout" in message
    assert "metadata.csv, that has the columns image and label" in message


def test_two_external_collections_of_one_name_are_refused(collection, tmp_path):
    line = ["--data", collection, "--external", collection, collection]
    assert "called 'data'" in refused([*line, "--out", tmp_path / "out"])


def test_readings_are_asked_about_and_those_of_other_images_refused(collection, tmp_path):
    info, model = ModelInfo(image_size=64), tmp_path / "model.pt"
    torch.manual_seed(0)
    save_model(model, info.build().state_dict(), info)
    names = pd.read_csv(collection / "metadata.csv")["image"]
    readings, out = tmp_path / "readings.csv", tmp_path / "out"
    seen = [place % 2 for place in range(len(names))]
    pd.DataFrame({"image": names, "pneumonia": seen}).to_csv(readings, index=False)
    line = ["audit", "readings", "--data", collection, "--model", model, "--resamples", 40]
    line += ["--readings", readings, "--out", out]
    assert main(list(map(str, line))) == 0
    found = json.loads((out / "audit.json").read_text())["audits"]["readings"]
    assert found["verdict"] == "inconclusive"
    assert found["numbers"]["classes"]["pneumonia"]["images"] == len(names)
    readings.write_text("image,pneumonia\nelsewhere.png,1\n")
    message = refused([*line[1:-1], tmp_path / "other"])
    assert "readings.csv: none of its images is in" in message
    assert not (tmp_path / "other").exists()


def test_the_fold_is_of_those_that_the_model_was_trained_with(collection, tmp_path):
    info, model = ModelInfo(image_size=64), tmp_path / "model.pt"
    save_model(model, info.build().state_dict(), info)
    table = pd.read_csv(collection / "metadata.csv")
    table["source"] = ["north" if row % 2 else "south" for row in range(len(table))]
    table["patient_id"] = [f"p{row}" for row in range(len(table))]
    data, out = tmp_path / "hospitals.csv", tmp_path / "out"
    table.to_csv(data, index=False)
    summary = tmp_path / "summary.json"
    summary.write_text(json.dumps({"settings": {"hold_out_by": "source"}}))
    line = [
        "audit",
        "groups",
        "--data",
        data,
        "--image-dir",
        collection / "images",
        "--model",
        model,
    ]
    line += ["--resamples", 40, "--quiet", "--out", out]
    message = refused([*line[1:], "--fold", 1])
    assert "model.pt was trained with hold_out_by source (its summary.json tells)" in message
    assert message.endswith(
        "give --hold-out-by source, or, for images of another collection, leave out --fold"
    )
    assert not out.exists()
    assert "--hold-out-by source: give --fold" in refused([*line[1:], "--hold-out-by", "source"])
    held_out = ["--fold", 1, "--hold-out-by", "source"]
    assert main(list(map(str, [*line, *held_out]))) == 0
    found = json.loads((out / "audit.json").read_text())
    assert (found["fold"], found["hold_out_by"]) == (1, "source")
    summary.write_text(json.dumps({"settings": {"hold_out_by": None}}))
    message = refused([*line[1:], *held_out, "--overwrite"])
    assert "was trained with folds of patients" in message
    assert "leave out --hold-out-by source" in message


def test_chestxray14_serves_as_another_hospital(tmp_path):
    info, model = ModelInfo(image_size=64), tmp_path / "model.pt"
    torch.manual_seed(0)
    save_model(model, info.build().state_dict(), info)
    data = tmp_path / "phantom"
    options = PhantomOptions(size=64)
    write_phantom(data, nih_images=24, covid_images_per_class=6, seed=0, options=options)
    out = tmp_path / "audit"
    line = ["audit", "external", "--data", data / "covid", "--external", data / "nih"]
    line += ["--model", model, "--resamples", 40, "--out", out]
    assert main(list(map(str, line))) == 0
    external = json.loads((out / "audit.json").read_text())["audits"]["external"]["numbers"]
    nih = external["external"]["nih"]
    assert nih["images"] + nih["left_out_images"] > 0
    assert nih["class_mix"].get("covid19", 0) == 0

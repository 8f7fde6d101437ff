"""``import monai_covid``: light, and what its reference page shows works as it stands."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pydicom
import pytest
import torch
from PIL import Image

import monai_covid
from monai_covid.errors import ImageReadError, OptionError, WeightsError
from monai_covid.evaluation.predictions import multiclass_table, write_predictions
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.labels import COVID_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.preprocessing.suitability.assess import REASONS
from tests.cli.predict.results import random_network
from tests.conftest import REPOSITORY
from tests.dicom.instances import instance, saved
from tests.inference.chests import chest, narrow_chest

PAGE = REPOSITORY / "docs/reference/api.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def folder(small_network, tmp_path_factory):
    """A bundle with a small network, and the files that the page names."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "bundle/models").mkdir(parents=True)
    random_network(folder / "bundle/models/model.pt", 0)
    random_network(folder / "other.pt", 1)
    Image.fromarray(narrow_chest()).save(folder / "chest.png")
    saved(instance(narrow_chest()), folder / "chest.dcm")
    rows = np.eye(3)[[0, 1, 2, 0, 1, 2]] * 0.6 + 0.4 / 3
    names = [str(number) for number in range(6)]
    table = multiclass_table(names, names, [0, 1, 2, 0, 1, 2], rows, COVID_LABELS)
    write_predictions(table, folder / "predictions.csv")
    options = PhantomOptions(size=64)
    write_covid_phantom(folder / "collection", images_per_class=3, seed=0, options=options)
    return folder


@pytest.fixture
def model(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return monai_covid.load(device="cpu")


def test_importing_it_is_quick_and_loads_no_torch():
    program = (
        "import time; begin = time.process_time()\n"
        "import monai_covid, sys\n"
        "print(time.process_time() - begin)\n"
        "print(sorted({'torch', 'monai', 'numpy', 'pandas'} & set(sys.modules)))\n"
        "print(sorted(set(monai_covid.__all__) - set(dir(monai_covid))))\n"
        "monai_covid.read_image\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, heavy, missing, after_reading = done.stdout.splitlines()
    assert float(seconds) < 0.3
    assert heavy == missing == "[]"
    assert after_reading == "False"


def test_everything_that_it_offers_is_there():
    for name in monai_covid.__all__:
        assert getattr(monai_covid, name)
    with pytest.raises(AttributeError, match="nothing"):
        _ = monai_covid.nothing


def test_what_the_page_shows_works(folder, monkeypatch, tmp_path, capsys):
    for name in ("bundle", "collection", "chest.png", "chest.dcm", "predictions.csv"):
        (tmp_path / name).symlink_to(folder / name)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(SNIPPETS) == 4
    for snippet in SNIPPETS:
        exec(compile(snippet, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "missing.png: cannot be opened" in printed
    assert "(192, 160)" in printed
    for picture in ("heatmap.png", "pneumonia.png"):
        with Image.open(tmp_path / picture) as drawn:
            colours = np.asarray(drawn.convert("RGB"), dtype=float)
        assert (np.ptp(colours, axis=2) > 40).mean() > 0.01
    assert (tmp_path / "audit/index.html").is_file()


def test_every_kind_of_source_gives_the_same_answer(model, folder):
    pixels = narrow_chest()
    expected = model.predict("chest.png")
    assert list(expected.probabilities) == list(COVID_LABELS)
    sources = [
        folder / "chest.dcm",
        pixels,
        pixels.astype(np.int64) * 3 - 100,
        pixels[:, ::-1][:, ::-1].astype(np.float64) / 255,
        monai_covid.read_image("chest.png"),
        Image.fromarray(pixels),
        Image.open("chest.png"),
        Image.fromarray(np.stack([pixels] * 3, axis=2)),
        pydicom.dcmread("chest.dcm"),
        instance(pixels),
    ]
    answers = [model.predict(source) for source in sources]
    for answer in (*answers, *model.predict(sources), *model.predict(tuple(sources))):
        assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert answer.cautions == expected.cautions
        assert answer.error == ""


def test_a_list_loses_no_image(model, folder):
    turned = np.ascontiguousarray(np.rot90(chest(), 2))
    (folder / "damaged.png").write_bytes((folder / "chest.png").read_bytes()[:200])
    sources = ["chest.png", "nowhere.png", turned, "damaged.png", np.zeros((0, 0)), folder]
    good, missing, unsuitable, damaged, empty, directory = model.predict(sources, batch_size=2)
    assert good.label in COVID_LABELS
    assert unsuitable.unsuitable == (REASONS["turned_180"],)
    assert unsuitable.probabilities == {}
    for answer, words in (
        (missing, "nowhere.png: cannot be opened"),
        (damaged, "damaged.png: cannot be decoded"),
        (empty, "array 0x0: is 0 x 0 pixels"),
        (directory, "is a folder; an image file is needed"),
    ):
        assert words in answer.error
        assert answer.probabilities == {}
    assert model.predict([]) == []
    (kept,) = model.predict([turned], keep_unsuitable=True)
    assert kept.unsuitable == unsuitable.unsuitable
    assert sum(kept.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere.png", "nowhere.png: cannot be opened"),
        (np.zeros((64, 64, 3), np.uint8), "array 64x64x3: has 3 dimensions"),
        (np.zeros((1, 64, 64)), "one grey image (H, W) is needed"),
        (np.zeros(64), "has 1 dimensions"),
        (np.full((64, 64), np.nan), "holds NaN or infinite"),
        (np.zeros((64, 64), bool), "its type is bool"),
        (np.zeros((64, 64), complex), "its type is complex128"),
        (np.array([["a"] * 64] * 64), "its type is <U1"),
        (np.zeros((31, 64)), "at least 32 x 32"),
        (Image.new("L", (16, 16)), "picture 16x16: is 16 x 16 pixels"),
        (pydicom.Dataset(), "DICOM instance"),
    ],
)
def test_one_image_that_cannot_be_used_is_an_error(model, source, words):
    for ask in (model.predict, model.explain):
        with pytest.raises(ImageReadError) as refused:
            ask(source)
        assert words in str(refused.value)


@pytest.mark.parametrize(
    "wrong", [None, 7, b"chest.png", {"image": "chest.png"}, torch.zeros(64, 64), iter(["a.png"])]
)
def test_what_is_no_image_is_a_type_error(model, wrong):
    for ask in (model.predict, model.explain, lambda wrong: model.predict(["chest.png", wrong])):
        with pytest.raises(TypeError, match=f"a path, .* not {type(wrong).__name__}"):
            ask(wrong)


def test_a_path_or_an_array_is_never_taken_apart(model):
    classifier = model.classifier
    for one in ("chest.png", np.zeros((64, 64), np.uint8), model):
        with pytest.raises(TypeError, match="several images are a list or tuple, not"):
            classifier.predict(one)
    with pytest.raises(TypeError, match="not list; give one image at a time"):
        model.explain(["chest.png"])
    nested = [["chest.png"]]
    with pytest.raises(TypeError, match="not list"):
        model.predict(nested)


def test_a_header_of_another_view_or_part_is_a_reason(model):
    lateral = instance(narrow_chest(), ViewPosition="LL")
    answer = model.predict(lateral)
    assert answer.probabilities == {}
    (reason,) = answer.unsuitable
    assert reason.startswith("ViewPosition (0018,5101) is 'LL'")
    assert model.predict(instance(narrow_chest(), BodyPartExamined="KNEE")).unsuitable
    with pytest.raises(ImageReadError, match=r"ViewPosition.*keep_unsuitable=True"):
        model.explain(lateral)
    assert model.explain(lateral, keep_unsuitable=True).relevance.shape == (192, 160)


def test_predictions_say_what_they_are(model):
    answer = model.predict("chest.png")
    assert answer.notice == monai_covid.RESEARCH_USE_ONLY
    for words in ("chest.png", f"covid19 {answer.probabilities['covid19']:.3f}", answer.notice):
        assert words in repr(answer)
    turned = model.predict(np.ascontiguousarray(np.rot90(chest(), 2)))
    assert f"no prediction. unsuitable: {REASONS['turned_180']}" in repr(turned)
    assert "error: cannot be opened" in repr(model.predict(["nowhere.png"])[0])
    assert "densenet121, 32 px: covid19, pneumonia, normal" in repr(model)


def test_a_heatmap_lies_on_its_image_and_says_what_it_is(model, tmp_path):
    heatmap = model.explain("chest.png")
    assert heatmap.label == model.predict("chest.png").label
    assert heatmap.relevance.shape == (192, 160)
    assert heatmap.relevance.dtype == np.float32
    assert heatmap.relevance.sum(dtype=float) == pytest.approx(
        heatmap.values.sum(dtype=float), rel=1e-3
    )
    assert heatmap.notice in repr(heatmap)
    png = heatmap._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert heatmap.save(tmp_path / "x.png").read_bytes()[:8] == png[:8]
    with pytest.raises(OptionError, match=r"x\.npy: a heatmap is saved as \.png"):
        heatmap.save(tmp_path / "x.npy")
    other = model.explain("chest.png", "normal", contrast=False)
    assert other.label == "normal"
    assert not np.allclose(other.values, model.explain("chest.png", "normal").values)
    with pytest.raises(OptionError, match="class is 'flu'; it must be one of"):
        model.explain("chest.png", "flu")


def test_models_are_files_folders_bundles_and_lists(folder, model, tmp_path, monkeypatch):
    expected = model.predict("chest.png").probabilities
    for place in (folder / "bundle", folder / "bundle/models/model.pt", str(folder / "bundle")):
        assert monai_covid.load(place, device="cpu").predict("chest.png").probabilities == expected
    ensemble = monai_covid.load([folder / "bundle", folder / "other.pt"], device="cpu")
    single = monai_covid.load(folder / "other.pt", device="cpu").predict("chest.png").probabilities
    mean = {label: (expected[label] + single[label]) / 2 for label in expected}
    assert ensemble.predict("chest.png").probabilities == pytest.approx(mean, abs=1e-6)
    assert "2 networks" in repr(ensemble)
    with pytest.raises(OptionError, match="not an ensemble"):
        ensemble.explain("chest.png")
    with pytest.raises(OptionError, match="no model file; give a model file, or a folder"):
        monai_covid.load(tmp_path)
    (tmp_path / "bad.pt").write_text("no model")
    with pytest.raises(WeightsError, match=r"bad\.pt"):
        monai_covid.load(tmp_path / "bad.pt", device="cpu")
    with pytest.raises(OptionError, match="--device gpu: not usable here"):
        monai_covid.load(folder / "bundle", device="gpu")
    for wrong in (7, b"model.pt", [], [7]):
        with pytest.raises(TypeError, match="a model is the path of a file or folder"):
            monai_covid.load(wrong)


def test_evaluation_takes_a_table_or_its_file_and_nothing_else(folder):
    table = pd.read_csv(folder / "predictions.csv", dtype={"image": str, "patient_id": str})
    by_table = monai_covid.evaluate(table, COVID_LABELS, resamples=40)
    by_file = monai_covid.evaluate(folder / "predictions.csv", resamples=40)
    assert by_table.row("accuracy").value == by_file.row("accuracy").value == 1
    with pytest.raises(TypeError, match="a pandas DataFrame or the path of a CSV, not list"):
        monai_covid.evaluate([1, 2])


def test_an_audit_takes_one_network_or_none(folder, model, tmp_path):
    data = folder / "collection"
    with pytest.raises(OptionError, match="not an ensemble"):
        ensemble = monai_covid.load([folder / "bundle", folder / "other.pt"], device="cpu")
        monai_covid.audit(data, ensemble, tmp_path / "audit")
    with pytest.raises(OptionError, match="no audit nothing"):
        monai_covid.audit(data, None, tmp_path / "audit", names=["nothing"])
    assert not (tmp_path / "audit").exists()
    findings = monai_covid.audit(data, None, tmp_path / "audit", names=["leaks"])
    assert list(findings) == ["leaks"]
    with pytest.raises(OptionError, match=r"already has audit\.json"):
        monai_covid.audit(data, None, tmp_path / "audit", names=["leaks"])

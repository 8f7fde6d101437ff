"""An image is decoded once, assessed once, and answered alike by everything that answers."""

import json
from collections import Counter

import monai.bundle
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import monai_covid
from monai_covid.cli.main import main
from monai_covid.errors import ImageReadError
from monai_covid.evaluation.calibration.record import UncertaintyCutoff
from monai_covid.inference import image as reading
from monai_covid.inference import selection, sources
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.prefetch import PrefetchingPipeline
from monai_covid.inference.study import StudyPipeline
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.preprocessing.suitability import assess as suitability
from monai_covid.preprocessing.suitability.assess import CAUTIONS, REASONS
from tests.cli.predict.results import PROBABILITIES, calibrated, random_network
from tests.conftest import REPOSITORY
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph, save

JANE = PEOPLE[0]
ALL_UNSURE = UncertaintyCutoff(
    "max_probability", 0.0, "coverage", 0.8, 0.8, 0.7, 0.9, 0.9, 0.8, 1, 0.85
)


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def model(small_network, tmp_path_factory):
    """A calibrated network that is unsure of everything."""
    folder = tmp_path_factory.mktemp("model")
    plain = random_network(folder / "plain.pt", 0)
    return calibrated(plain, folder / "model.pt", {}, ALL_UNSURE)


@pytest.fixture
def files(tmp_path):
    """A mirrored chest as DICOM and as PNG of the same pixels, and one upside-down as DICOM."""
    mirrored = radiograph(JANE, "alike", number=1, bits=8)
    pixels = np.ascontiguousarray(mirrored.pixel_array[:, ::-1])
    mirrored.PixelData = pixels.tobytes()
    turned = radiograph(JANE, "alike", number=2, bits=8)
    turned.PixelData = np.ascontiguousarray(turned.pixel_array[::-1, ::-1]).tobytes()
    chest, upside_down = save([mirrored, turned], tmp_path / "images")
    Image.fromarray(pixels).save(tmp_path / "images/same.png")
    return chest, tmp_path / "images/same.png", upside_down


@pytest.fixture
def calls(monkeypatch):
    """How often anything was decoded, assessed and passed through the network, in all."""
    counts = Counter()

    def count(module, name, what):
        original = getattr(module, name)

        def counting(*args, **kwargs):
            counts[what] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    count(sources, "read_image", "decoded")
    count(sources, "read_radiograph", "decoded")
    count(selection, "read_radiograph", "decoded")
    count(suitability, "assess", "assessed")
    count(reading, "prepare_pixels", "prepared")
    count(Classifier, "answer", "passed")
    return counts


def run_config(name, model, folder, out):
    monai.bundle.run(
        config_file=str(REPOSITORY / f"bundle/configs/{name}.yaml"),
        bundle_root=str(REPOSITORY / "bundle"),
        dataset_dir=str(folder),
        output_dir=str(out),
        checkpoint=str(model),
        progress=False,
        logging_file=False,
        device="cpu",
        run_id={"inference": "inferring", "explain": "explaining"}[name],
    )


def rows(folder, table="predictions.csv"):
    frame = pd.read_csv(folder / table, keep_default_na=False)
    return {row["image"].rsplit("/", 1)[-1]: row for row in frame.to_dict("records")}


def test_everything_answers_alike(model, files, tmp_path):
    chest, png, upside_down = files
    loaded = monai_covid.load(model, device="cpu")
    expected = loaded.predict(str(chest))
    assert expected.cautions == (CAUTIONS["mirrored"],)
    (unsure,) = expected.uncertain
    assert unsure.startswith("The network is unsure")
    numbers = list(expected.probabilities.values())

    common = ["--model", str(model), "--device", "cpu", "--quiet"]
    folder = str(chest.parent)
    assert main(["predict", folder, "--out", str(tmp_path / "predict"), *common]) == 0
    assert main(["explain", folder, "--out", str(tmp_path / "explain"), *common]) == 0
    run_config("inference", model, folder, tmp_path / "inference")
    run_config("explain", model, folder, tmp_path / "explaining")
    for out in ("predict", "inference"):
        table = rows(tmp_path / out)
        for name in (chest.name, png.name):
            row = table[name]
            assert [float(row[each]) for each in PROBABILITIES] == pytest.approx(numbers, abs=1e-6)
            assert row["cautions"] == CAUTIONS["mirrored"]
            assert row["uncertain"].startswith("The network is unsure")
        assert table[upside_down.name]["unsuitable"] == REASONS["turned_180"]
        assert table[upside_down.name]["prediction"] == ""
        content = json.loads((tmp_path / out / "predictions.json").read_text())["predictions"]
        assert {tuple(row["cautions"]) for row in content if row["prediction"]} == {
            expected.cautions
        }
    for out in ("explain", "explaining"):
        table = rows(tmp_path / out, "heatmaps.csv")
        for name in (chest.name, png.name):
            row = table[name]
            assert [float(row[each]) for each in PROBABILITIES] == pytest.approx(numbers, abs=1e-6)
        assert table[upside_down.name]["unsuitable"] == REASONS["turned_180"]
        assert table[upside_down.name]["files"] == ""

    pipeline = StudyPipeline(model)
    selected = pipeline.select(selection.read_headers([chest, upside_down])[0])
    (finding,) = pipeline.infer(selected.images)
    assert finding.probabilities == pytest.approx(numbers, abs=1e-6)
    assert finding.cautions == (*expected.cautions, unsure)
    assert [each.reason for each in selected.refusals] == [REASONS["turned_180"].rstrip(".")]
    assert finding.explained == loaded.explain(str(chest)).label


def test_commands_decode_and_assess_each_image_once(model, files, tmp_path, calls):
    common = ["--model", str(model), "--device", "cpu", "--quiet"]
    once = {"decoded": 3, "assessed": 3, "prepared": 2, "passed": 1}
    commands = (
        ["predict", "--out", str(tmp_path / "a")],
        ["predict", "--heatmaps", "--out", str(tmp_path / "b")],
        ["explain", "--out", str(tmp_path / "c")],
    )
    for command, *arguments in commands:
        calls.clear()
        assert main([command, str(files[0].parent), *arguments, *common]) == 0
        assert calls == once


@pytest.mark.parametrize("name", ["inference", "explain"])
def test_configs_decode_and_assess_each_image_once(name, model, files, tmp_path, calls):
    run_config(name, model, files[0].parent, tmp_path / "out")
    assert calls == {"decoded": 3, "assessed": 3, "prepared": 2}


def test_the_front_door_decodes_and_assesses_once(model, files, calls):
    loaded = monai_covid.load(model, device="cpu")
    loaded.predict(files[0])
    assert calls == {"decoded": 1, "assessed": 1, "prepared": 1, "passed": 1}
    calls.clear()
    loaded.explain(files[0], "covid19").figures()
    assert calls == {"decoded": 1, "assessed": 1, "prepared": 1, "passed": 1}


def test_the_service_does_nothing_again_that_it_did_ahead(model, files, calls):
    chest, _, upside_down = files
    pipeline = PrefetchingPipeline(StudyPipeline(model))
    calls.clear()  # of the warm-up image
    assert pipeline.look_ahead(chest)
    assert pipeline.look_ahead(upside_down)
    ahead = {"decoded": 2, "assessed": 2, "prepared": 1, "passed": 1}
    assert calls == ahead
    outcome = pipeline([chest, upside_down])
    assert calls == ahead
    assert len(outcome.results) == 4
    (refusal,) = outcome.refusals
    assert refusal.file == upside_down


def test_nothing_but_the_core_makes_predictions():
    makers = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "monai_covid").rglob("*.py")
        if "Prediction(" in path.read_text(encoding="utf-8")
    }
    assert makers == {"monai_covid/inference/answer.py"}


def test_a_contradictory_shape_is_trusted_alike(model, tmp_path):
    image = radiograph(JANE, "polarity", bits=8)
    image.PresentationLUTShape = "INVERSE"
    (file,) = save([image], tmp_path / "images")
    service = StudyPipeline(model, trust_photometric=True)
    (finding,) = service.infer(service.select(selection.read_headers([file])[0]).images)
    expected = pytest.approx(finding.probabilities, abs=1e-6)

    loaded = monai_covid.load(model, device="cpu")
    for ask in (loaded.predict, loaded.explain):
        with pytest.raises(
            ImageReadError, match=r"PresentationLUTShape \(2050,0020\) is 'INVERSE'"
        ):
            ask(file)
    assert [*loaded.predict(file, trust_photometric=True).probabilities.values()] == expected
    heatmap = loaded.explain(file, trust_photometric=True)
    assert [*heatmap.prediction.probabilities.values()] == expected

    common = ["--model", str(model), "--device", "cpu", "--quiet"]
    for command, table in (("predict", "predictions.csv"), ("explain", "heatmaps.csv")):
        for option, status in (([], 1), (["--trust-photometric"], 0)):
            out = tmp_path / f"{command}{status}"
            assert main([command, str(file), "--out", str(out), *option, *common]) == status
        (row,) = rows(out, table).values()
        assert [float(row[each]) for each in PROBABILITIES] == expected

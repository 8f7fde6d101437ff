"""Images that the network is too unsure of say so in the DICOM results."""

from dataclasses import replace

import pytest
import torch

from monai_covid.dicom.results.finding import caution_line
from monai_covid.evaluation.calibration.record import Calibration, UncertaintyCutoff
from monai_covid.inference.study import StudyPipeline, warm_up_image
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, load_model, save_model

BLURRED = "The image may be blurred."


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture
def plain_model(tmp_path):
    """Model file of a small network with random weights and no calibration."""
    info = ModelInfo(image_size=32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_model(tmp_path / "plain.pt", info.build().state_dict(), info)
    return tmp_path / "plain.pt"


def with_cutoff(model, path, value):
    """Copy a model file with a cut-off."""
    found = UncertaintyCutoff("entropy", value, "coverage", 0.8, 0.8, 0.7, 0.9, 0.9, 0.8, 1, 0.85)
    network, info = load_model(model)
    calibration = Calibration("some", 200, 160, 1.0, 0.9, (), found)
    save_model(path, network.state_dict(), replace(info, calibration=calibration))
    return path


def comments(report):
    return [item.TextValue for item in report.ContentSequence if item.ValueType == "TEXT"]


@pytest.mark.parametrize(("value", "unsure"), [(0.0, True), (1.2, False)])
def test_report_annotation_and_overlay_say_so(plain_model, tmp_path, value, unsure):
    image = warm_up_image()
    blurred = replace(image.radiograph, unsuitable=(), cautions=(BLURRED,))
    image = image._replace(radiograph=blurred)
    files = (plain_model, with_cutoff(plain_model, tmp_path / "model.pt", value))
    plain, asked = map(StudyPipeline, files)
    (before,), (finding,) = plain.infer([image]), asked.infer([image])
    assert finding.probabilities == before.probabilities
    taller = finding.overlay.shape[0] - before.overlay.shape[0]
    if not unsure:
        assert finding.cautions == (BLURRED,)
        assert taller == 0
        return
    first, second = finding.cautions
    assert first == BLURRED
    assert second.startswith("The network is unsure: the entropy of its probabilities is 1.0")
    assert taller > 0
    by_kind = {each.Modality: each for each in asked.write([finding])}
    assert caution_line(second) in comments(by_kind["SR"])
    text = by_kind["PR"].GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue
    assert caution_line(second) in text

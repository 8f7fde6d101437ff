"""A temperature reaches every path to probabilities, and heatmaps not at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from monai_covid.errors import WeightsError
from monai_covid.evaluation.calibration.temperature import temperature_of
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.collector import EvaluationFolder
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.study import StudyPipeline, warm_up_image
from monai_covid.labels import NIH_LABELS
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, load_model, read_model_info, save_model
from monai_covid.preprocessing.probability import ProbabilityFromLogitsd, probabilities_of

SIZE, WARM = 32, 2.5


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def model(small_network, tmp_path_factory):
    """Model file of a small network with random weights."""
    return random_network(tmp_path_factory.mktemp("small") / "model.pt", 0)


def random_network(path, seed, **changed):
    info = ModelInfo(**{"image_size": SIZE, **changed})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_model(path, info.build().state_dict(), info)
    return path


def at_temperature(model, path, temperature=WARM, **changed):
    """Copy a model file with another temperature."""
    network, info = load_model(model)
    save_model(path, network.state_dict(), replace(info, temperature=temperature, **changed))
    return path


@pytest.fixture
def warm(model, tmp_path):
    return at_temperature(model, tmp_path / "warm.pt")


def pictures(n=3, seed=0):
    return torch.rand(n, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def test_temperature_1_changes_no_bit(model):
    logits = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * 20
    assert torch.equal(probabilities_of(logits, multilabel=False), logits.softmax(1))
    assert torch.equal(probabilities_of(logits, multilabel=True), logits.sigmoid())
    classifier = Classifier(model)
    with torch.inference_mode():
        expected = classifier.network(pictures()).softmax(1)
    assert torch.equal(classifier.probabilities(pictures()), expected)


@pytest.mark.parametrize("multilabel", [False, True])
def test_logits_are_divided_by_the_temperature(multilabel):
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * 5
    scaled = logits.double().numpy() / WARM
    expected = expit(scaled) if multilabel else softmax(scaled, axis=1)
    found = ProbabilityFromLogitsd(multilabel=multilabel, temperature=WARM)({"pred": logits})
    np.testing.assert_allclose(found["probability"], expected, atol=1e-6)


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_impossible_temperatures_are_refused(temperature):
    with pytest.raises(ValueError, match="must be above 0"):
        probabilities_of(torch.zeros(1, 3), multilabel=False, temperature=temperature)


def test_the_classifier_is_calibrated_and_its_logits_are_not(model, warm):
    plain, calm = Classifier(model), Classifier(warm)
    assert torch.equal(plain.logits(pictures()), calm.logits(pictures()))
    expected = softmax(plain.logits(pictures()).double().numpy() / WARM, axis=1)
    np.testing.assert_allclose(calm.probabilities(pictures()), expected, atol=1e-6)
    assert not torch.equal(plain.probabilities(pictures()), calm.probabilities(pictures()))


def test_dicom_results_have_calibrated_probabilities_and_the_same_heatmap(model, warm):
    image = warm_up_image()
    plain, calm = (StudyPipeline(file).infer([image])[0] for file in (model, warm))
    assert np.array_equal(plain.relevance, calm.relevance)
    expected = softmax(np.log(plain.probabilities) / WARM)
    np.testing.assert_allclose(calm.probabilities, expected, atol=1e-6)


def test_an_evaluation_notes_the_temperature(tmp_path):
    collected = {
        "name": ["a", "b"],
        "patient_id": ["1", "2"],
        "label": [0, 1],
        "probability": [np.array([0.5, 0.3, 0.2])] * 2,
    }
    plain, calm = ModelInfo(), ModelInfo(temperature=WARM)
    assert temperature_of(EvaluationFolder(tmp_path, calm).table(collected), "") == WARM
    assert "temperature" not in EvaluationFolder(tmp_path, plain).table(collected)


def test_an_ensemble_is_the_mean_of_calibrated_members(model, warm, tmp_path, radiographs):
    files = [model, warm, random_network(tmp_path / "other.pt", 7)]
    ensemble = EnsembleClassifier(files)
    each = torch.stack([Classifier(file).probabilities(pictures()) for file in files])
    assert torch.equal(ensemble.member_probabilities(pictures()), each)
    torch.testing.assert_close(ensemble.probabilities(pictures()), each.mean(0))
    assert ensemble.info == read_model_info(model)
    paths = sorted(radiographs.iterdir())
    (radiographs / "broken.png").write_bytes(b"no image")
    found = list(ensemble.predict([*paths, radiographs / "broken.png"], batch_size=2))
    singly = [list(Classifier(file).predict(paths)) for file in files]
    for position, one in enumerate(found[:-1]):
        mean = np.mean([list(s[position].probabilities.values()) for s in singly], axis=0)
        np.testing.assert_allclose(list(one.probabilities.values()), mean, atol=1e-6)
    assert "broken.png" in found[-1].error


def test_ensembles_of_different_networks_are_refused(model, tmp_path):
    with pytest.raises(WeightsError, match="two or more different model files"):
        EnsembleClassifier([model])
    with pytest.raises(WeightsError, match="two or more different model files"):
        EnsembleClassifier([model, model])
    small = random_network(tmp_path / "other.pt", 7, image_size=64)
    with pytest.raises(WeightsError, match=r"other\.pt: image_size is 64, but 32 in .*model\.pt"):
        EnsembleClassifier([model, small])
    many = random_network(tmp_path / "other.pt", 7, labels=NIH_LABELS, multilabel=True)
    with pytest.raises(WeightsError, match=r"other\.pt: labels is \('Atelectasis'"):
        EnsembleClassifier([model, many])

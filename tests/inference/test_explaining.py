"""Which classes are explained, by which map."""

import numpy as np
import pytest
import torch

from monai_covid.errors import OptionError
from monai_covid.explain.lrp.composites import EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from monai_covid.inference.explaining import ClassExplainer, Explanation, HeatmapRequest
from monai_covid.inference.prediction import Prediction
from monai_covid.labels import COVID_LABELS, NIH_LABELS
from monai_covid.models.model_file import ModelInfo, load_model
from monai_covid.preprocessing.normalise import standardized_range


@pytest.fixture(scope="module")
def images():
    return torch.randn(3, 1, 64, 64, generator=torch.Generator().manual_seed(0))


PROBABILITIES = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.2, 0.2, 0.6]])


def explainer_of(model, request):
    network, info = load_model(model)
    return network, ClassExplainer(network, info, request)


def test_the_predicted_class_of_each_image_and_all_others(model, images):
    network, explainer = explainer_of(model, HeatmapRequest())
    explanations = explainer.explain(images, PROBABILITIES)
    assert explainer.request.contrast
    assert [each.target for each in explanations] == [1, 0, 2]
    lrp = LRP(network, EpsilonZBox(*standardized_range(1)))
    for each, image in zip(explanations, images, strict=True):
        assert sorted(each.maps) == [0, 1, 2]
        for target, values in each.maps.items():
            expected = lrp.attribute(image[None], target, contrast=True)[0].numpy()
            np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-6)


def test_the_class_that_is_asked_for(model, images):
    network, explainer = explainer_of(model, HeatmapRequest("pneumonia", contrast=False))
    explanations = explainer.explain(images, PROBABILITIES)
    assert {each.target for each in explanations} == {COVID_LABELS.index("pneumonia")}
    expected = LRP(network, EpsilonZBox(*standardized_range(1))).attribute(images, 1).numpy()
    for each, values in zip(explanations, expected, strict=True):
        np.testing.assert_allclose(each.maps[1], values, rtol=1e-3, atol=1e-6)


def test_of_many_labels_the_asked_and_the_most_probable():
    torch.manual_seed(0)
    info = ModelInfo(labels=NIH_LABELS, image_size=64, multilabel=True)
    explainer = ClassExplainer(info.build().eval(), info, HeatmapRequest("Hernia"))
    probabilities = torch.linspace(0, 1, 15)[None]
    (explanation,) = explainer.explain(torch.zeros(1, 1, 64, 64), probabilities)
    assert not explainer.request.contrast  # labels that can hold at once speak for themselves
    assert explanation.target == NIH_LABELS.index("Hernia")
    assert sorted(explanation.maps) == [12, 13, 14]


def test_as_many_classes_as_are_asked_for(model, images):
    network, info = load_model(model)
    explainer = ClassExplainer(network, info, HeatmapRequest("normal"), classes=1)
    assert [list(each.maps) for each in explainer.explain(images, PROBABILITIES)] == [[2]] * 3


def of_relevance(total, target=1):
    """An explanation whose map adds up to ``total``."""
    return Explanation(target, {target: np.full((1, 4, 4), total / 16, dtype=np.float32)})


@pytest.mark.parametrize(
    ("explanation", "multilabel", "speaks_against"),
    [
        (of_relevance(-0.5), False, True),
        (of_relevance(0.5), False, False),
        (of_relevance(0.0), False, False),
        (of_relevance(-0.5, target=0), False, False),  # not the answer
        (of_relevance(-0.5), True, True),
        (of_relevance(-0.5, target=0), True, False),
    ],
)
def test_a_heatmap_against_the_answer_is_told(explanation, multilabel, speaks_against):
    said = Prediction("a.png", {"a": 0.3, "b": 0.7}, multilabel)
    assert bool(explanation.contradiction(said)) == speaks_against


@pytest.mark.parametrize("method", ["gradient-times-input", "grad-cam"])
def test_works_on_images_of_inference_mode(model, images, method):
    with torch.inference_mode():
        frozen = images.clone()
    _, explainer = explainer_of(model, HeatmapRequest(method=method))
    assert all(each.maps for each in explainer.explain(frozen, PROBABILITIES))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            HeatmapRequest("covid"),
            "class is 'covid'; it must be one of predicted, covid19, pneumonia",
        ),
        (HeatmapRequest(method="lime"), "method is 'lime'; it must be one of lrp"),
    ],
)
def test_impossible_requests_are_refused(model, request_, message):
    with pytest.raises(OptionError, match=message):
        explainer_of(model, request_)

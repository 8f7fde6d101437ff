import numpy as np
import pytest
import torch

from monai_covid.lab.suitability.train import choose_thresholds, scores_of_bases
from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.resize import resize_to_square
from monai_covid.preprocessing.suitability.network import (
    INPUT_SIDE,
    SuitabilityNetwork,
    question_scores,
)


@pytest.mark.parametrize("most", [0.0, 0.01, 0.1])
def test_no_more_than_asked_are_refused(most: float) -> None:
    random = np.random.default_rng(0)
    found = {name: random.beta(0.3, 2, 500) for name in ("a", "b", "c")}
    thresholds = choose_thresholds(found, most)
    refused = np.any([found[name] > thresholds[name] for name in found], axis=0)
    assert refused.mean() <= most
    # Without the floor of one half, the next lower threshold would refuse one more.
    assert refused.sum() == int(most * 500) or all(value == 0.5 for value in thresholds.values())


def test_thresholds_of_sure_answers_are_one_half() -> None:
    found = {"a": np.full(10, 0.1), "b": np.array([0.2] * 9 + [0.9])}
    assert choose_thresholds(found, 0.1) == {"a": 0.5, "b": 0.5}
    assert choose_thresholds(found, 0.0) == {"a": 0.5, "b": 0.9}


def test_scores_are_those_of_the_equalised_thumbnails() -> None:
    network = SuitabilityNetwork().eval()
    bases = np.random.default_rng(0).random((3, 128, 128)).astype(np.float32)
    found = scores_of_bases(network, bases)
    for index, base in enumerate(bases):
        thumbnail = equalize_histogram(resize_to_square(torch.from_numpy(base)[None], INPUT_SIDE))
        alone = question_scores(network(thumbnail[None]))
        assert found["other"][index] == pytest.approx(float(alone["other"][0].detach()), abs=1e-6)

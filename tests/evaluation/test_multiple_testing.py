import numpy as np
import pytest

from monai_covid.evaluation.multiple_testing import holm


def test_known_example():
    corrected, factors = holm([0.01, 0.04, 0.03, 0.005])
    assert corrected == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert factors == [3, 1, 2, 4]


def test_never_above_one_and_alone_unchanged():
    assert holm([0.9, 0.8])[0] == [1.0, 1.0]
    assert holm([0.2]) == ([0.2], [1])
    assert holm([]) == ([], [])


def test_rejects_what_the_step_down_procedure_rejects():
    generator = np.random.default_rng(0)
    for _ in range(200):
        p_values = generator.random(5) ** 3
        rejected = np.zeros(5, dtype=bool)
        for place, index in enumerate(np.argsort(p_values)):
            if p_values[index] > 0.05 / (5 - place):
                break
            rejected[index] = True
        assert (np.array(holm(list(p_values))[0]) <= 0.05).tolist() == rejected.tolist()

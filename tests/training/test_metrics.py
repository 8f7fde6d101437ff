"""Validation metrics against scikit-learn, pooled over shares of any size."""

import math

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from sklearn.metrics import accuracy_score, roc_auc_score

from monai_covid.errors import DivergenceError
from monai_covid.training.metrics import accuracy, macro_auc, pooled

GENERATOR = np.random.default_rng(0)
LOGITS = torch.from_numpy(GENERATOR.normal(size=(40, 3)).round(1))
CLASSES = torch.from_numpy(GENERATOR.integers(0, 3, 40))
FINDINGS = torch.from_numpy(GENERATOR.integers(0, 2, (40, 3)).astype(np.float32))


def test_auc_of_classes():
    probabilities = LOGITS.softmax(1).numpy()
    expected = roc_auc_score(CLASSES.numpy(), probabilities, multi_class="ovr", average="macro")
    assert macro_auc(LOGITS, CLASSES) == pytest.approx(expected, abs=1e-6)


def test_auc_of_findings():
    expected = roc_auc_score(FINDINGS.numpy(), LOGITS.numpy(), average="macro")
    assert macro_auc(LOGITS, FINDINGS) == pytest.approx(expected, abs=1e-12)


def test_auc_leaves_out_what_is_not_defined():
    findings = FINDINGS.clone()
    findings[:, 1], findings[:, 2] = 0, 1
    expected = roc_auc_score(findings[:, 0].numpy(), LOGITS[:, 0].numpy())
    assert macro_auc(LOGITS, findings) == pytest.approx(expected, abs=1e-12)
    assert math.isnan(macro_auc(LOGITS, torch.zeros(40, 3)))
    assert math.isnan(macro_auc(LOGITS, torch.zeros(40, dtype=torch.int64)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_auc_of_a_diverged_network(value):
    logits = LOGITS.clone()
    logits[3, 1] = value
    with pytest.raises(DivergenceError, match=r"not finite.*learning_rate"):
        macro_auc(logits, CLASSES)


def test_accuracy():
    expected = accuracy_score(CLASSES.numpy(), LOGITS.argmax(1).numpy())
    assert accuracy(LOGITS, CLASSES) == pytest.approx(expected, abs=1e-7)


def test_pooled_over_uneven_batches_and_reset_between_epochs():
    metric = pooled(macro_auc)
    engine = Engine(lambda _, part: {"pred": LOGITS[part], "label": CLASSES[part]})
    metric.attach(engine, "auc")
    for images in (40, 23):
        engine.run([range(at, min(at + 16, images)) for at in range(0, images, 16)], max_epochs=1)
        expected = macro_auc(LOGITS[:images], CLASSES[:images])
        assert engine.state.metrics["auc"] == pytest.approx(expected, abs=1e-12)
        assert type(engine.state.metrics["auc"]) is float


def test_a_pooled_loss_is_that_of_all_images():
    loss = torch.nn.CrossEntropyLoss()
    engine = Engine(lambda _, part: {"pred": LOGITS[part].float(), "label": CLASSES[part]})
    pooled(loss).attach(engine, "loss")
    engine.run([range(0, 32), range(32, 40)])
    assert engine.state.metrics["loss"] == pytest.approx(loss(LOGITS.float(), CLASSES).item())


def test_auc_of_the_known_targets_alone():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(40, 2, generator=generator)
    targets = torch.randint(2, (40, 2), generator=generator).float()
    targets[::3, 0] = targets[5:9, 1] = float("nan")
    known = [~targets[:, label].isnan() for label in range(2)]
    parts = [
        macro_auc(logits[rows, label, None], targets[rows, label, None])
        for label, rows in enumerate(known)
    ]
    assert macro_auc(logits, targets) == pytest.approx(sum(parts) / 2)
    assert np.isnan(macro_auc(logits, torch.full((40, 2), float("nan"))))

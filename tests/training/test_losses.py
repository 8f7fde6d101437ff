"""The loss against PyTorch's own, and its independence of how a batch is divided."""

import pytest
import torch

from monai_covid.errors import OptionError
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.losses import (
    BalancedCrossEntropy,
    KnownBinaryCrossEntropy,
    stage3_loss,
)

COUNTS = (10, 3, 7)


@pytest.fixture
def datalist():
    return [
        {"image": f"{label}{i}", "name": f"{label}{i}", "label": label, "patient_id": f"{i}"}
        for label, count in enumerate(COUNTS)
        for i in range(count)
    ]


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(12, 3, generator=generator, dtype=torch.float64)
    return logits, torch.randint(3, (12,), generator=generator)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_equals_torch_up_to_the_sum_of_weights(datalist, batch, smoothing):
    logits, labels = batch
    weights = torch.tensor([20 / (3 * count) for count in COUNTS], dtype=torch.float64)
    loss = stage3_loss(datalist, ModelInfo(), label_smoothing=smoothing).double()
    if smoothing:
        # torch weighs the smoothed part by every class's weight; here an image has one weight.
        plain = torch.nn.CrossEntropyLoss(reduction="none", label_smoothing=smoothing)
        expected = (plain(logits, labels) * weights[labels]).sum() / 12
    else:
        expected = torch.nn.CrossEntropyLoss(weights, reduction="sum")(logits, labels) / 12
    torch.testing.assert_close(loss(logits, labels), expected, rtol=1e-7, atol=0)


def test_without_balance_it_is_torchs(datalist, batch):
    loss = stage3_loss(datalist, ModelInfo(), balance=False)
    assert torch.equal(loss(*batch), torch.nn.functional.cross_entropy(*batch))


def test_classes_weigh_the_same_over_the_training_images(datalist):
    loss = stage3_loss(datalist, ModelInfo())
    labels = torch.tensor([item["label"] for item in datalist])
    shares = [loss.class_weights[labels[labels == label]].sum() for label in range(3)]
    torch.testing.assert_close(torch.stack(shares), torch.full((3,), 20 / 3))


def test_the_mean_of_the_parts_is_the_whole(batch):
    logits, labels = batch
    loss = BalancedCrossEntropy((0.5, 3.0, 0.8)).double()
    parts = [loss(logits[rank::2], labels[rank::2]) for rank in range(2)]
    torch.testing.assert_close(sum(parts) / 2, loss(logits, labels), rtol=1e-12, atol=0)


def test_weights_move_with_the_logits_type(batch):
    logits, labels = batch
    loss = BalancedCrossEntropy((0.5, 3.0, 0.8))
    assert loss(logits.float(), labels).dtype == torch.float32


def test_a_class_without_images_is_an_error_about_the_options(datalist):
    with pytest.raises(OptionError, match=r"no images of class \[2\].*--limit"):
        stage3_loss(datalist[:13], ModelInfo())


def with_gradient(loss, logits, targets):
    logits = logits.clone().requires_grad_()
    value = loss(logits, targets)
    value.backward()
    return value.detach(), logits.grad


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_all_known_is_torchs_to_the_last_bit(kind):
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        logits = (5 * torch.randn(17, 15, generator=generator)).to(kind)
        targets = torch.randint(2, (17, 15), generator=generator).float()
        known = with_gradient(KnownBinaryCrossEntropy(), logits, targets)
        plain = with_gradient(torch.nn.BCEWithLogitsLoss(), logits, targets)
        assert all(map(torch.equal, known, plain))


def test_unknown_targets_add_nothing():
    """Closed form: the mean over all B·C targets of -log(sigmoid(z)) and -log(1 - sigmoid(z))."""
    nan = float("nan")
    logits = torch.tensor([[0.3, -2.0, 40.0], [1.5, 0.0, -70.0]], dtype=torch.float64)
    targets = torch.tensor([[1.0, nan, nan], [0.0, 1.0, nan]], dtype=torch.float64)
    value, gradient = with_gradient(KnownBinaryCrossEntropy(), logits, targets)
    sure = logits.sigmoid()
    expected = -(sure[0, 0].log() + (1 - sure[1, 0]).log() + sure[1, 1].log()) / 6
    torch.testing.assert_close(value, expected)
    slopes = torch.where(targets.isnan(), 0.0, sure - targets) / 6
    torch.testing.assert_close(gradient, slopes)
    parts = [
        KnownBinaryCrossEntropy()(logits[row : row + 1], targets[row : row + 1]) for row in (0, 1)
    ]
    torch.testing.assert_close(sum(parts) / 2, value)


def test_a_batch_of_which_nothing_is_known():
    unknown = torch.full((2, 3), float("nan"))
    value, gradient = with_gradient(KnownBinaryCrossEntropy(), torch.ones(2, 3), unknown)
    assert value == 0
    assert not gradient.any()

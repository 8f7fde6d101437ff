"""The interface: targets, chunks, threads, precision, unusable input."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from monai_covid.explain.lrp.composites import EpsilonAlpha2Beta1Flat, EpsilonPlusFlat, EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from monai_covid.models.architectures import build_densenet
from tests.explain.lrp.networks import images, small_network

COMPOSITES = [EpsilonPlusFlat(), EpsilonAlpha2Beta1Flat(), EpsilonZBox(-5.0, 5.0)]


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("chunk", [1, 2, 8])
def test_a_batch_is_as_its_images_one_by_one(composite, chunk):
    network, inputs, targets = small_network(), images(5), [0, 1, 2, 1, 0]
    lrp = LRP(network, composite, chunk=chunk)
    together, account = lrp.attribute(inputs, torch.tensor(targets), return_accounting=True)
    assert together.shape == inputs.shape
    for number, target in enumerate(targets):
        alone, alone_account = lrp.attribute(
            inputs[number : number + 1], target, return_accounting=True
        )
        torch.testing.assert_close(together[number], alone[0], atol=1e-5, rtol=1e-5)
        for found, expected in zip(account, alone_account, strict=True):
            torch.testing.assert_close(found[number], expected[0], atol=1e-5, rtol=1e-5)


def test_the_accounting_changes_no_relevance():
    lrp = LRP(small_network())
    with_it, _ = lrp.attribute(images(), 1, return_accounting=True)
    torch.testing.assert_close(with_it, lrp.attribute(images(), 1), atol=0, rtol=0)


@pytest.mark.parametrize("composite", COMPOSITES)
def test_single_precision_is_close_to_double(composite):
    torch.manual_seed(0)
    network, inputs = build_densenet().eval(), images(1, size=(96, 96), dtype=torch.float32)
    single = LRP(network, composite).attribute(inputs, 0).double()
    double = LRP(network.double(), composite).attribute(inputs.double(), 0)
    assert (single - double).abs().max() < 1e-3 * double.abs().max()


def test_threads_do_not_disturb_each_other():
    network = small_network()
    jobs = [(composite, images(3, seed=seed)) for composite in COMPOSITES for seed in range(4)]
    lrps = {id(composite): LRP(network, composite) for composite in COMPOSITES}

    def explain(job):
        composite, inputs = job
        return lrps[id(composite)].attribute(inputs, [0, 1, 2])

    alone = [explain(job) for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(explain, jobs), alone, strict=True):
            torch.testing.assert_close(found, expected, atol=0, rtol=0)


def test_the_input_and_its_gradients_are_left_alone():
    inputs = images().requires_grad_()
    before = inputs.detach().clone()
    relevance = LRP(small_network()).attribute(inputs, 0)
    assert not relevance.requires_grad
    assert inputs.grad is None
    assert torch.equal(inputs.detach(), before)
    assert relevance.is_contiguous()


@pytest.mark.parametrize("composite", COMPOSITES)
def test_autocast_and_inference_mode_change_nothing(composite):
    network, inputs = small_network(dtype=torch.float32), images(dtype=torch.float32)
    lrp = LRP(network, composite)
    expected, account = lrp.attribute(inputs, 0, return_accounting=True)
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        found, found_account = lrp.attribute(inputs, 0, return_accounting=True)
        made_here = LRP(network, composite).attribute(inputs, 0)
    torch.testing.assert_close(found, expected, atol=0, rtol=0)
    torch.testing.assert_close(made_here, expected, atol=0, rtol=0)
    for one, other in zip(found_account, account, strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_one_output_needs_no_target():
    network = small_network(classes=1)
    lrp = LRP(network)
    torch.testing.assert_close(lrp.attribute(images()), lrp.attribute(images(), 0))
    with pytest.raises(ValueError, match="nothing to contrast it with"):
        lrp.attribute(images(), contrast=True)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "has 3 outputs: say which with target"),
        (3, r"target \[3\] is out of range: the network has 3 outputs"),
        ([0, -1, 5], r"target \[-1, 5\] is out of range"),
        ([0, 1], r"target has the shape \(2,\), expected \(3,\)"),
        (torch.zeros(3, 3, dtype=torch.long), r"target has the shape \(3, 3\)"),
        (0.5, "target must be whole numbers, got 0.5"),
        (True, "target must be whole numbers, got True"),
    ],
)
def test_unusable_targets(target, message):
    with pytest.raises(ValueError, match=message):
        LRP(small_network()).attribute(images(3), target)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (images(1, channels=3), r"shape \(1, 3, 40, 36\), expected \(B, 1, H, W\)"),
        (images(1)[0], r"shape \(1, 40, 36\), expected \(B, 1, H, W\)"),
        (images(1)[:0], r"shape \(0, 1, 40, 36\)"),
        (images(1).float(), "inputs are torch.float32 on cpu, the network was torch.float64"),
    ],
)
def test_unusable_images(inputs, message):
    with pytest.raises(ValueError, match=message):
        LRP(small_network()).attribute(inputs, 0)


def test_a_chunk_holds_an_image():
    with pytest.raises(ValueError, match="chunk must be at least 1, got 0"):
        LRP(small_network(), chunk=0)

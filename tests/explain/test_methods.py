"""The methods to compare with: what they say, on one interface, without touching the network."""

import threading
import warnings

import pytest
import torch
from monai.networks.nets import EfficientNetBN
from torch.nn import functional as F

from monai_covid.errors import OptionError
from monai_covid.explain.explainer import CanonizeError
from monai_covid.explain.methods import (
    METHODS,
    GradCam,
    GradientTimesInput,
    IntegratedGradients,
    Occlusion,
    PixelRange,
    make_explainer,
)
from monai_covid.models.architectures import build_network
from tests.explain.lrp.networks import gradient_times_input, images, small_network

TARGETS = [0, 2, 1]
PIXELS = PixelRange((-2.0,), (2.5,))


def logits_of(network, inputs):
    with torch.no_grad():
        return network(inputs)


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def channels(request):
    return request.param


@pytest.fixture
def network(channels):
    return small_network(channels=channels)


@pytest.fixture
def inputs(channels):
    return images(3, channels, size=(64, 48))


def test_gradient_times_input_is_autograd_s(network, inputs):
    expected = gradient_times_input(network, inputs, TARGETS)
    found = GradientTimesInput(network).attribute(inputs, TARGETS)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_integrated_gradients_add_up_to_the_change_of_the_output(network, inputs):
    change = (logits_of(network, inputs) - logits_of(network, 0 * inputs))[range(3), TARGETS]
    found = IntegratedGradients(network, steps=300).attribute(inputs, TARGETS)
    torch.testing.assert_close(found.sum((1, 2, 3)), change, rtol=5e-3, atol=5e-4)


def test_integrated_gradients_are_the_mean_gradient_on_the_way(network, inputs):
    """A slow integration by the midpoint rule."""
    steps = 200
    total = torch.zeros_like(inputs)
    for step in range(steps):
        point = (inputs * (step + 0.5) / steps).requires_grad_()
        output = network(point)[range(3), TARGETS].sum()
        total += torch.autograd.grad(output, point)[0]
    found = IntegratedGradients(network, steps=200).attribute(inputs, TARGETS)
    expected = inputs * total / steps
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()


def test_occlusion_is_the_fall_of_the_output(network, inputs):
    """Slow: the mean fall over the squares that cover a pixel."""
    fall, covered = torch.zeros(3, 64, 48), torch.zeros(64, 48)
    before = logits_of(network, inputs)[range(3), TARGETS]
    side, stride = 6, 3
    for top in range(0, 64, stride):
        for left in range(0, 48, stride):
            square = (slice(top, top + side), slice(left, left + side))
            if (top and top + side - stride >= 64) or (left and left + side - stride >= 48):
                continue  # the square before reaches the edge already
            hidden = inputs.clone()
            hidden[:, :, square[0], square[1]] = 0.0
            drop = before - logits_of(network, hidden)[range(3), TARGETS]
            fall[:, square[0], square[1]] += drop[:, None, None].float()
            covered[square] += 1
    found = Occlusion(network).attribute(inputs, TARGETS).sum(1)
    torch.testing.assert_close(found.float(), fall / covered, rtol=1e-4, atol=1e-5)


def test_grad_cam_weights_the_last_features_by_their_mean_gradient(network, inputs):
    features = F.relu(network.features(inputs)).detach().requires_grad_()
    pooled = features.mean((2, 3))
    output = network.class_layers.out(pooled)[range(3), TARGETS].sum()
    (gradient,) = torch.autograd.grad(output, features)
    cam = (gradient.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True).relu()
    expected = F.interpolate(cam, size=inputs.shape[2:], mode="bilinear").detach()
    found = GradCam(network).attribute(inputs, TARGETS).sum(1, keepdim=True)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def explainer(self, method, network, chunk=2):
        return make_explainer(method, network, PIXELS, chunk)

    def test_returns_maps_of_the_shape_of_the_images(self, method):
        inputs = images(3, dtype=torch.float32, size=(40, 48))
        network = small_network(dtype=torch.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = self.explainer(method, network).attribute(inputs, 1)
        assert (found.shape, found.dtype) == (inputs.shape, inputs.dtype)
        assert not found.requires_grad
        assert found.isfinite().all()
        assert found.abs().sum() > 0

    def test_explains_every_image_by_itself(self, method):
        inputs, explainer = images(3), self.explainer(method, small_network())
        together = explainer.attribute(inputs, TARGETS)
        for index, target in enumerate(TARGETS):
            alone = explainer.attribute(inputs[index : index + 1], target)
            torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-5, atol=1e-7)

    def test_contrast_explains_another_output(self, method):
        inputs, explainer = images(2), self.explainer(method, small_network())
        plain, contrast = (
            explainer.attribute(inputs, 2, contrast=contrast) for contrast in (False, True)
        )
        assert (plain - contrast).abs().max() > 1e-3 * plain.abs().max()

    def test_leaves_the_network_and_the_images_alone(self, method):
        network, inputs = small_network().train(), images(2)
        before, pixels = {k: v.clone() for k, v in network.state_dict().items()}, inputs.clone()
        self.explainer(method, network).attribute(inputs, 0)
        assert network.training
        assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
        assert torch.equal(inputs, pixels)
        assert not inputs.requires_grad
        for module in network.modules():
            assert not module._forward_hooks
            assert not module._backward_hooks
        assert all(parameter.grad is None for parameter in network.parameters())
        assert all(parameter.requires_grad for parameter in network.parameters())

    def test_works_where_gradients_are_switched_off(self, method):
        inputs, explainer = images(2), self.explainer(method, small_network())
        expected = explainer.attribute(inputs, 0)
        with torch.no_grad():
            assert torch.equal(explainer.attribute(inputs, 0), expected)

    def test_threads_do_not_disturb_each_other(self, method):
        explainer = self.explainer(method, small_network())
        batches = [images(2, seed=seed) for seed in range(3)]
        expected = [explainer.attribute(batch, 1) for batch in batches]
        found = [None] * len(batches)

        def work(index):
            for _ in range(2):
                found[index] = explainer.attribute(batches[index], 1)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(len(batches))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize(
        ("inputs", "target", "contrast", "message"),
        [
            (torch.zeros(2, 3, 40, 40).double(), 0, False, r"expected \(B, 1, H, W\)"),
            (torch.zeros(2, 1, 40, 40), 0, False, "torch.float32"),
            (torch.zeros(2, 1, 40, 40).double(), 3, False, "out of range"),
            (torch.zeros(2, 1, 40, 40).double(), [0], False, r"expected \(2,\)"),
            (torch.zeros(2, 1, 40, 40).double(), None, False, "say which"),
        ],
    )
    def test_refuses_what_does_not_fit(self, method, inputs, target, contrast, message):
        explainer = self.explainer(method, small_network())
        with pytest.raises(ValueError, match=message):
            explainer.attribute(inputs, target, contrast=contrast)

    def test_one_output_needs_no_target_and_has_no_contrast(self, method):
        explainer = self.explainer(method, small_network(classes=1))
        assert explainer.attribute(images(1)).shape == images(1).shape
        with pytest.raises(ValueError, match="nothing to contrast"):
            explainer.attribute(images(1), contrast=True)

    def test_refuses_other_networks_and_chunks(self, method):
        other = EfficientNetBN("efficientnet-b0", spatial_dims=2, in_channels=1, pretrained=False)
        with pytest.raises(CanonizeError, match=r"EfficientNetBN: .* is missing"):
            self.explainer(method, other)
        with pytest.raises(ValueError, match="chunk must be at least 1, got 0"):
            self.explainer(method, small_network(), chunk=0)


def test_unknown_method_is_named():
    with pytest.raises(OptionError, match="'lime'; it must be one of lrp, "):
        make_explainer("lime", small_network(), PIXELS)


@pytest.mark.parametrize("method", METHODS)
def test_efficientnet_is_explained_without_relevance_propagation_alone(method):
    network = build_network("efficientnet_lite0").eval()
    if method.startswith("lrp"):
        message = f"method {method}: EfficientNetLite: .* may explain it: gradient-times-input"
        with pytest.raises(OptionError, match=message):
            make_explainer(method, network, PIXELS)
        return
    inputs = images(1, size=(64, 64), dtype=torch.float32)
    found = make_explainer(method, network, PIXELS).attribute(inputs, 2)
    assert found.shape == inputs.shape
    assert found.abs().sum() > 0


def test_refuses_senseless_parameters():
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        IntegratedGradients(small_network(), steps=0)
    with pytest.raises(ValueError, match=r"window must be in \(0, 1\], got 1.5"):
        Occlusion(small_network(), window=1.5)

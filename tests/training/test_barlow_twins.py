"""The loss against the paper's equations, written down slowly; the projector."""

import math

import pytest
import torch

from monai_covid.models.model_file import ModelInfo
from monai_covid.training.barlow_twins import BarlowTwins, build_with_projector


def correlation(first, second, i, j):
    """Equation 2: element i of one view's embeddings against element j of the other's."""
    x = [row[i] for row in first.tolist()]
    y = [row[j] for row in second.tolist()]
    x = [value - sum(x) / len(x) for value in x]
    y = [value - sum(y) / len(y) for value in y]
    product = sum(a * b for a, b in zip(x, y, strict=True))
    return product / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))


def paper_loss(first, second, weight, factor):
    """Equation 1; ``factor`` is what the correlations are multiplied with."""
    size = first.shape[1]
    total = 0.0
    for i in range(size):
        for j in range(size):
            value = factor * correlation(first, second, i, j)
            total += (1 - value) ** 2 if i == j else weight * value**2
    return total


@pytest.mark.parametrize(("images", "width"), [(3, 4), (20, 5), (64, 3)])
def test_the_loss_is_the_papers_but_for_the_number_of_images(images, width):
    generator = torch.Generator().manual_seed(images)
    first = torch.randn(images, width, generator=generator, dtype=torch.float64)
    second = first + torch.randn(images, width, generator=generator, dtype=torch.float64)
    found = BarlowTwins(0.02)(torch.stack([first, second], 1), torch.zeros(images)).item()
    expected = paper_loss(first, second, 0.02, factor=(images - 1) / images)
    assert found == pytest.approx(expected, rel=1e-5)
    exact = paper_loss(first, second, 0.02, factor=1)
    assert abs(found - exact) < 2 * width / images


def test_equal_views_with_independent_elements_are_best():
    # Columns of a Hadamard matrix do not correlate.
    column = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    best = BarlowTwins()(torch.stack([column, column], 1), torch.zeros(4)).item()
    assert best == pytest.approx(3 * 0.25**2, rel=1e-4)
    same = column[:, :1].expand(-1, 3)
    alike = BarlowTwins(0.5)(torch.stack([same, same], 1), torch.zeros(4)).item()
    assert alike == pytest.approx(3 * 0.25**2 + 6 * 0.5 * 0.75**2, rel=1e-4)


@pytest.mark.usefixtures("tiny_network")
def test_the_projector_is_the_head_and_a_function_of_the_seed():
    before = torch.get_rng_state()
    first, again, other = (build_with_projector(ModelInfo(), 8, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    state = first.state_dict()
    assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in state.items())
    assert not torch.equal(state["features.conv0.weight"], other.features.conv0.weight)
    outside = {name for name in state if name.startswith("features.")}
    plain = ModelInfo().build().state_dict()
    assert outside == {name for name in plain if name.startswith("features.")}
    kinds = [type(layer).__name__ for layer in first.class_layers.out]
    assert kinds == [*("Linear", "BatchNorm1d", "ReLU") * 2, "Linear"]
    assert first(torch.zeros(2, 1, 32, 32)).shape == (2, 8)


@pytest.mark.usefixtures("tiny_network")
def test_a_few_steps_make_the_loss_smaller():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(16, 1, 32, 32, generator=generator)
    views = torch.cat([images, images + 0.3 * torch.rand(16, 1, 32, 32, generator=generator)])
    network, loss = build_with_projector(ModelInfo(), 8, seed=0), BarlowTwins()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    losses = []
    for _ in range(15):
        embeddings = network(views).unflatten(0, (2, 16)).transpose(0, 1)
        losses.append(loss(embeddings, torch.zeros(16)))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]

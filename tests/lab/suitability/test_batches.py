import numpy as np
import pytest
import torch

from monai_covid.lab.suitability import batches
from monai_covid.lab.suitability import batches as placement
from monai_covid.lab.suitability import train as fit
from monai_covid.lab.suitability.collection import empty_chests, phantom_chests
from monai_covid.preprocessing.resize import resize_to_square
from monai_covid.preprocessing.suitability.network import INPUT_SIDE, SuitabilityNetwork


@pytest.fixture(scope="module")
def pool() -> batches.Pool:
    return batches.make_pool(empty_chests(), phantom_chests(3, 6), seed=3, negatives=38)


def test_pool_holds_what_was_asked_for(pool: batches.Pool) -> None:
    assert (len(pool.chests), len(pool.others)) == (6, 38)
    assert pool.chances.sum() == pytest.approx(1)
    for pictures in (pool.chests, pool.others, pool.laterals):
        assert 0 <= pictures.min() <= pictures.max() <= 1


def test_real_and_synthetic_chests_are_drawn_two_to_one() -> None:
    real, phantoms = phantom_chests(1, 4), phantom_chests(2, 2)
    pool = batches.make_pool(real, phantoms, seed=0, negatives=19)
    assert pool.chances == pytest.approx([1 / 6] * 6)


def test_same_state_gives_the_same_batch(pool: batches.Pool) -> None:
    first, second, other = (
        batches.draw_batch(pool, 12, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first.images, other.images)


def test_batches_are_equalised_and_labelled(pool: batches.Pool) -> None:
    batch = batches.draw_batch(pool, 400, np.random.default_rng(0))
    assert batch.images.shape == (400, 1, INPUT_SIDE, INPUT_SIDE)
    assert batch.images.min() >= 0 and batch.images.max() <= 1
    shares = np.bincount(batch.kind.numpy()) / 400
    assert shares == pytest.approx(batches.SHARES, abs=0.07)
    assert not batch.cropped[batch.kind != batches.FRONTAL].any()


def test_mirror_then_turn_is_what_the_labels_say() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3)
    turned = batches._oriented(image, np.array([True]), np.array([1]))
    assert turned.numpy()[0, 0].tolist() == np.rot90(np.fliplr(image[0, 0])).tolist()


def test_placement_without_randomness_only_shrinks() -> None:
    class Still(np.random.Generator):
        """Draws the middle of every distribution."""

        def standard_normal(self, size: object = None, **_: object) -> np.ndarray:
            return np.zeros(size)

        def uniform(self, low: float = 0, high: float = 1, size: object = None) -> np.ndarray:
            return np.full(size, (low + high) / 2)

    bases = torch.rand(2, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    still = Still(np.random.PCG64(0))
    placed = placement.place(bases, torch.ones(2), still)
    means = bases.view(2, 1, 64, 2, 64, 2).mean((3, 5))
    assert torch.allclose(placed, means, atol=1e-5)
    assert resize_to_square(bases[0], 64).shape == placed[0].shape


def test_a_training_step_lowers_the_loss_and_is_repeatable(pool: batches.Pool) -> None:
    batch = batches.draw_batch(pool, 96, np.random.default_rng(5))
    torch.manual_seed(2)
    untrained = fit.loss(SuitabilityNetwork().train()(batch.images), batch)
    trained = fit.fit(pool, 6, 2).train()
    assert fit.loss(trained(batch.images), batch) < 0.95 * untrained
    first, second = (fit.fit(pool, 2, 2) for _ in range(2))
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_loss_ignores_the_position_of_other_pictures(pool: batches.Pool) -> None:
    batch = batches.draw_batch(pool, 60, np.random.default_rng(6))
    logits = SuitabilityNetwork().eval()(batch.images)
    elsewhere = torch.where(batch.kind == batches.OTHER, (batch.turn + 1) % 4, batch.turn)
    changed = batch._replace(turn=elsewhere)
    assert torch.equal(fit.loss(logits, batch), fit.loss(logits, changed))

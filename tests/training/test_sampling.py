"""An epoch's order is a function of seed and epoch, on any number of processes."""

from itertools import chain

import ignite.distributed as idist
import pytest

from monai_covid.training.sampling import EpochSampler, ShareSampler


def as_process(monkeypatch, rank, world):
    monkeypatch.setattr(idist, "get_rank", lambda: rank)
    monkeypatch.setattr(idist, "get_world_size", lambda: world)


def batches(monkeypatch, images, world, batch):
    """Return the sets of images of an epoch's whole global batches."""
    shares = []
    for rank in range(world):
        as_process(monkeypatch, rank, world)
        sampler = EpochSampler(range(images), seed=0)
        sampler.set_epoch(1)
        order = [index for _, index in sampler]
        assert len(order) == len(sampler)
        size = batch // world
        shares.append([order[at : at + size] for at in range(0, len(order) - size + 1, size)])
    assert len({len(share) for share in shares}) == 1
    return [sorted(chain(*parts)) for parts in zip(*shares, strict=True)]


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("images", [8, 15, 16, 17, 29, 30, 31])
def test_global_batches_are_those_of_one_process(monkeypatch, images, world):
    alone = batches(monkeypatch, images, 1, 8)
    assert len(alone) == images // 8
    assert batches(monkeypatch, images, world, 8) == alone


def test_every_image_comes_once_an_epoch_in_an_order_of_its_own():
    sampler = EpochSampler(range(50), seed=3)
    orders = []
    for epoch in (1, 2, 1):
        sampler.set_epoch(epoch)
        keys = list(sampler)
        assert {number for number, _ in keys} == {epoch}
        assert sorted(index for _, index in keys) == list(range(50))
        orders.append([index for _, index in keys])
    assert orders[0] == orders[2]
    assert orders[0] != orders[1]
    assert orders[0] != list(range(50))


def test_the_seed_changes_the_order():
    orders = [[index for _, index in EpochSampler(range(50), seed)] for seed in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.parametrize("images", [3, 4, 7, 8])
@pytest.mark.parametrize("world", [1, 2, 3])
def test_validation_takes_every_image_once(monkeypatch, images, world):
    taken = []
    for rank in range(world):
        as_process(monkeypatch, rank, world)
        sampler = ShareSampler(range(images))
        share = list(sampler)
        assert len(share) == len(sampler)
        assert images // world <= len(share) <= -(-images // world)
        taken += share
    assert sorted(taken) == list(range(images))


def test_a_process_without_validation_images(monkeypatch):
    as_process(monkeypatch, 2, 3)
    with pytest.raises(SystemExit, match=r"2 validation images .* 3 processes.*fraction"):
        ShareSampler(range(2))

import torch
from scipy.stats import spearmanr

from monai_covid.explain.quality import RandomMap, randomised, rank_correlation
from tests.explain.lrp.networks import images, small_network


def test_rank_correlation_is_scipy_s_also_with_equal_values():
    one, other = images(3, 2), images(3, 2, seed=2).round(decimals=0)
    found = rank_correlation(one, other)
    for a, b, value in zip(one.sum(1), other.sum(1), found, strict=True):
        assert abs(spearmanr(a.flatten(), b.flatten()).statistic - value) < 1e-9


def test_the_same_map_and_its_opposite():
    maps = images(2)
    torch.testing.assert_close(rank_correlation(maps, 3 * maps), torch.ones(2).double())
    torch.testing.assert_close(rank_correlation(maps, -maps), -torch.ones(2).double())
    assert rank_correlation(torch.ones(2, 1, 8, 8), maps[:, :, :8, :8]).isnan().all()


def test_head_alone_or_everything_gets_new_weights():
    network = small_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    head, everything = randomised(network, "head"), randomised(network, "all")
    for name, value in head.state_dict().items():
        assert torch.equal(value, before[name]) != name.startswith("class_layers.out")
    changed = {n for n, v in everything.state_dict().items() if not torch.equal(v, before[n])}
    assert {name for name in before if name.endswith("weight")} <= changed
    assert {name for name in before if name.endswith("running_mean")} <= changed
    assert all(torch.equal(v, before[n]) for n, v in network.state_dict().items())
    assert not everything.training


def test_the_seed_decides_and_the_global_one_is_left_alone():
    network = small_network()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, same, other = (randomised(network, "all", seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    weights = [each.features.conv0.weight for each in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_random_maps_follow_their_seed():
    inputs = images(2)
    one, same, other = (RandomMap(seed).attribute(inputs, 0) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert (one.shape, one.dtype) == (inputs.shape, inputs.dtype)
    control = RandomMap(1)
    assert not torch.equal(control.attribute(inputs), control.attribute(inputs))

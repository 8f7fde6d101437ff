import torch

from monai_covid.preprocessing.lungs.network import LungNetwork


def test_shapes():
    fields, chest = LungNetwork()(torch.randn(2, 2, 128, 128))
    assert fields.shape == (2, 2, 128, 128)
    assert chest.shape == (2,)


def test_it_is_small():
    assert 100_000 < sum(p.numel() for p in LungNetwork().parameters()) < 200_000


def test_images_of_a_batch_do_not_influence_each_other():
    network = LungNetwork()
    images = torch.randn(3, 2, 128, 128)
    together = network(images)[0][1]
    torch.testing.assert_close(together, network(images[1:2])[0][0], rtol=1e-4, atol=1e-4)


def test_every_weight_is_used():
    network = LungNetwork()
    fields, chest = network(torch.randn(2, 2, 64, 64))
    (fields.square().mean() + chest.square().mean()).backward()
    unused = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not unused

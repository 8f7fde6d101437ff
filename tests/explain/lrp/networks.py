"""Small DenseNets whose normalisations do something, and a slow propagation to compare with."""

import torch
from monai.networks.nets import DenseNet
from torch import nn


def small_network(blocks=(2, 3), channels=1, classes=3, *, dtype=torch.float64, bias=True, seed=0):
    """Return a DenseNet in evaluation mode; without ``bias`` it is linear in its ReLU pattern."""
    torch.manual_seed(seed)
    network = DenseNet(
        2, channels, classes, init_features=8, growth_rate=4, block_config=blocks, bn_size=2
    ).to(dtype)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
                layer.running_var.uniform_(0.5, 2.0)
                if bias:
                    layer.bias.normal_(0.0, 0.3)
                    layer.running_mean.normal_(0.0, 0.3)
        if bias:
            network.class_layers.out.bias.normal_()
    return network.eval()


def images(count=3, channels=1, size=(40, 36), dtype=torch.float64, seed=1):
    """Return images ``(count, channels, *size)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, channels, *size, generator=generator, dtype=dtype)


def gradient_times_input(network, inputs, targets):
    """Return what PyTorch's own gradient says."""
    inputs = inputs.clone().requires_grad_()
    logits = network(inputs)
    (gradient,) = torch.autograd.grad(logits[range(len(targets)), targets].sum(), inputs)
    return (gradient * inputs).detach()

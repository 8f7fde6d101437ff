"""Layer-wise relevance propagation as its authors write it: layer by layer, relevance as such.

Slow and simple: every layer of the untouched network is one step, relevance is the quantity handed
on, and each step redistributes it by contributions that are written down one by one.
"""

import torch
from torch import nn
from torch.nn import functional as F

TINY = 1e-300
"""Keeps 0 / 0 from being NaN and changes nothing else."""


def max_pool(values):
    return F.max_pool2d(values, 3, 2, 1)


def average_of_positive(values):
    return values.relu().mean((2, 3))


def stabilised(values, epsilon):
    sign = torch.where(values < 0, -1.0, 1.0).to(values)
    return values + epsilon * sign


def through(function, inputs, outputs_relevance, denominator, epsilon):
    """Return ``inputs x gradient`` of ``function``, weighted by relevance over the denominator."""
    inputs = inputs.detach().requires_grad_()
    outputs = function(inputs)
    weights = outputs_relevance / stabilised(denominator, epsilon)
    (gradient,) = torch.autograd.grad(outputs, inputs, weights)
    return inputs.detach() * gradient


def convolution(weight, bias, layer):
    return lambda x: F.conv2d(x, weight, bias, layer.stride, layer.padding)


def epsilon_rule(function, x, relevance, epsilon):
    return through(function, x, relevance, function(x), epsilon)


def z_plus_rule(weight, bias, layer, x, relevance, epsilon=1e-6):
    positive = convolution(weight.clamp(min=0), bias.clamp(min=0), layer)
    return through(positive, x, relevance, positive(x), epsilon)


def alpha_beta_rule(weight, bias, layer, x, relevance, alpha=2.0, beta=1.0, epsilon=1e-6):
    positive = convolution(weight.clamp(min=0), bias.clamp(min=0), layer)
    negative = convolution(weight.clamp(max=0), bias.clamp(max=0), layer)
    excited = through(positive, x, relevance, positive(x), epsilon)
    inhibited = through(negative, x, relevance, negative(x), epsilon)
    return alpha * excited - beta * inhibited


def flat_rule(layer, x, relevance):
    """Share evenly among the pixels that each output sees, one output at a time."""
    result = torch.zeros_like(x)
    (stride, _), (padding, _) = layer.stride, layer.padding
    kernel = layer.weight.shape[-1]
    _, _, height, width = x.shape
    for row in range(relevance.shape[2]):
        for column in range(relevance.shape[3]):
            top, left = row * stride - padding, column * stride - padding
            rows = slice(max(top, 0), min(top + kernel, height))
            columns = slice(max(left, 0), min(left + kernel, width))
            seen = result[:, :, rows, columns]
            share = relevance[:, :, row, column].sum(1) / seen[0].numel()
            seen += share[:, None, None, None]
    return result


def z_box_rule(weight, layer, x, relevance, low, high, epsilon=1e-6):
    no_bias = torch.zeros_like(weight[:, 0, 0, 0])
    low, high = torch.full_like(x, low), torch.full_like(x, high)
    own = convolution(weight, no_bias, layer)
    rising = convolution(weight.clamp(min=0), no_bias, layer)
    falling = convolution(weight.clamp(max=0), no_bias, layer)
    gain = own(x) - rising(low) - falling(high)
    return (
        through(own, x, relevance, gain, epsilon)
        - through(rising, low, relevance, gain, epsilon)
        - through(falling, high, relevance, gain, epsilon)
    )


def folded(layer, norm):
    """Return weight and bias of a convolution with the normalisation after it."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return layer.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


class SlowLRP:
    """Relevance of one class through a MONAI DenseNet.

    Args:
        network: The network.
        rule: ``(weight, bias, layer, x, relevance) -> relevance`` of all later convolutions.
        first: ``(weight, bias, layer, x, relevance) -> relevance`` of the first.
        epsilon: Of normalisations and head.
    """

    def __init__(self, network, rule, first, epsilon):
        self.network, self.rule, self.first, self.epsilon = network, rule, first, epsilon

    def attribute(self, x, target):
        features = self.network.features
        weight, bias = folded(features.conv0, features.norm0)
        stem = convolution(weight, bias, features.conv0)(x).relu()
        pooled = max_pool(stem)
        below = self.rest(dict(features.named_children()), pooled, target)
        # The winner of a pooling window takes its relevance: its contribution is all of the output.
        at_stem = through(max_pool, stem, below, pooled, TINY)
        return self.first(weight, bias, features.conv0, x, at_stem)

    def rest(self, parts, x, target):
        """Return the relevance of ``x``, the input of the first block."""
        steps = [
            part for name, part in parts.items() if name.startswith(("denseblock", "transition"))
        ]
        return self.back(steps, x, parts["norm5"], target)

    def back(self, steps, x, norm, target):
        if not steps:
            return self.head(x, norm, target)
        if isinstance(steps[0], nn.Sequential) and hasattr(steps[0], "conv"):
            return self.transition(steps, x, norm, target)
        layers = list(steps[0].children())
        return self.dense(layers, steps[1:], x, norm, target)

    def dense(self, layers, steps, x, norm, target):
        if not layers:
            return self.back(steps, x, norm, target)
        part = layers[0].layers
        normed = part.norm1(x)
        weight, bias = folded(part.conv1, part.norm2)
        hidden = convolution(weight, bias, part.conv1)(normed.relu()).relu()
        no_bias = torch.zeros_like(part.conv2.weight[:, 0, 0, 0])
        grown = part.conv2(hidden)
        above = self.dense(layers[1:], steps, torch.cat([x, grown], 1), norm, target)
        kept, given = above[:, : x.shape[1]], above[:, x.shape[1] :]
        at_hidden = self.rule(part.conv2.weight, no_bias, part.conv2, hidden, given)
        at_normed = self.rule(weight, bias, part.conv1, normed.relu(), at_hidden)
        return kept + epsilon_rule(part.norm1, x, at_normed, self.epsilon)

    def transition(self, steps, x, norm, target):
        part = steps[0]
        normed = part.norm(x)
        no_bias = torch.zeros_like(part.conv.weight[:, 0, 0, 0])
        output = part.conv(normed.relu())
        above = self.back(steps[1:], part.pool(output), norm, target)
        at_output = epsilon_rule(part.pool, output, above, TINY)
        at_normed = self.rule(part.conv.weight, no_bias, part.conv, normed.relu(), at_output)
        return epsilon_rule(part.norm, x, at_normed, self.epsilon)

    def head(self, x, norm, target):
        normed = norm(x)
        mean = normed.relu().mean((2, 3))
        layer = self.network.class_layers.out
        logits = layer(mean)
        start = torch.zeros_like(logits)
        start[:, target] = logits[:, target]
        at_mean = epsilon_rule(layer, mean, start, self.epsilon)
        at_normed = epsilon_rule(average_of_positive, normed, at_mean, TINY)
        return epsilon_rule(norm, x, at_normed, self.epsilon)

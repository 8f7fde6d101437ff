"""What the laws of relevance are checked with."""

import torch

from monai_covid.explain.lrp.canonize import canonize
from monai_covid.explain.lrp.composites import Composite
from monai_covid.explain.lrp.input_rules import Signed
from monai_covid.explain.lrp.ledger import Ledger
from monai_covid.explain.lrp.ruled_network import RuledDenseNet
from monai_covid.explain.lrp.rules import Epsilon
from tests.explain.lrp.networks import images


def epsilon_everywhere(size):
    """Return the Epsilon rule for every layer."""
    return Composite(Signed(Epsilon(size)), *[Epsilon(size)] * 3)


class Recorder:
    """A dense block that remembers the relevance of its input."""

    def __init__(self, block):
        self.block = block

    def forward(self, x):
        self.input = x
        return self.block.forward(x)

    def backward(self, tapes, gradient, ledger):
        found = self.block.backward(tapes, gradient, ledger)
        self.relevance = (self.input * found).sum((1, 2, 3))
        return found


def kept_relevance(network, composite, target=1):
    """Return the logit of two images, and the sums of relevance at the pixels and every block."""
    ruled = RuledDenseNet(canonize(network), composite)
    ruled.blocks = [Recorder(block) for block in ruled.blocks]
    channels = ruled.stem.weight.shape[1]
    with torch.no_grad():
        tape = ruled.forward(images(2, channels, size=(64, 64)))
        gradient = torch.zeros_like(tape.logits)
        gradient[:, target] = 1.0
        logit = tape.logits[:, target]
        pixels = ruled.backward(tape, gradient, Ledger(is_kept=False))
    assert logit.abs().min() > 1e-3
    return logit, [pixels.sum((1, 2, 3)), *(block.relevance for block in ruled.blocks)]

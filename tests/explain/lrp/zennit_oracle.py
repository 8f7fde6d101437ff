"""What the tests need of zennit, imported without torchvision.

zennit imports torchvision for canonizers of its networks, which are not needed here; it is a large
package that may bring another PyTorch.
"""

import sys
from types import ModuleType

if "torchvision" not in sys.modules:
    resnet = ModuleType("torchvision.models.resnet")
    resnet.Bottleneck = resnet.BasicBlock = type("Absent", (), {})
    absent = [ModuleType("torchvision"), ModuleType("torchvision.models"), resnet]
    sys.modules |= {each.__name__: each for each in absent}
    try:
        import zennit  # noqa: F401
    finally:
        for each in absent:
            del sys.modules[each.__name__]

from zennit.attribution import Gradient
from zennit.composites import SpecialFirstLayerMapComposite
from zennit.rules import AlphaBeta, Epsilon, Flat, Norm, Pass, ZBox, ZPlus
from zennit.types import Activation, AvgPool, BatchNorm, Convolution, Linear

__all__ = [
    "Activation",
    "AlphaBeta",
    "AvgPool",
    "BatchNorm",
    "Convolution",
    "Epsilon",
    "Flat",
    "Gradient",
    "Linear",
    "Norm",
    "Pass",
    "SpecialFirstLayerMapComposite",
    "ZBox",
    "ZPlus",
]

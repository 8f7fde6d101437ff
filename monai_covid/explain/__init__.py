"""Which pixels a network's output rests on: layer-wise relevance propagation for DenseNets."""

from monai_covid.explain.canonize import CanonizeError, canonize
from monai_covid.explain.composites import (
    Composite,
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
)
from monai_covid.explain.input_rules import Flat, InputRule, Signed, ZBox
from monai_covid.explain.ledger import Accounting
from monai_covid.explain.lrp import LRP
from monai_covid.explain.rules import AlphaBeta, Epsilon, Rule, ZPlus

__all__ = [
    "LRP",
    "Accounting",
    "AlphaBeta",
    "CanonizeError",
    "Composite",
    "Epsilon",
    "EpsilonAlpha2Beta1Flat",
    "EpsilonPlusFlat",
    "EpsilonZBox",
    "Flat",
    "InputRule",
    "Rule",
    "Signed",
    "ZBox",
    "ZPlus",
    "canonize",
]

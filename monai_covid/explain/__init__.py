"""Which pixels a network's output rests on: relevance propagation, and methods to compare with."""

from monai_covid.explain.canonize import canonize
from monai_covid.explain.composites import (
    Composite,
    EpsilonAlpha2Beta1Flat,
    EpsilonPlusFlat,
    EpsilonZBox,
)
from monai_covid.explain.differentiable import DifferentiableLRP, RecordedRelevance
from monai_covid.explain.explainer import CHUNK, Explainer
from monai_covid.explain.finder import CanonizeError
from monai_covid.explain.grad_cam import GradCam
from monai_covid.explain.gradients import GradientTimesInput, IntegratedGradients
from monai_covid.explain.input_rules import Flat, InputRule, Signed, ZBox
from monai_covid.explain.ledger import Accounting
from monai_covid.explain.lrp import LRP
from monai_covid.explain.methods import DEFAULT_METHOD, METHODS, PixelRange, make_explainer
from monai_covid.explain.occlusion import Occlusion
from monai_covid.explain.rules import AlphaBeta, Epsilon, Rule, ZPlus

__all__ = [
    "CHUNK",
    "DEFAULT_METHOD",
    "LRP",
    "METHODS",
    "Accounting",
    "AlphaBeta",
    "CanonizeError",
    "Composite",
    "DifferentiableLRP",
    "Epsilon",
    "EpsilonAlpha2Beta1Flat",
    "EpsilonPlusFlat",
    "EpsilonZBox",
    "Explainer",
    "Flat",
    "GradCam",
    "GradientTimesInput",
    "InputRule",
    "IntegratedGradients",
    "Occlusion",
    "PixelRange",
    "RecordedRelevance",
    "Rule",
    "Signed",
    "ZBox",
    "ZPlus",
    "canonize",
    "make_explainer",
]

"""Ignite handlers and workflow pieces that MONAI lacks; the bundle's configs wire them."""

from monai_covid.training.barlow_twins import BarlowTwins, build_with_projector
from monai_covid.training.budget import TimeBudget
from monai_covid.training.checkpoint import RunCheckpoint
from monai_covid.training.curve import LearningCurve
from monai_covid.training.dataset import RadiographDataset, cache_share
from monai_covid.training.distillation import (
    DistillationLoss,
    DistillingInferer,
    Student,
    build_backbone,
)
from monai_covid.training.inferer import PrecisionInferer
from monai_covid.training.losses import BalancedCrossEntropy, balanced_cross_entropy
from monai_covid.training.metrics import accuracy, macro_auc, pooled
from monai_covid.training.optimizer import make_optimizer
from monai_covid.training.phases import HeadFirst, PhasedCosine
from monai_covid.training.processes import (
    choose_device,
    join_processes,
    leave_processes,
    place,
    share_of_batch,
)
from monai_covid.training.relevance_guidance import RelevanceGuidance, check_relevance
from monai_covid.training.relevance_masks import with_lung_masks
from monai_covid.training.relevance_penalty import outside_share
from monai_covid.training.run import given, run_training
from monai_covid.training.run_folder import RunFolder
from monai_covid.training.sampling import EpochSampler, ShareSampler
from monai_covid.training.selection import BestEpoch
from monai_covid.training.settings import running_settings
from monai_covid.training.source_balance import source_groups
from monai_covid.training.start import (
    build_seeded,
    start_from_first_stage,
    start_from_stage2,
    start_from_teacher,
)
from monai_covid.training.teacher import Teacher
from monai_covid.training.tracking import MLflowTracking, check_mlflow
from monai_covid.training.twin_views import TwinInferer, TwinViews
from monai_covid.training.weight_average import WeightAverage
from monai_covid.training.workflow_checks import (
    check_evaluation,
    check_explanation,
    check_inference,
    check_stage1,
    check_stage1_distilled,
    check_stage2,
    check_stage3,
    check_stage3_direct,
)

__all__ = [
    "BalancedCrossEntropy",
    "BarlowTwins",
    "BestEpoch",
    "DistillationLoss",
    "DistillingInferer",
    "EpochSampler",
    "HeadFirst",
    "LearningCurve",
    "MLflowTracking",
    "PhasedCosine",
    "PrecisionInferer",
    "RadiographDataset",
    "RelevanceGuidance",
    "RunCheckpoint",
    "RunFolder",
    "ShareSampler",
    "Student",
    "Teacher",
    "TimeBudget",
    "TwinInferer",
    "TwinViews",
    "WeightAverage",
    "accuracy",
    "balanced_cross_entropy",
    "build_backbone",
    "build_seeded",
    "build_with_projector",
    "cache_share",
    "check_evaluation",
    "check_explanation",
    "check_inference",
    "check_mlflow",
    "check_relevance",
    "check_stage1",
    "check_stage1_distilled",
    "check_stage2",
    "check_stage3",
    "check_stage3_direct",
    "choose_device",
    "given",
    "join_processes",
    "leave_processes",
    "macro_auc",
    "make_optimizer",
    "outside_share",
    "place",
    "pooled",
    "run_training",
    "running_settings",
    "share_of_batch",
    "source_groups",
    "start_from_first_stage",
    "start_from_stage2",
    "start_from_teacher",
    "with_lung_masks",
]

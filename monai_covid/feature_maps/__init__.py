"""Feature maps of networks, stage by stage: frozen ones, and a DenseNet's own."""

from monai_covid.feature_maps.backbones import BACKBONES, Backbone, frozen_backbone
from monai_covid.feature_maps.covariances import log_covariances
from monai_covid.feature_maps.densenet import DenseNetMaps
from monai_covid.feature_maps.pooled import pooled

__all__ = [
    "BACKBONES",
    "Backbone",
    "DenseNetMaps",
    "frozen_backbone",
    "log_covariances",
    "pooled",
]

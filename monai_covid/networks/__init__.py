"""Networks, and loading of weights that never drops a tensor silently."""

from monai_covid.networks.architectures import ARCHITECTURES, build_network, channels_last
from monai_covid.networks.densenet import BLOCK_LAYERS, build_densenet
from monai_covid.networks.efficientnet import (
    EFFICIENTNET,
    EfficientNetFeatures,
    EfficientNetLite,
    build_efficientnet,
    imagenet_efficientnet,
)
from monai_covid.networks.files import read_state, read_torch_file
from monai_covid.networks.loading import fold_input_channels, load_backbone, load_network
from monai_covid.networks.names import HEAD, to_monai_names

__all__ = [
    "ARCHITECTURES",
    "BLOCK_LAYERS",
    "EFFICIENTNET",
    "HEAD",
    "EfficientNetFeatures",
    "EfficientNetLite",
    "build_densenet",
    "build_efficientnet",
    "build_network",
    "channels_last",
    "fold_input_channels",
    "imagenet_efficientnet",
    "load_backbone",
    "load_network",
    "read_state",
    "read_torch_file",
    "to_monai_names",
]

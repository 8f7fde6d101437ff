"""From an image file to the network's input: one chain for training, inference and DICOM."""

from monai_covid.transforms.chains import (
    augmentation_transforms,
    deterministic_transforms,
    inference_transforms,
    normalisation_transforms,
    preprocess_file,
    preprocess_pixels,
    training_transforms,
)
from monai_covid.transforms.equalise import EqualizeHistogramd, equalize_histogram
from monai_covid.transforms.normalise import StandardizeGreyd, standardized_range
from monai_covid.transforms.placement import RandomPlacementd
from monai_covid.transforms.read import ReadRadiographd
from monai_covid.transforms.resize import SquareResized, resize_to_square

__all__ = [
    "EqualizeHistogramd",
    "RandomPlacementd",
    "ReadRadiographd",
    "SquareResized",
    "StandardizeGreyd",
    "augmentation_transforms",
    "deterministic_transforms",
    "equalize_histogram",
    "inference_transforms",
    "normalisation_transforms",
    "preprocess_file",
    "preprocess_pixels",
    "resize_to_square",
    "standardized_range",
    "training_transforms",
]

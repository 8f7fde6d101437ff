"""From an image file to the network's input: one chain for training, inference and DICOM."""

from monai_covid.transforms.augment import augmentation_transforms
from monai_covid.transforms.borders import RandomBorderd
from monai_covid.transforms.chains import (
    Prepared,
    deterministic_transforms,
    inference_transforms,
    normalisation_transforms,
    prepare_pixels,
    preprocess_file,
    preprocess_pixels,
    training_transforms,
)
from monai_covid.transforms.equalise import EqualizeHistogramd, equalize_histogram
from monai_covid.transforms.erasing import RandomErasingd
from monai_covid.transforms.grey_jitter import RandomGreyd
from monai_covid.transforms.normalise import StandardizeGreyd, standardized_range
from monai_covid.transforms.placement import RandomPlacementd
from monai_covid.transforms.prepare import PrepareRadiographd, check_preprocessing, looks_for_lungs
from monai_covid.transforms.read import ReadRadiographd
from monai_covid.transforms.region import Region, find_region
from monai_covid.transforms.resize import SquareResized, resize_to_square

__all__ = [
    "EqualizeHistogramd",
    "PrepareRadiographd",
    "Prepared",
    "RandomBorderd",
    "RandomErasingd",
    "RandomGreyd",
    "RandomPlacementd",
    "ReadRadiographd",
    "Region",
    "SquareResized",
    "StandardizeGreyd",
    "augmentation_transforms",
    "check_preprocessing",
    "deterministic_transforms",
    "equalize_histogram",
    "find_region",
    "inference_transforms",
    "looks_for_lungs",
    "normalisation_transforms",
    "prepare_pixels",
    "preprocess_file",
    "preprocess_pixels",
    "resize_to_square",
    "standardized_range",
    "training_transforms",
]

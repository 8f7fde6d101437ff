"""From image files to predictions: for the bundle's configs, the command line and deployment."""

from monai_covid.inference.classifier import Classifier
from monai_covid.inference.collector import EvaluationFolder, FolderPredictions
from monai_covid.inference.data import labelled_datalist
from monai_covid.inference.dataset import ReadableOrNot, folder_datalist
from monai_covid.inference.prediction import Prediction

__all__ = [
    "Classifier",
    "EvaluationFolder",
    "FolderPredictions",
    "Prediction",
    "ReadableOrNot",
    "folder_datalist",
    "labelled_datalist",
]

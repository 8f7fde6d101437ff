"""From image files to predictions: for the bundle's configs, the command line and deployment."""

from monai_covid.inference.classifier import Classifier
from monai_covid.inference.collector import EvaluationFolder, FolderPredictions
from monai_covid.inference.data import labelled_datalist
from monai_covid.inference.dataset import ReadableOrNot, datalist_of, folder_datalist
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.explaining import Explanation, NetworkQuestioner, Question
from monai_covid.inference.flips import FlippingInferer
from monai_covid.inference.heatmap_folder import HeatmapFolder
from monai_covid.inference.prediction import Prediction

__all__ = [
    "Classifier",
    "EnsembleClassifier",
    "EvaluationFolder",
    "Explanation",
    "FlippingInferer",
    "FolderPredictions",
    "HeatmapFolder",
    "NetworkQuestioner",
    "Prediction",
    "Question",
    "ReadableOrNot",
    "datalist_of",
    "folder_datalist",
    "labelled_datalist",
]

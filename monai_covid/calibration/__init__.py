"""Calibration of probabilities, thresholds and uncertainty; works on plain predictions tables.

Nothing in here imports torch or MONAI.
"""

from monai_covid.calibration.cutoff import CutoffGoal, fit_cutoff
from monai_covid.calibration.doubt import doubts, uncertainty_of
from monai_covid.calibration.fitting import FittedTable, calibrate_table
from monai_covid.calibration.scores import calibration_rows
from monai_covid.calibration.selective import (
    RiskCoverage,
    compare_uncertainties,
    risk_coverage,
    selective_accuracy,
)
from monai_covid.calibration.temperature import TemperatureFit, fit_temperature
from monai_covid.calibration.thresholds import operating_point, patients_needed
from monai_covid.calibration.uncertainty import MEASURES, Scores, uncertainty

__all__ = [
    "MEASURES",
    "CutoffGoal",
    "FittedTable",
    "RiskCoverage",
    "Scores",
    "TemperatureFit",
    "calibrate_table",
    "calibration_rows",
    "compare_uncertainties",
    "doubts",
    "fit_cutoff",
    "fit_temperature",
    "operating_point",
    "patients_needed",
    "risk_coverage",
    "selective_accuracy",
    "uncertainty",
    "uncertainty_of",
]

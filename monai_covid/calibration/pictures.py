"""The picture of a fitted table: reliability before and after."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from monai_covid.calibration.fitting import FittedTable
from monai_covid.calibration.reliability import Reliability, reliability
from monai_covid.calibration.reliability_plot import draw_reliability
from monai_covid.calibration.scores import top_label
from monai_covid.evaluation.columns import PATIENT, class_names_in
from monai_covid.evaluation.outcomes import SingleLabelOutcomes, outcomes_of
from monai_covid.evaluation.wording import sample_size


def reliability_picture(fitted: FittedTable) -> Figure:
    """Draw reliability before and after calibration, on the images of the fit."""
    size = sample_size(len(fitted.before), fitted.before[PATIENT].nunique())
    panels = {
        "Before": table_reliability(fitted.before),
        f"After, temperature {fitted.fit.temperature:.2f}": table_reliability(fitted.after),
    }
    return draw_reliability(panels, f"{size}, those of the fit; bins of equal mass")


def table_reliability(table: pd.DataFrame) -> Reliability:
    """Return the reliability of the predicted class; of several labels all of them together."""
    outcomes = outcomes_of(table, class_names_in(table))
    if isinstance(outcomes, SingleLabelOutcomes):
        probabilities, positive = top_label(outcomes)
    else:
        probabilities, positive = outcomes.probabilities.ravel(), outcomes.positives.ravel()
    return reliability(probabilities, positive)

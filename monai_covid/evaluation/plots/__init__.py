"""Plots for reports and papers, one file per plot.

Every ``draw_`` function returns a new ``matplotlib.figure.Figure`` and touches no global state;
``save_png`` writes it. Each figure states its sample size and that it is for research use only.
"""

from monai_covid.evaluation.plots.confusion_matrix import draw_confusion_matrix
from monai_covid.evaluation.plots.example_sheet import Example, draw_example_sheet
from monai_covid.evaluation.plots.fold_values import draw_fold_values
from monai_covid.evaluation.plots.label_auc import draw_label_auc
from monai_covid.evaluation.plots.learning_curves import draw_learning_curves, read_learning_curves
from monai_covid.evaluation.plots.roc_curves import draw_roc_curves
from monai_covid.evaluation.plots.style import save_png

__all__ = [
    "Example",
    "draw_confusion_matrix",
    "draw_example_sheet",
    "draw_fold_values",
    "draw_label_auc",
    "draw_learning_curves",
    "draw_roc_curves",
    "read_learning_curves",
    "save_png",
]

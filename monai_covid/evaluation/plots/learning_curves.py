"""Loss and AUC against epoch, several runs overlaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.plots.style import (
    FAINT_INK,
    LABEL_SIZE,
    SMALL_SIZE,
    colour,
    new_figure,
    style_axes,
)
from monai_covid.evaluation.wording import counted

REQUIRED = ("run", "epoch", "phase", "train_loss", "validation_loss", "validation_auc")
PHASES = ("head", "all")
DASHES = (0, (3, 2))
NAMED_RUNS_AT_MOST = 12


def read_learning_curves(path: Path | str) -> pd.DataFrame:
    """Read what a training run logged after each epoch.

    Args:
        path: CSV file with at least the columns run, epoch (counted through both phases), phase
            (``head`` or ``all``), train_loss, validation_loss and validation_auc. Values may be
            empty. Where an epoch occurs twice, as after resuming, the later row counts.

    Returns:
        Rows by run, then epoch.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If a column is missing or an epoch or phase cannot be used.
    """
    path = Path(path)
    try:
        frame = pd.read_csv(path, dtype={"run": str, "phase": str})
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError([Problem(path, None, f"not a readable CSV file: {error}")]) from error
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise InputError([Problem(path, None, f"missing column(s) {', '.join(missing)}")])
    problems = _row_problems(frame, path)
    if problems:
        raise InputError(problems)
    frame = frame.drop_duplicates(["run", "epoch"], keep="last")
    return frame.sort_values(["run", "epoch"], kind="stable").reset_index(drop=True)


def draw_learning_curves(curves: pd.DataFrame) -> Figure:
    """Draw training and validation loss and validation AUC of each run against the epoch.

    Args:
        curves: As ``read_learning_curves`` returns it; runs of several files may be concatenated.

    Returns:
        Loss on the left, AUC on the right with each run's best epoch as a dot. A thin vertical
        line marks where training goes from the head to all layers.

    Raises:
        ValueError: If there are no rows.
    """
    if len(curves) == 0:
        raise ValueError("there are no epochs to draw")
    runs = list(dict.fromkeys(curves["run"]))
    named = len(runs) <= NAMED_RUNS_AT_MOST
    subtitle = f"{counted(len(runs), 'run')}, up to {counted(int(curves['epoch'].max()), 'epoch')}"
    if (curves["phase"] == "head").any() and (curves["phase"] == "all").any():
        subtitle += "; vertical line: from the head only to all layers"
    figure = new_figure(8.2, 4.4, "Learning curves", subtitle)
    loss, auc = figure.subplots(1, 2)
    hues = [colour(position) if named else colour(0) for position in range(len(runs))]
    for run, hue in zip(runs, hues, strict=True):
        _draw_run(loss, auc, curves[curves["run"] == run], hue, alpha=1.0 if named else 0.4)
    _finish(loss, "Loss", curves)
    _finish(auc, "Validation AUC", curves)
    if not curves["validation_auc"].notna().any():
        auc.text(0.5, 0.5, "not logged", transform=auc.transAxes, ha="center", color=FAINT_INK)
        auc.set_yticks([])
    _legends(loss, auc, dict(zip(runs, hues, strict=True)) if named and len(runs) > 1 else {})
    return figure


def _row_problems(frame: pd.DataFrame, path: Path) -> list[Problem]:
    problems = []
    rows = zip(frame["run"], frame["epoch"], frame["phase"], strict=True)
    phases: dict[tuple[object, object], object] = {}
    for line, (run, epoch, phase) in enumerate(rows, start=2):
        number = pd.to_numeric(epoch, errors="coerce")
        if not number >= 0:
            problems.append(Problem(path, line, f"epoch is {epoch!r}, must be a number from 0"))
        if phase not in PHASES:
            problems.append(Problem(path, line, f"phase is {phase!r}, must be head or all"))
        elif phases.setdefault((run, epoch), phase) != phase:
            message = f"epoch {epoch} of run {run!r} is in both phases; epochs must count on"
            problems.append(Problem(path, line, message))
    return problems


def _draw_run(loss: Axes, auc: Axes, rows: pd.DataFrame, hue: str, alpha: float) -> None:
    epochs = rows["epoch"].to_numpy(np.float64)
    # A run of one epoch has no line to see.
    marker = "o" if len(epochs) == 1 else ""
    style: dict[str, Any] = {"color": hue, "marker": marker, "markersize": 4, "alpha": alpha}
    loss.plot(epochs, rows["train_loss"], linestyle=DASHES, linewidth=1.0, mfc="white", **style)
    loss.plot(epochs, rows["validation_loss"], linewidth=1.5, **style)
    values = rows["validation_auc"].to_numpy(np.float64)
    auc.plot(epochs, values, linewidth=1.5, **style)
    if not np.isnan(values).all():
        best = int(np.nanargmax(values))
        auc.plot(epochs[best], values[best], "o", color=hue, markersize=5.5, clip_on=False)


def _finish(axes: Axes, name: str, curves: pd.DataFrame) -> None:
    style_axes(axes)
    axes.set_xlabel("Epoch", fontsize=LABEL_SIZE)
    axes.set_ylabel(name, fontsize=LABEL_SIZE)
    axes.set_xlim(float(curves["epoch"].min()) - 0.6, float(curves["epoch"].max()) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for epoch in _phase_changes(curves):
        axes.axvline(epoch - 0.5, color=FAINT_INK, linewidth=0.7)


def _phase_changes(curves: pd.DataFrame) -> list[float]:
    """Return the first epochs of all layers, of the runs that began with the head only."""
    begun = set(curves.loc[curves["phase"] == "head", "run"])
    later = curves[(curves["phase"] == "all") & curves["run"].isin(begun)]
    return sorted({float(epoch) for epoch in later.groupby("run")["epoch"].min()})


def _legends(loss: Axes, auc: Axes, hues: dict[str, str]) -> None:
    look: dict[str, Any] = {"fontsize": SMALL_SIZE, "frameon": False, "borderaxespad": 0.1}
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.0), "ncols": 2}
    kinds = [
        Line2D([], [], color=FAINT_INK, linestyle=DASHES, linewidth=1.0, label="Training"),
        Line2D([], [], color=FAINT_INK, linewidth=1.5, label="Validation"),
    ]
    best = Line2D([], [], color=FAINT_INK, marker="o", linestyle="", label="Best epoch")
    loss.legend(handles=kinds, **above, **look)
    first = auc.legend(handles=[best], **above, **look)
    if hues:
        auc.add_artist(first)  # A second legend would replace the first.
        runs = [Line2D([], [], color=hue, linewidth=2, label=run) for run, hue in hues.items()]
        auc.legend(handles=runs, loc="upper left", bbox_to_anchor=(1.03, 1.0), **look)

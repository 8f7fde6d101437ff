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
    for position, run in enumerate(runs):
        _draw_run(loss, auc, curves[curves["run"] == run], _run_colour(position, named))
    _finish(loss, "Loss")
    _finish(auc, "Validation AUC")
    if not curves["validation_auc"].notna().any():
        auc.text(0.5, 0.5, "not logged", transform=auc.transAxes, ha="center", color=FAINT_INK)
    _legends(figure, loss, auc, runs if named else [])
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


def _draw_run(loss: Axes, auc: Axes, rows: pd.DataFrame, hue: str) -> None:
    epochs = rows["epoch"].to_numpy(np.float64)
    # A run of one epoch has no line to see.
    marker = "o" if len(epochs) == 1 else ""
    style: dict[str, Any] = {"color": hue, "marker": marker, "markersize": 4}
    loss.plot(epochs, rows["train_loss"], linestyle=(0, (3, 2)), linewidth=1.0, **style)
    loss.plot(epochs, rows["validation_loss"], linewidth=1.5, **style)
    values = rows["validation_auc"].to_numpy(np.float64)
    auc.plot(epochs, values, linewidth=1.5, **style)
    if not np.isnan(values).all():
        best = int(np.nanargmax(values))
        auc.plot(epochs[best], values[best], "o", color=hue, markersize=5.5, clip_on=False)
    later = rows["phase"] == "all"
    if later.any() and not later.all():
        for axes in (loss, auc):
            axes.axvline(float(epochs[later].min()) - 0.5, color=hue, linewidth=0.7, alpha=0.6)


def _finish(axes: Axes, name: str) -> None:
    style_axes(axes)
    axes.set_xlabel("Epoch", fontsize=LABEL_SIZE)
    axes.set_ylabel(name, fontsize=LABEL_SIZE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _legends(figure: Figure, loss: Axes, auc: Axes, runs: list[str]) -> None:
    look: dict[str, Any] = {"fontsize": SMALL_SIZE, "frameon": False}
    above: dict[str, Any] = {
        "loc": "lower left",
        "bbox_to_anchor": (0, 1.0),
        "borderaxespad": 0.1,
        "ncols": 2,
    }
    kinds = [
        Line2D([], [], color=FAINT_INK, linestyle=(0, (3, 2)), linewidth=1.0, label="Training"),
        Line2D([], [], color=FAINT_INK, linewidth=1.5, label="Validation"),
    ]
    best = Line2D([], [], color=FAINT_INK, marker="o", linestyle="", label="Best epoch")
    loss.legend(handles=kinds, **above, **look)
    auc.legend(handles=[best], **above, **look)
    if len(runs) > 1:
        lines = [
            Line2D([], [], color=_run_colour(position, True), linewidth=2, label=run)
            for position, run in enumerate(runs)
        ]
        figure.legend(handles=lines, loc="outside right upper", title="Run", **look)


def _run_colour(position: int, named: bool) -> str:
    return colour(position) if named else colour(0)

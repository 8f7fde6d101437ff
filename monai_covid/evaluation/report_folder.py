"""The files of a report, in folders that appear only when they are complete."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monai_covid.evaluation.plots.confusion_matrix import draw_confusion_matrix
from monai_covid.evaluation.plots.roc_curves import draw_label_auc, draw_roc_curves
from monai_covid.evaluation.plots.style import save_png
from monai_covid.evaluation.predictions import write_predictions
from monai_covid.evaluation.report import EvaluationReport
from monai_covid.evaluation.report_text import (
    confusion_frame,
    metrics_frame,
    render_text,
    report_json,
    strict_json,
)

METRICS_JSON = "metrics.json"


def write_report(report: EvaluationReport, folder: Path | str, *, overwrite: bool = False) -> Path:
    """Write metrics, confusion matrix, predictions and plots into a new folder.

    Files: ``metrics.json``, ``metrics.csv``, ``metrics.txt``, ``predictions.csv``, ``roc.png``;
    for single-label tables also ``confusion_matrix.csv`` and ``confusion_matrix.png``; for
    multi-label ones ``label_auc.png``. The folder appears only when all of them are written.

    Args:
        report: What to write.
        folder: Folder to make.
        overwrite: Replace a report that is already there.

    Returns:
        The folder.

    Raises:
        FileExistsError: If something is there that may not be replaced.
    """
    with whole_folder(folder, METRICS_JSON, overwrite=overwrite) as temporary:
        write_report_files(report, temporary)
    return Path(folder)


def write_report_files(report: EvaluationReport, folder: Path) -> None:
    """Write the files of ``write_report`` into an existing folder."""
    text = strict_json(report_json(report))
    (folder / METRICS_JSON).write_text(text, encoding="utf-8")
    (folder / "metrics.txt").write_text(render_text(report), encoding="utf-8")
    metrics_frame(report).to_csv(folder / "metrics.csv", index=False, lineterminator="\n")
    write_predictions(report.table, folder / "predictions.csv")
    counts = confusion_frame(report)
    if counts is not None:
        counts.to_csv(folder / "confusion_matrix.csv", lineterminator="\n")
        save_png(draw_confusion_matrix(report), folder / "confusion_matrix.png")
    else:
        save_png(draw_label_auc(report), folder / "label_auc.png")
    save_png(draw_roc_curves(report), folder / "roc.png")


@contextmanager
def whole_folder(target: Path | str, mark: str, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary sibling folder that becomes ``target`` when the block ends without error.

    Args:
        target: Folder to make; parents are made too.
        mark: File that every folder of this kind has. Only folders with it, and empty ones, are
            ever replaced, so that a wrong path cannot delete somebody's files.
        overwrite: Replace an existing folder that has ``mark``.

    Yields:
        The folder to write into.

    Raises:
        FileExistsError: If ``target`` may not be replaced.
    """
    target = Path(target)
    check_replaceable(target, mark, overwrite=overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        fresh = Path(scratch) / "new"
        fresh.mkdir()
        yield fresh
        old = Path(scratch) / "old"
        if target.exists():
            target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise


def check_replaceable(target: Path, mark: str, *, overwrite: bool) -> None:
    """Raise FileExistsError if ``target`` exists and may not be replaced (see ``whole_folder``)."""
    if not target.exists():
        return
    if not target.is_dir():
        raise FileExistsError(f"{target} is a file; a folder is to be made there")
    if not any(target.iterdir()):
        return
    if not (target / mark).is_file():
        raise FileExistsError(f"{target} has files but no {mark}, so it is not replaced")
    if not overwrite:
        raise FileExistsError(f"{target} already has {mark}; --overwrite replaces it")

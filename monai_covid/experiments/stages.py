"""Running the bundle's configs from Python."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.bundle import run

from monai_covid.errors import InputError, Problem
from monai_covid.evaluation.report_folder import METRICS_JSON

logger = logging.getLogger(__name__)

SUMMARY = "summary.json"


def run_config(bundle_root: Path | str, config: str, run_id: str, **options: Any) -> None:
    """Run a config of the bundle, as ``python -m monai.bundle run`` does.

    Args:
        bundle_root: Folder of the bundle.
        config: File name in ``configs/``.
        run_id: What to run: training, evaluating, inferring.
        options: Values for the config's options.

    Raises:
        InputError: If the bundle has no such config.
        SystemExit: With a message for unusable options or data.
    """
    root = Path(bundle_root).resolve()
    file = root / "configs" / config
    if not file.is_file():
        raise InputError([Problem(file, None, "no such config; is bundle_root the bundle?")])
    run(run_id=run_id, config_file=str(file), bundle_root=str(root), **options)


def train_stage(
    bundle_root: Path | str, config: str, run_dir: Path, *, anew: bool = False, **options: Any
) -> dict[str, Any]:
    """Train a stage in ``run_dir``, continuing a run that is there.

    Args:
        bundle_root: Folder of the bundle.
        config: File name in ``configs/``.
        run_dir: Folder of the run.
        anew: Replace a run that is there instead.
        options: Values for the config's options.

    Returns:
        The run's summary; ``finished`` is False if its time ran out.
    """
    if anew or not run_summary(run_dir).get("finished"):
        mode = {"overwrite": True} if anew else {"resume": True}
        run_config(bundle_root, config, "training", output_dir=str(run_dir), **mode, **options)
    return run_summary(run_dir)


def run_summary(run_dir: Path) -> dict[str, Any]:
    """Return the summary of a run; empty if it has none yet."""
    file = run_dir / SUMMARY
    if not file.is_file():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def evaluate_stage(bundle_root: Path | str, run_dir: Path, **options: Any) -> Path:
    """Evaluate the best model of ``run_dir``, unless that was done since the run ended.

    Returns:
        The folder of the evaluation.
    """
    folder = run_dir / "evaluation"
    metrics, model = folder / METRICS_JSON, run_dir / "model.pt"
    if metrics.is_file() and metrics.stat().st_mtime >= model.stat().st_mtime:
        return folder
    run_config(
        bundle_root,
        "evaluate.yaml",
        "evaluating",
        checkpoint=str(model),
        output_dir=str(folder),
        overwrite=True,
        **options,
    )
    return folder


def chosen(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return those of ``options`` that are named and set."""
    return {name: options[name] for name in names if options.get(name) is not None}

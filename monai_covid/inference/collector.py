"""Handlers that gather what an evaluator predicts and write it down."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ignite.engine import Engine, Events
from torch import Tensor

from monai_covid.data.files import check_writable
from monai_covid.errors import RunFolderError
from monai_covid.evaluation.calibration.temperature import with_temperature
from monai_covid.evaluation.predictions import multiclass_table, multilabel_table
from monai_covid.evaluation.report import evaluate_table
from monai_covid.evaluation.report_folder import METRICS_JSON, check_replaceable, write_report
from monai_covid.evaluation.report_text import render_text
from monai_covid.inference.answer import predictions_in_evaluator
from monai_covid.inference.classifier import FLIPS_REMARK
from monai_covid.inference.prediction import Prediction
from monai_covid.inference.prediction_tables import (
    Columns,
    check_free,
    counted,
    write_predictions_of_folder,
)
from monai_covid.models.model_file import ModelInfo

logger = logging.getLogger(__name__)

FIELDS, PROBABILITY = ("name", "patient_id", "label"), "probability"


class FolderPredictions:
    """Writes the predictions of a folder's images when the evaluator ends.

    Args:
        output_dir: Folder that gets ``predictions.csv`` and ``predictions.json``.
        info: What the network is.
        overwrite: Whether earlier predictions may be replaced.
        flips: Whether probabilities are means over images and mirror images, for a remark.
    """

    def __init__(
        self,
        output_dir: Path | str,
        info: ModelInfo,
        overwrite: bool = False,
        flips: bool = False,
    ) -> None:
        """Note where to write."""
        self.output_dir = Path(output_dir)
        self.info = info
        self.overwrite = overwrite
        self.flips = flips
        self._predictions: list[Prediction] = []

    def check(self) -> None:
        """Make sure that the folder may be written to.

        Raises:
            RunFolderError: If it holds predictions that may not be replaced.
        """
        hint = "replace it with --overwrite True or give another --output_dir"
        check_free(self.output_dir, hint, overwrite=self.overwrite)

    def attach(self, engine: Engine) -> None:
        """Gather what the evaluator ``engine`` predicts."""
        engine.add_event_handler(Events.STARTED, lambda _: self._predictions.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, lambda _: self._write())

    def __call__(self, engine: Engine) -> None:
        """Gather the predictions of the last iteration."""
        self._predictions += predictions_in_evaluator(engine.state, self.info)

    def _write(self) -> None:
        columns = Columns.of_model(self.info)._replace(flips=self.flips)
        path = write_predictions_of_folder(self.output_dir, self._predictions, columns)
        logger.info("%s: %s", counted(self._predictions), path)


class EvaluationFolder:
    """Writes metrics with intervals, tables and plots when the evaluator ends.

    Args:
        output_dir: Folder to make.
        info: What the network is.
        resamples: Bootstrap resamples.
        seed: Seed of the resamples.
        overwrite: Whether an earlier evaluation may be replaced.
        flips: Whether probabilities are means over images and mirror images, for a remark.
    """

    def __init__(
        self,
        output_dir: Path | str,
        info: ModelInfo,
        *,
        resamples: int = 2000,
        seed: int = 0,
        overwrite: bool = False,
        flips: bool = False,
    ) -> None:
        """Note where to write."""
        self.output_dir = Path(output_dir)
        self.info = info
        self.resamples = resamples
        self.seed = seed
        self.overwrite = overwrite
        self.flips = flips
        self._collected: dict[str, list[Any]] = {}

    def check(self) -> None:
        """Make sure that the folder may be written to.

        Raises:
            RunFolderError: If it holds something that may not be replaced.
        """
        try:
            check_replaceable(self.output_dir, METRICS_JSON, overwrite=self.overwrite)
        except FileExistsError as error:
            hint = "replace it with --overwrite True or give another --output_dir"
            raise RunFolderError(f"{error}; {hint}") from error
        check_writable(self.output_dir.parent)

    def attach(self, engine: Engine) -> None:
        """Gather what the evaluator ``engine`` predicts."""
        engine.add_event_handler(Events.STARTED, self._reset)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, lambda _: self._write())

    def _reset(self, _: Engine) -> None:
        self._collected = {name: [] for name in (*FIELDS, PROBABILITY)}

    def __call__(self, engine: Engine) -> None:
        """Gather the labels and probabilities of the last iteration."""
        for name in FIELDS:
            values = engine.state.batch[name]
            rows = values.cpu().numpy() if isinstance(values, Tensor) else values
            self._collected[name].extend(rows)
        probabilities = engine.state.output[PROBABILITY].double().cpu().numpy()
        self._collected[PROBABILITY].extend(probabilities)

    def _write(self) -> None:
        report = evaluate_table(
            self.table(self._collected), self.info.labels, self.resamples, self.seed
        )
        report = replace(report, notes=(FLIPS_REMARK,) if self.flips else ())
        write_report(report, self.output_dir, overwrite=self.overwrite)
        logger.info("%s\n%s", self.output_dir, render_text(report))

    def table(self, collected: Mapping[str, list[Any]]) -> pd.DataFrame:
        """Return the predictions table of what was gathered."""
        build = multilabel_table if self.info.multilabel else multiclass_table
        table = build(
            collected["name"],
            collected["patient_id"],
            np.stack(collected["label"]),
            np.stack(collected["probability"]),
            self.info.labels,
        )
        return with_temperature(table, self.info.temperature)

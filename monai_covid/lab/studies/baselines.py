"""What trivial cues predict on the same folds, for comparison with the networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from monai_covid.audits.shortcuts.cues import CUES, measure_cues
from monai_covid.audits.shortcuts.learning import folds_of, out_of_fold
from monai_covid.evaluation.predictions import multiclass_table, read_predictions, write_predictions
from monai_covid.lab.studies.collections import Collections
from monai_covid.lab.studies.definition import Study
from monai_covid.lab.studies.layout import Layout
from monai_covid.lab.studies.scores import pooled_scores

FOLD = "fold"


def write_baselines(study: Study, data: Collections, layout: Layout) -> None:
    """Write the predictions of the study's cues for all images, unless they are there.

    Each is learned in cross-validation over the collection's folds.

    Raises:
        InputError: If images cannot be read.
    """
    missing = [name for name in study.baselines if not layout.baseline(name).is_file()]
    if not missing:
        return
    records = data.records
    folds = folds_of(records, study.seeds[0])
    features = measure_cues(records)
    names, patients = records.frame["image"].tolist(), records.patients.tolist()
    for name in (name for name in missing if name in features):
        probabilities = out_of_fold(CUES[name], features[name], records, folds, study.seeds[0])
        table = multiclass_table(names, patients, records.classes, probabilities, records.labels)
        write_predictions(table.assign(**{FOLD: folds.astype(int)}), layout.baseline(name))


def baseline_scores(study: Study, layout: Layout, resamples: int) -> dict[str, Any]:
    """Return the measures of each cue on the study's folds; see ``scores.pooled_scores``."""
    scores = {}
    for name in study.baselines:
        if layout.baseline(name).is_file():
            table = _of_folds(layout.baseline(name), study.folds)
            scores[name] = pooled_scores([table], resamples)
    return scores


def _of_folds(path: Path, folds: tuple[int, ...]) -> pd.DataFrame:
    table = read_predictions(path)
    return table[table[FOLD].astype(int).isin(folds)].reset_index(drop=True)

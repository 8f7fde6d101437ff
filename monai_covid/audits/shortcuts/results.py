"""Scores of cues, and of the model on whole images and parts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from tqdm import tqdm

from monai_covid.audits.groups.performance import single_label_outcomes
from monai_covid.audits.shortcuts.cues import CUES, measure_cues
from monai_covid.audits.shortcuts.learning import (
    Chance,
    Scores,
    folds_of,
    out_of_fold,
    permuted,
    score,
)
from monai_covid.audits.shortcuts.lung_parts import (
    WHOLE_IMAGE,
    Finder,
    PartPredictions,
    predict_parts,
)
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.evaluation.columns import IMAGE, PATIENT
from monai_covid.evaluation.comparison import Comparison, compare_tables
from monai_covid.evaluation.predictions import multiclass_table

PERMUTATIONS = 1000


@dataclass(frozen=True)
class Result:
    """How well one predictions table fits.

    Attributes:
        table: The predictions.
        scores: Accuracies and AUCs with intervals.
        chance: Balanced accuracy of the same decisions when labels are permuted.
    """

    table: pd.DataFrame
    scores: Scores
    chance: Chance


@dataclass(frozen=True)
class ModelResults:
    """The model beside the cues, and the model on parts of the images.

    Attributes:
        whole: The model on all images that it was not trained on.
        cues: Each cue on the same images.
        parts: The model on every version of the images with plausible lungs.
        drops: Paired comparison of the whole image (first) with each other version.
        left_out: Images without plausible lungs, by reason.
    """

    whole: Result
    cues: Mapping[str, Result]
    parts: Mapping[str, Result]
    drops: Mapping[str, Comparison]
    left_out: Mapping[str, int]


def cue_results(subject: Subject) -> dict[str, Result]:
    """Return what each cue predicts of all images in cross-validation.

    Raises:
        InputError: See ``measure_cues``.
    """
    records, options = subject.records, subject.options
    folds = folds_of(records, options.seed)
    features = measure_cues(records, progress=options.progress)
    names, patients = records.frame["image"].tolist(), records.patients.tolist()
    results = {}
    names_of_cues = [name for name in CUES if name in features]
    for name in tqdm(names_of_cues, "Shortcuts", unit="cue", disable=not options.progress):
        probabilities = out_of_fold(CUES[name], features[name], records, folds, options.seed)
        table = multiclass_table(names, patients, records.classes, probabilities, records.labels)
        results[name] = result_of(table, records.labels, options)
    return results


def model_results(subject: Subject, cues: Mapping[str, Result], find: Finder) -> ModelResults:
    """Return what the model predicts with and without lungs, and the cues on the same images.

    Args:
        subject: With a model.
        cues: Of all images.
        find: Finds the lungs of an image.
    """
    labels, options = subject.records.labels, subject.options
    unseen = set(subject.unseen.frame["image"])
    parts = predict_parts(
        subject.unseen, subject.model, find, options.batch_size, progress=options.progress
    )
    return ModelResults(
        whole=result_of(subject.predictions, labels, options),
        cues={
            name: result_of(result.table[result.table[IMAGE].isin(unseen)], labels, options)
            for name, result in cues.items()
        },
        parts={name: result_of(table, labels, options) for name, table in parts.tables.items()},
        drops=_drops(parts, labels, options),
        left_out=parts.left_out,
    )


def result_of(table: pd.DataFrame, labels: Sequence[str], options: AuditOptions) -> Result:
    """Return how well a predictions table fits."""
    outcomes = single_label_outcomes(table, labels)
    patients = table[PATIENT].astype(str).tolist()
    chance = permuted(outcomes.true, outcomes.predicted, patients, PERMUTATIONS, options.seed)
    return Result(table, score(table, labels, options), chance)


def _drops(
    parts: PartPredictions, labels: Sequence[str], options: AuditOptions
) -> dict[str, Comparison]:
    tables = parts.tables
    return {
        name: compare_tables(tables[WHOLE_IMAGE], table, labels, options.resamples, options.seed)
        for name, table in tables.items()
        if name != WHOLE_IMAGE
    }

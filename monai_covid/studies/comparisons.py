"""Every arm against the baseline: pairs of runs with the same seed and fold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from monai_covid.audits.groups.holm import holm
from monai_covid.studies.definition import EXTERNAL, WITHOUT_LUNGS, Run
from monai_covid.studies.paired import sign_flip_test, t_interval
from monai_covid.studies.scores import COVID

RunResult = Mapping[str, Any]
Measure = Callable[[RunResult], float | None]


def measures(first_epochs: int, further: Collection[str] = ()) -> dict[str, Measure]:
    """Return what is compared, by name.

    Args:
        first_epochs: Epochs over which the validation AUC is averaged; the publication says that
            twice transfer learning and output neuron keeping make the first epochs better.
        further: Further evaluations of the study. Lungs alone are not compared.
    """
    epochs = f"epochs 1 to {first_epochs}" if first_epochs > 1 else "epoch 1"
    return {
        f"validation_auc, {epochs}": lambda run: _first(run["validation_auc"], first_epochs),
        "best validation_auc": lambda run: _as_float(run["best_validation_auc"]),
        "test accuracy": lambda run: _as_float(run["test"]["accuracy"]),
        "test macro_auc": lambda run: _as_float(run["test"]["macro_auc"]),
        **(BLANKED if WITHOUT_LUNGS in further else {}),
        **(OUTSIDE if EXTERNAL in further else {}),
    }


BLANKED: Mapping[str, Measure] = {
    "balanced_accuracy, lungs blanked out": lambda run: _as_float(
        run["further"].get(WITHOUT_LUNGS, {}).get("balanced_accuracy")
    )
}
OUTSIDE: Mapping[str, Measure] = {
    "balanced_accuracy, external": lambda run: _outside(run, "balanced_accuracy"),
    "macro_auc, external": lambda run: _outside(run, "macro_auc"),
    "recall of COVID-19, external": lambda run: _outside(run, "recall", COVID),
}


def _outside(run: RunResult, *keys: str) -> float | None:
    """Return a measure of the external images; None for a network that was trained on some.

    For it COVID-19 is not among them, and what is left are fewer classes: other questions.
    """
    found: Any = run["further"].get(EXTERNAL) or {}
    if not found or found["recall"][COVID] is None:
        return None
    for key in keys:
        found = found[key]
    return _as_float(found)


def compare_arms(
    results: Mapping[Run, RunResult],
    against: Mapping[str, str],
    first_epochs: int,
    further: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Compare every arm with its baseline.

    p-values are corrected after Holm for the number of arms, each measure for itself.

    Args:
        results: Finished runs: ``validation_auc`` of each epoch, ``best_validation_auc``, ``test``
            (see ``scores.run_scores``), ``further`` (the same, by name) and ``training_images``.
        against: Arm -> the arm it is compared with.
        first_epochs: See `measures`.
        further: See `measures`.
    """
    found = []
    for name, measure in measures(first_epochs, further).items():
        rows = [_compare(results, pair, name, measure) for pair in against.items()]
        tested = [row for row in rows if row["p_value"] is not None]
        corrected, _ = holm([row["p_value"] for row in tested])
        for row, p_value in zip(tested, corrected, strict=True):
            row["p_value_holm"] = p_value
        found += rows
    return found


def _compare(
    results: Mapping[Run, RunResult], against: tuple[str, str], name: str, measure: Measure
) -> dict[str, Any]:
    arm, baseline = against
    pairs = _pairs(results, arm, baseline, measure)
    differences = list(pairs.values())
    usual = t_interval(differences)
    flipped = sign_flip_test(differences) if differences else None
    row = {
        "arm": arm,
        "baseline": baseline,
        "measure": name,
        "pairs": len(pairs),
        "mean_difference": float(np.mean(differences)) if differences else None,
        "low": usual.low,
        "high": usual.high,
        "interval": "t over pairs",
        "p_value": flipped.p_value if flipped else None,
        "p_value_holm": None,
        "test": flipped.test if flipped else "no pairs yet",
        "note": _note(list(pairs)),
    }
    if len({run.fold for run in pairs}) > 1:
        shared = _test_per_training_image(results, list(pairs))
        row["corrected"] = t_interval(differences, shared)._asdict()
    return row


def _pairs(
    results: Mapping[Run, RunResult], arm: str, baseline: str, measure: Measure
) -> dict[Run, float]:
    """Return the difference, arm less baseline, of each seed and fold that both have finished."""
    found = {}
    for run, result in results.items():
        other = results.get(run._replace(arm=baseline))
        if run.arm != arm or other is None:
            continue
        values = (measure(result), measure(other))
        if values[0] is not None and values[1] is not None:
            found[run] = values[0] - values[1]
    return found


def _note(runs: Sequence[Run]) -> str:
    folds = {run.fold for run in runs}
    if not runs:
        return ""
    if len(folds) > 1:
        return (
            "Pairs are not independent: folds share training images, so p-value and interval are "
            "too small; 'corrected' is the t interval after Nadeau & Bengio (2003)."
        )
    return (
        f"All pairs are of fold {min(folds)} and differ in the seed alone: they say how much "
        "training varies, not how much the patients do."
    )


def _test_per_training_image(results: Mapping[Run, RunResult], runs: Sequence[Run]) -> float:
    ratios = [results[run]["test"]["images"] / results[run]["training_images"] for run in runs]
    return float(np.mean(ratios))


def _first(curve: Sequence[float | None], epochs: int) -> float | None:
    values = [value for value in curve[:epochs] if value is not None]
    return float(np.mean(values)) if values and len(curve) >= epochs else None


def _as_float(value: float | None) -> float | None:
    return None if value is None else float(value)

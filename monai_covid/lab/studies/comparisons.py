"""Every arm against the baseline: paired differences of runs with the same seed and fold.

Tested by sign flips, and by t with a correction for training images that folds share.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monai_covid.evaluation.bootstrap import LEVEL
from monai_covid.evaluation.multiple_testing import holm
from monai_covid.lab.studies.definition import EXTERNAL, WITHOUT_LUNGS, Run
from monai_covid.lab.studies.scores import COVID

RunResult = Mapping[str, Any]
Measure = Callable[[RunResult], float | None]

EXACT_AT_MOST = 16
"""Pairs up to which all sign flips are counted out."""

RESAMPLES = 10_000
ROUNDING = 1e-12


def compare_arms(
    results: Mapping[Run, RunResult],
    against: Mapping[str, str],
    first_epochs: int,
    extra_evaluations: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Compare every arm with its baseline.

    p-values are corrected after Holm for the number of arms, each measure for itself.

    Args:
        results: Finished runs: ``validation_auc`` of each epoch, ``best_validation_auc``, ``test``
            (see ``scores.run_scores``), ``further`` (the same, by name) and ``training_images``.
        against: Arm -> the arm it is compared with.
        first_epochs: See `measures`.
        extra_evaluations: See `measures`.
    """
    comparisons = []
    for name, measure in measures(first_epochs, extra_evaluations).items():
        rows = [_compare(results, pair, name, measure) for pair in against.items()]
        tested = [row for row in rows if row["p_value"] is not None]
        corrected, _ = holm([row["p_value"] for row in tested])
        for row, p_value in zip(tested, corrected, strict=True):
            row["p_value_holm"] = p_value
        comparisons += rows
    return comparisons


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
    differences = {}
    for run, result in results.items():
        other = results.get(run._replace(arm=baseline))
        if run.arm != arm or other is None:
            continue
        values = (measure(result), measure(other))
        if values[0] is not None and values[1] is not None:
            differences[run] = values[0] - values[1]
    return differences


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


def measures(first_epochs: int, extra_evaluations: Collection[str] = ()) -> dict[str, Measure]:
    """Return what is compared, by name.

    Args:
        first_epochs: Epochs over which the validation AUC is averaged; the publication says that
            twice transfer learning and output neuron keeping make the first epochs better.
        extra_evaluations: Those of the study. Lungs alone are not compared.
    """
    epochs = f"epochs 1 to {first_epochs}" if first_epochs > 1 else "epoch 1"
    return {
        f"validation_auc, {epochs}": lambda run: _first(run["validation_auc"], first_epochs),
        "best validation_auc": lambda run: _as_float(run["best_validation_auc"]),
        "test accuracy": lambda run: _as_float(run["test"]["accuracy"]),
        "test macro_auc": lambda run: _as_float(run["test"]["macro_auc"]),
        **(BLANKED if WITHOUT_LUNGS in extra_evaluations else {}),
        **(OUTSIDE if EXTERNAL in extra_evaluations else {}),
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
    scores: Any = run["further"].get(EXTERNAL) or {}
    if not scores or scores["recall"][COVID] is None:
        return None
    for key in keys:
        scores = scores[key]
    return _as_float(scores)


def _first(curve: Sequence[float | None], epochs: int) -> float | None:
    values = [value for value in curve[:epochs] if value is not None]
    return float(np.mean(values)) if values and len(curve) >= epochs else None


def _as_float(value: float | None) -> float | None:
    return None if value is None else float(value)


class SignFlip(NamedTuple):
    """What a sign-flip test found.

    Attributes:
        p_value: Two-sided.
        test: What was done, for people.
    """

    p_value: float
    test: str


class TInterval(NamedTuple):
    """A t interval of a mean difference.

    Attributes:
        low: Lower bound of the 95 % interval; None for fewer than two pairs.
        high: Upper bound.
        p_value: Two-sided p-value of the t test.
    """

    low: float | None
    high: float | None
    p_value: float | None


def sign_flip_test(differences: Sequence[float], seed: int = 0) -> SignFlip:
    """Test whether paired differences are as likely to be positive as negative.

    Under the null hypothesis each difference has either sign with the same probability (Fisher,
    The Design of Experiments, 1935). The statistic is the absolute mean. Up to 16 pairs all sign
    flips are counted; the smallest p-value that n pairs can give is 2 / 2^n. With more pairs signs
    are drawn, and p = (1 + as extreme) / (1 + drawn) (Phipson & Smyth, Stat. Appl. Genet. Mol.
    Biol. 9:39, 2010).

    Args:
        differences: At least one.
        seed: Of the drawn signs.
    """
    values = np.asarray(differences, dtype=np.float64)
    exact = len(values) <= EXACT_AT_MOST
    signs = _all_signs(len(values)) if exact else _drawn_signs(len(values), seed)
    flipped, observed = np.abs(signs @ values), abs(float(values.sum()))
    extreme = int((flipped >= observed - ROUNDING * max(1.0, observed)).sum())
    if exact:
        return SignFlip(extreme / len(signs), "paired sign-flip permutation, exact")
    p_value = (1 + extreme) / (1 + len(signs))
    return SignFlip(p_value, f"paired sign-flip permutation, {RESAMPLES} resamples")


def t_interval(differences: Sequence[float], shared: float = 0.0) -> TInterval:
    """Return the t interval of a mean difference.

    With ``shared`` the variance of the mean is that of Nadeau & Bengio (Machine Learning
    52:239-281, 2003), s^2 (1/n + n_test / n_train), since differences of folds whose training
    images overlap are not independent; for several seeds see Bouckaert & Frank (PAKDD 2004).

    Args:
        differences: n paired differences.
        shared: Test images over training images; 0 for independent pairs.
    """
    count = len(differences)
    if count < 2:
        return TInterval(None, None, None)
    mean, spread = float(np.mean(differences)), float(np.std(differences, ddof=1))
    error = spread * float(np.sqrt(1 / count + shared))
    if error <= ROUNDING:
        return TInterval(mean, mean, None)
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, count - 1))
    return TInterval(mean - half, mean + half, p_value)


def _all_signs(count: int) -> NDArray[np.float64]:
    numbers = np.arange(2**count)[:, None]
    return np.where((numbers >> np.arange(count)) & 1, -1.0, 1.0)


def _drawn_signs(count: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(RESAMPLES, count))

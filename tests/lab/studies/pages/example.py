"""Stored studies with made-up numbers."""

import json

import numpy as np

METRICS = ("accuracy", "balanced_accuracy", "macro_auc")
LABELS = ("covid19", "pneumonia", "normal")


def estimate(value, width=0.03):
    low, high = round(value - width, 4), round(min(1.0, value + width), 4)
    return {"value": round(value, 4), "low": low, "high": high}


def scores(value):
    return {
        **{name: estimate(value + 0.04 * place) for place, name in enumerate(METRICS)},
        "recall": {label: estimate(value - 0.02 * i) for i, label in enumerate(LABELS)},
        "covid19_auc": estimate(0.95, 0.02),
        "binary_covid19_normal_accuracy": estimate(0.93, 0.02),
    }


def run(seed, fold, auc):
    test = dict.fromkeys(METRICS, 0.7) | {"recall": dict.fromkeys(LABELS, 0.7)}
    return {
        "seed": seed,
        "fold": fold,
        "epochs": 12,
        "best_epoch": 9,
        "best_validation_auc": auc,
        "seconds": 96.0,
        "test": {**test, "images": 225 - fold, "patients": 152},
        "further": {},
    }


def arm(name, value=0.7, *, start="stage2", seeds=(0, 1), folds=(0,), missing=0, epochs=12):
    """Return an arm whose curves rise to ``value + 0.2``; the last ``missing`` runs lack."""
    pairs = [(seed, fold) for seed in seeds for fold in folds]
    there = pairs[: len(pairs) - missing]
    generator = np.random.default_rng(len(name))
    steps = 1 - np.exp(-np.arange(1, epochs + 1) / 4)
    curves = [
        (0.5 + (value - 0.3) * steps + noise).round(4).tolist()
        for noise in generator.normal(0, 0.012, (len(there), epochs))
    ]
    runs = [run(*pair, max(curve)) for pair, curve in zip(there, curves, strict=True)]
    return {
        "name": name,
        "start": start,
        "started_from": "random weights",
        "options": {"head": name.rpartition("-")[2]},
        "runs_planned": len(pairs),
        "runs_finished": len(there),
        "seconds": 96.0 * len(there),
        "runs": runs,
        "curves": {"epoch": list(range(1, epochs + 1)), "validation_auc": curves},
        "pooled": {"test": scores(value) if there else {}, "further": {}},
    }


def comparison(name, mean, low, high, holm, **more):
    return {
        "arm": name,
        "baseline": "twice-keep",
        "measure": "validation_auc, epochs 1 to 5",
        "pairs": 15,
        "mean_difference": mean,
        "low": low,
        "high": high,
        "p_value": None if holm is None else holm / 2,
        "p_value_holm": holm,
        "test": "paired sign-flip permutation, exact",
        "note": "",
        **more,
    }


def study(arms=None, comparisons=None, baselines=None, **settings):
    """Return a stored study of two seeds and one fold, as its JSON is parsed."""
    return {
        "format_version": 1,
        "notice": "Research use only. Not for diagnosis.",
        "title": "Output neuron keeping",
        "question": "Does keeping output neurons help in the first epochs?",
        "version": "0.1.0",
        "settings": {
            "folds": [0],
            "seeds": [0, 1],
            "first_epochs": 5,
            "baseline": "twice-keep",
            "options": {"image_size": 64, "precision": "bfloat16"},
            "stage2": {"image_size": 64},
            "stage2_excludes": "fold",
            "device": "cpu",
            "imagenet": "none at hand",
            **settings,
        },
        "arms": [arm("twice-keep"), arm("twice-random", 0.68)] if arms is None else arms,
        "comparisons": [comparison("twice-random", -0.02, -0.05, 0.01, 0.4)]
        if comparisons is None
        else comparisons,
        "baselines": {"thumbnail_8": {"accuracy": estimate(0.76)}}
        if baselines is None
        else baselines,
    }


def full_study():
    """Return a study of eight arms with everything that pages show."""
    seeds, folds = (0, 1, 2), (0, 1, 2, 3, 4)
    names = ("keep", "mean", "random", "201-keep", "once", "lungs", "aspect")
    arms = [
        arm(f"twice-{name}", 0.66 + 0.02 * place, seeds=seeds, folds=folds)
        for place, name in enumerate(names)
    ]
    arms.append(arm("direct", 0.6, start="imagenet", seeds=seeds, folds=folds, missing=2))
    for one in arms[:3]:
        one["pooled"]["ensemble"] = scores(0.74)
        one["pooled"]["further"] = {"without_lungs": scores(0.6), "lungs_only": scores(0.65)}
    compared = [
        comparison("twice-mean", 0.02, 0.01, 0.03, 0.012),
        comparison("twice-random", -0.03, -0.05, -0.01, 0.09),
        comparison("direct", 0.001, -0.01, 0.012, 1.0),
    ]
    cues = {"thumbnail_8": scores(0.76), "aspect": {"accuracy": estimate(0.55)}}
    return study(arms, compared, cues, seeds=list(seeds), folds=list(folds))


def write(path, content):
    """Write ``content`` as JSON and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path

"""JSON Schema (draft 2020-12) of a stored study, ``study.json``."""

from __future__ import annotations

from typing import Any

from monai_covid.evaluation.readings import MEASURES

FORMAT_VERSION = 1

_NUMBER = {"type": ["number", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string", "minLength": 1}
_ESTIMATE = {
    "type": "object",
    "required": ["value", "low", "high"],
    "properties": {"value": _NUMBER, "low": _NUMBER, "high": _NUMBER},
}
_SCORES = {
    "type": "object",
    "properties": {
        "accuracy": _ESTIMATE,
        "balanced_accuracy": _ESTIMATE,
        "macro_auc": _ESTIMATE,
        "covid19_auc": _ESTIMATE,
        "binary_covid19_normal_accuracy": _ESTIMATE,
        "recall": {"type": "object", "additionalProperties": _ESTIMATE},
        "images": _COUNT,
        "patients": _COUNT,
    },
}
_RUN = {
    "type": "object",
    "required": ["seed", "fold", "epochs", "best_validation_auc", "seconds", "test"],
    "properties": {
        "seed": {"type": "integer"},
        "fold": {"type": "integer"},
        "epochs": {"type": ["integer", "null"]},
        "best_validation_auc": _NUMBER,
        "seconds": _NUMBER,
        "test": {"type": ["object", "null"], "properties": {"images": _COUNT, "patients": _COUNT}},
    },
}
_CURVES = {
    "type": "object",
    "required": ["epoch", "validation_auc"],
    "properties": {
        "epoch": {"type": "array", "items": _NUMBER},
        "validation_auc": {"type": "array", "items": {"type": "array", "items": _NUMBER}},
    },
}
_METRICS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["metric", "class", "value", "low", "high"],
        "properties": {"metric": _TEXT, "value": _NUMBER, "low": _NUMBER, "high": _NUMBER},
    },
}
_HOSPITALS = {
    "type": "object",
    "required": ["seed", "by_patient"],
    "properties": {
        "seed": {"type": "integer"},
        "by_patient": {
            "type": "object",
            "required": ["hospitals", "pooled", "equal"],
            "properties": {
                "hospitals": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["hospital", "lacks", "metrics"],
                        "properties": {"hospital": _TEXT, "metrics": _METRICS},
                    },
                },
                "pooled": _METRICS,
                "equal": _METRICS,
            },
        },
    },
}
_ARM = {
    "type": "object",
    "required": [
        *("name", "start", "started_from", "options", "runs_planned", "runs_finished"),
        *("runs", "curves", "pooled"),
    ],
    "properties": {
        "name": _TEXT,
        "start": _TEXT,
        "started_from": {"type": ["string", "null"]},
        "options": {"type": "object"},
        "stage1": {"type": "object"},
        "runs_planned": _COUNT,
        "runs_finished": _COUNT,
        "runs": {"type": "array", "items": _RUN},
        "curves": _CURVES,
        "hospitals": {"type": "array", "items": _HOSPITALS},
        "failures": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["seed", "fold"],
                "properties": {"seed": {"type": "integer"}, "fold": {"type": "integer"}},
            },
        },
        "pooled": {
            "type": "object",
            "properties": {
                "test": {"anyOf": [_SCORES, {"type": "null"}]},
                "ensemble": {"anyOf": [_SCORES, {"type": "null"}]},
                "further": {"type": "object", "additionalProperties": _SCORES},
                "against": {"type": "object", "additionalProperties": _ESTIMATE},
            },
        },
    },
}
_COMPARISON = {
    "type": "object",
    "required": [
        *("arm", "baseline", "measure", "pairs", "mean_difference", "low", "high"),
        *("p_value", "p_value_holm", "test"),
    ],
    "properties": {
        "arm": _TEXT,
        "baseline": _TEXT,
        "measure": _TEXT,
        "pairs": _COUNT,
        "mean_difference": _NUMBER,
        "low": _NUMBER,
        "high": _NUMBER,
        "p_value": _NUMBER,
        "p_value_holm": _NUMBER,
        "test": {"type": ["string", "null"]},
        "note": {"type": ["string", "null"]},
        "corrected": {
            "type": ["object", "null"],
            "required": ["low", "high"],
            "properties": {"low": _NUMBER, "high": _NUMBER},
        },
    },
}
_STAGE1 = {
    "type": "object",
    "required": ["name", "started_from", "epochs", "training_images", "training_loss", "seconds"],
    "properties": {
        "name": _TEXT,
        "started_from": {"type": "string"},
        "epochs": _NUMBER,
        "training_images": _NUMBER,
        "training_loss": _NUMBER,
        "seconds": _NUMBER,
    },
}
_STAGE2 = {
    "type": "object",
    "required": [
        *("name", "started_from", "epochs", "best_validation_auc", "training_images", "seconds"),
    ],
    "properties": {
        "name": _TEXT,
        "started_from": {"type": "string"},
        "epochs": _NUMBER,
        "best_validation_auc": _NUMBER,
        "training_images": _NUMBER,
        "seconds": _NUMBER,
    },
}
_AGREEMENT = {
    "type": ["object", "null"],
    "required": ["members", "images"],
    "properties": {
        "members": {"type": "array", "items": _TEXT},
        "images": _COUNT,
        "all_right": _ESTIMATE,
        "none_right": _ESTIMATE,
        "none_right_one_answer": _ESTIMATE,
        "none_right_of": {"type": "object", "additionalProperties": _ESTIMATE},
    },
    # Where there are images, there are shares of them.
    "if": {"properties": {"images": {"minimum": 1}}},
    "then": {"required": ["all_right", "none_right", "none_right_one_answer", "none_right_of"]},
}
_READING = {
    "type": "object",
    "required": ["arm", "class", "images", "patients", "heeds_views", *MEASURES, "labels"],
    "properties": {
        "arm": _TEXT,
        "class": _TEXT,
        "images": _COUNT,
        "patients": _COUNT,
        "heeds_views": {"type": "boolean"},
        **dict.fromkeys(MEASURES, _ESTIMATE),
        "labels": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["images", "seen"],
                "properties": {"images": _COUNT, "seen": _COUNT},
            },
        },
    },
}
_SETTINGS = {
    "type": "object",
    "required": ["folds", "seeds", "first_epochs", "baseline"],
    "properties": {
        "folds": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        "seeds": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        "first_epochs": {"type": "integer", "minimum": 1},
        "baseline": _TEXT,
    },
}
STUDY: dict[str, Any] = {
    "type": "object",
    "required": ["title", "question", "version", "settings", "arms", "comparisons", "baselines"],
    "properties": {
        "title": _TEXT,
        "question": _TEXT,
        "version": _TEXT,
        "display_names": {"type": "object", "additionalProperties": _TEXT},
        "settings": _SETTINGS,
        "arms": {"type": "array", "minItems": 1, "items": _ARM},
        "comparisons": {"type": "array", "items": _COMPARISON},
        "baselines": {"type": "object", "additionalProperties": _SCORES},
        "stage1": {"type": "array", "items": _STAGE1},
        "stage2": {"type": "array", "items": _STAGE2},
        "agreement": _AGREEMENT,
        "readings": {"type": "array", "items": _READING},
    },
}
"""Without ``format_version``, which is looked at first. Keys that are not named are allowed."""

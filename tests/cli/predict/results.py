"""Model files, and what the command wrote."""

import json
from dataclasses import replace

import pandas as pd
import torch

from monai_covid.evaluation.calibration.record import Calibration, OperatingPoint
from monai_covid.labels import COVID_LABELS
from monai_covid.models.model_file import ModelInfo, load_model, save_model

SIZE = 32
PROBABILITIES = [f"probability_{label}" for label in COVID_LABELS]


def random_network(path, seed, **changed):
    info = ModelInfo(**{"image_size": SIZE, **changed})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_model(path, info.build().state_dict(), info)
    return path


def table(tmp_path):
    return pd.read_csv(
        tmp_path / "results/predictions.csv", index_col="image", keep_default_na=False
    )


def content(tmp_path):
    return json.loads((tmp_path / "results/predictions.json").read_text())


def point(label, threshold):
    return OperatingPoint(label, 0.95, 0.95, threshold, 0.5, 0.4, 0.6, 80, 80, 59)


def calibrated(model, path, thresholds, cutoff=None):
    network, info = load_model(model)
    points = tuple(point(label, value) for label, value in thresholds.items())
    calibration = Calibration("some", 200, 160, 1.0, 0.9, points, cutoff)
    save_model(path, network.state_dict(), replace(info, temperature=2, calibration=calibration))
    return path

from pathlib import Path

import numpy as np
import pytest
import torch

from monai_covid.errors import WeightsError
from monai_covid.lab.suitability.train import REFUSING
from monai_covid.preprocessing.suitability.network import (
    OUTPUTS,
    WEIGHTS_FILE,
    WEIGHTS_SHA256,
    SuitabilityNetwork,
    Trained,
    load_trained,
    question_scores,
    save_trained,
    sha256_of,
)


def test_file_of_the_package_is_the_known_one() -> None:
    assert sha256_of(WEIGHTS_FILE) == WEIGHTS_SHA256
    assert WEIGHTS_FILE.stat().st_size <= 500_000


def test_thresholds_are_at_least_one_half() -> None:
    thresholds = load_trained().thresholds
    assert set(thresholds) == {*REFUSING, "mirrored"}
    assert all(0.5 <= value < 1 for value in thresholds.values())


def test_what_is_saved_is_loaded_and_the_same_bytes_come_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained = Trained(SuitabilityNetwork().eval(), {"other": 0.75})
    first = save_trained(tmp_path / "a.npz", trained)
    loaded = load_trained(tmp_path / "a.npz", first)
    assert loaded.thresholds == {"other": 0.75}
    for name, tensor in trained.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor)
    assert save_trained(tmp_path / "b.npz", loaded) == first


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    save_trained(path, Trained(SuitabilityNetwork(), {}))
    with pytest.raises(WeightsError, match="SHA-256"):
        load_trained(path, WEIGHTS_SHA256)


def test_missing_damaged_and_unfitting_files_are_named(tmp_path: Path) -> None:
    damaged, unfitting = tmp_path / "damaged.npz", tmp_path / "unfitting.npz"
    damaged.write_bytes(b"PK no archive")
    np.savez(unfitting, weight=np.ones(3))
    for path in (tmp_path / "missing.npz", damaged, unfitting):
        with pytest.raises(WeightsError, match=path.name):
            load_trained(path, "")


def test_scores_are_the_probabilities_of_the_faults() -> None:
    logits = {name: torch.randn(5, count) for name, count in OUTPUTS.items()}
    found = question_scores(logits)
    turned = sum(found[f"turned_{degrees}"] for degrees in (90, 180, 270))
    assert torch.allclose(1 - turned, torch.softmax(logits["turn"], 1)[:, 0])
    assert torch.allclose(found["inverted"], 1 / (1 + torch.exp(-logits["inverted"][:, 0])))
    assert torch.allclose(found["other"], torch.softmax(logits["kind"], 1)[:, 2])

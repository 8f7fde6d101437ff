"""How a run ends, and what it says about it."""

import json
import logging
from types import SimpleNamespace

import pytest
from ignite.engine import Engine

from monai_covid.errors import ImageReadError
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.checkpoint import RunCheckpoint
from monai_covid.training.run import INTERRUPTED, run_training
from monai_covid.training.run_folder import RunFolder
from monai_covid.training.selection import BestEpoch


class Trainer(Engine):
    """An engine whose data are set beforehand, as MONAI's."""

    def __init__(self, step, epochs=2):
        super().__init__(step)
        self.state.max_epochs, self.state.epoch_length = epochs, 1
        self.ran = False

    def run(self):
        self.ran = True
        return super().run([0])


@pytest.fixture
def checkpoint(tmp_path, tiny_network):
    info = ModelInfo(start="random")
    best = BestEpoch(SimpleNamespace())
    return RunCheckpoint(
        RunFolder(tmp_path), info.build(), info, best=best, parts={}, settings={"seed": 3}
    )


def summary(tmp_path):
    return json.loads((tmp_path / "summary.json").read_text())


def test_a_run_leaves_a_summary(tmp_path, checkpoint, caplog):
    trainer = Trainer(lambda *_: None)
    checkpoint.attach(trainer)
    checkpoint.best.update(1, 0.75)
    with caplog.at_level(logging.INFO):
        run_training(trainer, checkpoint)
    found = summary(tmp_path)
    assert "esearch use" in found.pop("notice")
    assert found.pop("monai_covid")
    assert found == {
        "finished": True,
        "stopped_early": False,
        "epochs": 2,
        "max_epochs": 2,
        "best_epoch": 1,
        "best_validation_auc": 0.75,
        "model": {
            **{"architecture": "densenet121", "channels": 1, "image_size": 224},
            **{"labels": ["covid19", "pneumonia", "normal"], "multilabel": False},
            **{"start": "random", "temperature": 1.0, "calibration": None},
            "preprocessing": {"lungs": "whole", "text": "keep", "grey": "equalise"},
        },
        "settings": {"seed": 3},
    }
    assert "Best validation AUC 0.7500 in epoch 1 of 2" in caplog.text


def test_a_run_without_a_score_says_what_its_model_is(tmp_path, checkpoint, caplog):
    trainer = Trainer(lambda *_: None)
    checkpoint.attach(trainer)
    with caplog.at_level(logging.INFO):
        run_training(trainer, checkpoint)
    assert summary(tmp_path)["best_validation_auc"] is None
    assert "No epoch has a validation AUC; the model is that of the last" in caplog.text


def test_a_run_that_keeps_its_last_epoch_says_so(tmp_path, checkpoint, caplog):
    trainer = Trainer(lambda *_: None)
    checkpoint.keeps_last = True
    checkpoint.best.update(1, 0.75)
    with caplog.at_level(logging.INFO):
        run_training(trainer, checkpoint)
    assert "0.7500 in epoch 1 of 2; the model is that of the last" in caplog.text


def test_a_finished_run_is_left_alone(tmp_path, checkpoint):
    checkpoint.finished = True
    (tmp_path / "summary.json").write_text("{}")
    trainer = Trainer(lambda *_: None)
    run_training(trainer, checkpoint)
    assert not trainer.ran
    assert summary(tmp_path) == {}


def test_a_finished_run_killed_before_its_summary_gets_it(tmp_path, checkpoint):
    checkpoint.finished = True
    trainer = Trainer(lambda *_: None)
    trainer.state.epoch = 2
    run_training(trainer, checkpoint)
    assert not trainer.ran
    assert summary(tmp_path)["finished"]
    assert summary(tmp_path)["epochs"] == 2


def test_too_few_images_for_a_batch(tmp_path, checkpoint):
    trainer = Trainer(lambda *_: None)
    trainer.state.epoch_length = 0
    with pytest.raises(SystemExit, match="fewer training images than batch_size"):
        run_training(trainer, checkpoint)
    assert not trainer.ran
    assert not list(tmp_path.iterdir())


def test_ctrl_c(checkpoint, caplog):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as exit_:
        run_training(Trainer(interrupt), checkpoint)
    assert exit_.value.code == INTERRUPTED == 130
    assert "Interrupted in epoch 1. Continue with --resume True" in caplog.text


def test_bad_input_ends_in_one_line(checkpoint):
    def fail(*_):
        raise ImageReadError("x.png: is empty")

    with pytest.raises(SystemExit, match=r"^error: x\.png: is empty$"):
        run_training(Trainer(fail), checkpoint)

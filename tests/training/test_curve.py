"""The learning curve: one row an epoch, whatever happens in between."""

import csv
import math
from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine, Events

from monai_covid.errors import DivergenceError, or_exit
from monai_covid.training.curve import COLUMNS, LearningCurve, curve_csv, epoch_line


def trainer_of(batches, curve=None, metrics=None, interval=1):
    """Return a trainer whose iterations give the losses and sizes in ``batches``."""

    def step(_, batch):
        loss, images = batch
        return {"image": torch.zeros(images, 1), "loss": torch.tensor(loss)}

    trainer = Engine(step)

    @trainer.on(Events.EPOCH_COMPLETED(every=interval))
    def validate(engine):
        curve.validator.state = SimpleNamespace(epoch=engine.state.epoch, metrics=metrics or {})

    curve.attach(trainer)
    return trainer


@pytest.fixture
def curve(tmp_path):
    validator = SimpleNamespace(state=SimpleNamespace(epoch=0, metrics={}))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.125)
    return LearningCurve(tmp_path / "curve.csv", "stage", optimizer, validator, head_epochs=1)


def rows(curve):
    with curve.path.open() as stream:
        return list(csv.DictReader(stream))


def test_a_row_an_epoch(curve):
    batches = [(1.0, 4), (2.0, 4), (4.0, 1)]
    metrics = {"validation_loss": 0.5, "validation_auc": 0.75, "validation_accuracy": 1 / 3}
    trainer_of(batches, curve, metrics).run(batches, max_epochs=2)
    first, second = rows(curve)
    assert tuple(first) == COLUMNS
    assert (first["epoch"], first["phase"], first["run"]) == ("1", "head", "stage")
    assert (second["epoch"], second["phase"]) == ("2", "all")
    assert float(first["train_loss"]) == pytest.approx((4 + 8 + 4) / 9)
    assert first["learning_rate"] == "0.125"
    assert first["validation_auc"] == "0.75"
    assert first["validation_accuracy"] == "0.33333333"
    assert float(first["seconds"]) > 0
    assert float(first["images_per_second"]) > 0


def test_epochs_without_validation_have_empty_cells(curve):
    batches = [(1.0, 4)]
    trainer_of(batches, curve, {"validation_auc": 0.75}, interval=2).run(batches, max_epochs=3)
    assert [row["validation_auc"] for row in rows(curve)] == ["", "0.75", ""]


def test_undefined_values_are_empty():
    row = {**dict.fromkeys(COLUMNS, 1.0), "validation_auc": math.nan, "validation_accuracy": None}
    assert curve_csv([row]).splitlines()[1] == "1,1,1,1,1,1,,,1,1"


def test_the_file_is_whole_after_every_epoch(curve):
    batches = [(1.0, 4)]
    trainer = trainer_of(batches, curve)
    lengths = []
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: lengths.append(len(rows(curve))))
    trainer.run(batches, max_epochs=3)
    assert lengths == [1, 2, 3]


def test_a_resumed_run_continues_the_rows(curve):
    batches = [(1.0, 4)]
    trainer_of(batches, curve).run(batches, max_epochs=2)
    resumed = LearningCurve(curve.path, "stage", curve.optimizer, curve.validator, head_epochs=1)
    resumed.load_state_dict(curve.state_dict())
    trainer = trainer_of(batches, resumed)
    trainer.state.max_epochs, trainer.state.epoch_length, trainer.state.epoch = 3, 1, 2
    trainer.run(batches)
    assert [row["epoch"] for row in rows(resumed)] == ["1", "2", "3"]
    assert len(curve.rows) == 2


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_diverged_run_ends_in_one_line(curve, loss):
    batches = [(1.0, 4), (loss, 4)]
    trainer = trainer_of(batches, curve)
    with pytest.raises(DivergenceError, match=f"the loss is {loss} in epoch 1.*learning_rate"):
        trainer.run(batches)
    with pytest.raises(SystemExit, match=r"^error: the loss is"):
        or_exit(trainer_of(batches, curve).run, batches)
    assert not curve.path.exists()


def test_the_line_of_an_epoch():
    row = {
        **{"epoch": 3, "phase": "all", "train_loss": 0.5, "validation_auc": 0.75},
        **{"images_per_second": 12.34},
    }
    expected = "epoch 3/9 (all), train loss 0.5000, validation auc 0.7500, 12.3 images/s"
    assert epoch_line(row, 9) == expected

"""The moving average follows the weights, is what is validated and kept, and survives a stop."""

from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine
from torch import nn

from monai_covid.models.info_buffer import MODEL_INFO
from monai_covid.models.model_file import load_model
from monai_covid.training.weight_average import WeightAverage
from tests.training.stages import assert_same_end, curve, last, run_stage


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def moved(network, by):
    with torch.no_grad():
        network[0].weight += by
        network[1].running_mean += by
        network[1].num_batches_tracked += 1


def trained(average, steps, changes):
    """Run a trainer whose step number ``n`` moves the network by ``changes[n]``."""
    trainer = Engine(lambda engine, _: moved(average.network, changes[engine.state.iteration - 1]))
    average.attach(trainer)
    trainer.run([0] * steps, max_epochs=1)


def test_it_agrees_with_the_formula():
    followed = network()
    average = WeightAverage(followed, decay=0.3)
    moved(followed, 5.0)  # weights that were loaded after it was made
    expected = followed[0].weight.clone(), followed[1].running_mean.clone()
    current = [tensor.clone() for tensor in expected]
    changes = [1.0, -2.0, 0.5, 3.0]
    for step, change in enumerate(changes, start=1):
        decay = min(0.3, (1 + step) / (10 + step))
        current = [tensor + change for tensor in current]
        expected = [
            decay * old + (1 - decay) * new for old, new in zip(expected, current, strict=True)
        ]
    trained(average, 4, changes)
    kept = average.validated(followed)
    torch.testing.assert_close(kept[0].weight, expected[0])
    torch.testing.assert_close(kept[1].running_mean, expected[1])
    assert kept[1].num_batches_tracked == 5
    torch.testing.assert_close(followed[0].weight, current[0])


def test_without_a_decay_there_is_none():
    followed = network()
    average = WeightAverage(followed)
    trainer = SimpleNamespace(add_event_handler=pytest.fail)
    average.attach(trainer)
    assert average.validated(followed) is followed
    assert average.state_dict() == {}


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_impossible_decays(decay):
    with pytest.raises(ValueError, match=f"decay is {decay}"):
        WeightAverage(network(), decay)


@pytest.mark.usefixtures("tiny_network")
def test_a_stopped_run_goes_on_with_the_average(covid, tmp_path):
    options = {
        **{"ema_decay": 0.7, "border_probability": 0.5, "aspect_range": 0.2},
        **{"grey_jitter": 0.3, "erase_probability": 0.5, "head_epochs": 1, "max_epochs": 3},
    }
    run_stage("stage3_covid", covid, tmp_path / "whole", **options)
    for resume in (False, True, True):
        run_stage("stage3_covid", covid, tmp_path / "pieces", resume=resume, minutes=0.0, **options)
    assert_same_end(tmp_path / "whole", tmp_path / "pieces")
    end = last(tmp_path / "whole")
    assert not torch.equal(
        end["average"]["class_layers.out.weight"], end["network"]["class_layers.out.weight"]
    )


@pytest.mark.usefixtures("tiny_network")
def test_the_average_is_the_model_and_is_what_is_validated(covid, tmp_path):
    """Training itself goes on as without it."""
    options = {"max_epochs": 1, "head_epochs": 0, "learning_rate": 0.1}
    run_stage("stage3_covid", covid, tmp_path / "plain", **options)
    run_stage("stage3_covid", covid, tmp_path / "average", ema_decay=0.5, **options)
    kept, _ = load_model(tmp_path / "average" / "model.pt")
    end = last(tmp_path / "average")
    for name, tensor in kept.state_dict().items():
        # What the file says of it is written with the file.
        assert name == MODEL_INFO or torch.equal(tensor, end["average"][name])
    plain = last(tmp_path / "plain")["network"]
    assert all(torch.equal(end["network"][name], tensor) for name, tensor in plain.items())
    losses = [curve(tmp_path / run)[0]["validation_loss"] for run in ("plain", "average")]
    assert losses[0] != losses[1]

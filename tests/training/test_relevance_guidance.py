"""The penalty within a training step, and within runs of the bundle."""

from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from monai_covid.errors import OptionError
from monai_covid.explain.lrp.differentiable import DifferentiableLRP
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.training.relevance_guidance import (
    RelevanceGuidance,
    check_relevance,
    guiding_rules,
    outside_share,
)
from tests.explain.lrp.networks import images, small_network
from tests.training.stages import assert_same_end, curve, run_stage

GUIDED = {"relevance_weight": 2.0, "image_size": 64, "precision": "bfloat16", "max_epochs": 3}


def a_batch(count=4):
    generator = torch.Generator().manual_seed(2)
    masks = (torch.rand(count, 1, 40, 36, generator=generator) > 0.5).double()
    label = torch.tensor([0, 2, 1, 0])[:count]
    return {"image": images(count), "label": label, "lung_mask": masks}


def after_a_step(network, batch, *, iteration=1, epoch=1, **options):
    """Return the gradients that the handler leaves, and the trainer's metrics."""
    guidance = RelevanceGuidance(network, **{"weight": 3.0, **options})
    state = SimpleNamespace(
        iteration=iteration, epoch=epoch, batch=batch, output=dict(batch), metrics={}
    )
    engine = SimpleNamespace(state=state)
    for each in network.parameters():
        each.grad = torch.ones_like(each)
    guidance._start(engine)
    guidance(engine)
    guidance._record(engine)
    return [each.grad for each in network.parameters()], state.metrics


def penalty(network, batch, chosen):
    relevance = DifferentiableLRP(network, guiding_rules(1)).attribute(
        batch["image"][chosen], batch["label"][chosen]
    )
    return outside_share(relevance.relevance, batch["lung_mask"][chosen]).mean()


@pytest.mark.parametrize(
    ("options", "masked", "chosen", "factor"),
    [
        ({}, [], [0, 1, 2, 3], 3.0),
        ({"images": 2}, [], [0, 1], 3.0),
        ({"images": 2}, [0, 2], [1, 3], 3.0),
        ({"every": 5, "iteration": 10}, [3], [0, 1, 2], 15.0),
        ({"head_epochs": 2, "epoch": 3}, [], [0, 1, 2, 3], 3.0),
    ],
)
def test_the_gradient_of_the_weighted_mean_share_is_added(options, masked, chosen, factor):
    network, batch = small_network().train(), a_batch()
    batch["lung_mask"][masked] = 0.0
    expected = penalty(network, batch, chosen)
    gradients = torch.autograd.grad(
        factor * expected, list(network.parameters()), allow_unused=True
    )
    found, metrics = after_a_step(network, batch, **options)
    for ours, theirs in zip(found, gradients, strict=True):
        torch.testing.assert_close(ours, 1.0 + (0.0 if theirs is None else theirs) + 0 * ours)
    assert metrics == {"train_relevance_outside": pytest.approx(expected.item())}


@pytest.mark.parametrize(
    ("options", "masked"),
    [
        ({"every": 5, "iteration": 11}, []),
        ({"head_epochs": 2, "epoch": 2}, []),
        ({}, [0, 1, 2, 3]),
    ],
)
def test_steps_that_are_passed_over(options, masked):
    batch = a_batch()
    batch["lung_mask"][masked] = 0.0
    found, metrics = after_a_step(small_network(), batch, **options)
    assert all(torch.equal(each, torch.ones_like(each)) for each in found)
    assert metrics == {}


def test_a_step_against_the_penalty_lowers_it():
    network, batch = small_network(), a_batch()
    before = penalty(network, batch, [0, 1, 2, 3]).item()
    gradients, _ = after_a_step(network, batch)
    with torch.no_grad():
        for each, gradient in zip(network.parameters(), gradients, strict=True):
            each.sub_(gradient - 1.0, alpha=1e-4)
    assert penalty(network, batch, [0, 1, 2, 3]).item() < before


def test_without_a_weight_nothing_is_attached():
    engine = Engine(lambda *_: None)
    engine.register_events(*IterationEvents)
    for weight, attached in ((0.0, False), (1.0, True)):
        guidance = RelevanceGuidance(small_network(), weight)
        guidance.attach(engine)
        assert engine.has_event_handler(guidance, IterationEvents.BACKWARD_COMPLETED) == attached
        assert engine.has_event_handler(guidance._record, Events.EPOCH_COMPLETED) == attached


def test_several_processes_are_refused(monkeypatch):
    monkeypatch.setattr("ignite.distributed.get_world_size", lambda: 2)
    check_relevance(0.0)
    with pytest.raises(OptionError, match=r"--relevance_weight 0\.5 works in one process alone"):
        check_relevance(0.5)


def test_a_network_without_relevance_propagation_is_refused():
    check_relevance(0.0, "efficientnet_lite0")
    check_relevance(0.5, "densenet201")
    with pytest.raises(OptionError, match=r"--relevance_weight 0\.5 takes one of densenet121"):
        check_relevance(0.5, "efficientnet_lite0")


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantom")
    write_covid_phantom(
        folder, images_per_class=8, seed=0, options=PhantomOptions(size=64), progress=False
    )
    return folder


def test_a_run_records_the_share_and_continues_exactly(tiny_network, phantom, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run_stage("stage3_covid", phantom, whole, **GUIDED)
    rows = curve(whole)
    assert [row["train_relevance_outside"] == "" for row in rows] == [True, True, False]
    share = float(rows[2]["train_relevance_outside"])
    assert 0 < share < 1
    (events,) = [path for path in whole.rglob("events.out*") if _scalars(path)]
    assert _scalars(events) == [pytest.approx(share, rel=1e-6)]
    run_stage("stage3_covid", phantom, parts, **{**GUIDED, "minutes": 0})
    while len(curve(parts)) < len(rows):
        run_stage("stage3_covid", phantom, parts, **GUIDED, resume=True)
    assert_same_end(whole, parts)


def _scalars(path):
    events = EventAccumulator(str(path)).Reload()
    if "train_relevance_outside" not in events.Tags()["scalars"]:
        return []
    return [event.value for event in events.Scalars("train_relevance_outside")]


def test_a_run_whose_images_show_no_lungs_says_so(tiny_network, covid, tmp_path, capsys):
    run_stage("stage3_covid", covid, tmp_path, **GUIDED, overwrite=True)
    assert "epoch 3: no image had lungs that look plausible" in capsys.readouterr().out
    assert "train_relevance_outside" not in curve(tmp_path)[0]

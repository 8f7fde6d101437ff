"""The head trains alone first: nothing else moves. And the learning rates of the two phases."""

import math

import pytest
import torch
from monai.engines import SupervisedTrainer
from monai.networks.nets import DenseNet
from torch.utils.data import DataLoader

from monai_covid.models.tensor_names import HEAD
from monai_covid.training.optimizer import HeadFirst, PhasedCosine, phase_of
from monai_covid.training.processes import place


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DenseNet(2, 1, 3, block_config=(1, 1, 1, 1))


def data():
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(6, 1, 32, 32, generator=generator)
    return [{"image": image, "label": index % 3} for index, image in enumerate(images)]


def trainer_of(network, head_epochs, epochs, wrapped=None, freeze_batch_norm=False):
    """Return a trainer whose optimizer also moves parameters that get no gradient but zeros."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    return SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=epochs,
        train_data_loader=DataLoader(data(), batch_size=3),
        network=wrapped or network,
        optimizer=optimizer,
        loss_function=torch.nn.CrossEntropyLoss(),
        train_handlers=[HeadFirst(network, head_epochs, freeze_batch_norm)],
        decollate=False,
    )


def snapshot(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def changed(network, before):
    state = network.state_dict()
    return {name for name in state if not torch.equal(state[name], before[name])}


def test_only_the_head_changes_in_the_head_phase(network):
    before = snapshot(network)
    trainer_of(network, head_epochs=3, epochs=3).run()
    assert changed(network, before) == {f"{HEAD}.weight", f"{HEAD}.bias"}


def test_everything_changes_afterwards(network):
    before = snapshot(network)
    trainer_of(network, head_epochs=1, epochs=2).run()
    assert changed(network, before) == set(before)
    assert network.features.norm0.num_batches_tracked == 2


def test_without_a_head_phase_everything_changes_at_once(network):
    before = snapshot(network)
    trainer_of(network, head_epochs=0, epochs=1).run()
    assert changed(network, before) == set(before)


def statistics(names):
    return {name for name in names if "running" in name or "num_batches" in name}


@pytest.mark.parametrize("head_epochs", [0, 1])
def test_frozen_batch_norm_keeps_its_statistics_and_trains_everything_else(network, head_epochs):
    before = snapshot(network)
    trainer_of(network, head_epochs, epochs=2, freeze_batch_norm=True).run()
    assert changed(network, before) == set(before) - statistics(before)
    assert statistics(before)
    assert not network.features._forward_pre_hooks


def test_frozen_batch_norm_normalises_by_the_statistics_it_keeps(network):
    network.features.norm0.running_mean.fill_(5.0)
    seen = []
    network.features.norm0.register_forward_hook(lambda module, *_: seen.append(module.training))
    trainer_of(network, 0, epochs=1, freeze_batch_norm=True).run()
    assert seen == [False, False]


def test_a_head_phase_longer_than_the_run_leaves_the_network_trainable(network):
    before = snapshot(network)
    trainer_of(network, head_epochs=9, epochs=1).run()
    assert changed(network, before) == {f"{HEAD}.weight", f"{HEAD}.bias"}
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert not network.features._forward_pre_hooks


@pytest.mark.parametrize(("epoch", "frozen"), [(1, True), (2, False)])
def test_a_resumed_trainer_is_in_the_phase_of_its_epoch(network, epoch, frozen):
    before = snapshot(network)
    trainer = trainer_of(network, head_epochs=2, epochs=epoch + 1)
    trainer.state.epoch, trainer.state.iteration = epoch, 2 * epoch
    trainer.run()
    backbone = {name for name in changed(network, before) if not name.startswith(HEAD)}
    assert (not backbone) == frozen


def test_a_wrapped_network_is_frozen_too(network):
    before = snapshot(network)
    trainer_of(network, 1, 1, wrapped=torch.nn.Sequential(network)).run()
    assert changed(network, before) == {f"{HEAD}.weight", f"{HEAD}.bias"}


def test_the_head_sees_what_it_sees_in_evaluation(network):
    network.features.norm0.running_mean += 0.3
    head_first = HeadFirst(network, 1)
    image = data()[0]["image"][None]
    expected = network.eval()(image)
    head_first.freeze()
    head_first.freeze()
    assert torch.equal(network.train()(image), expected)
    head_first.release()
    assert not torch.equal(network.train()(image.repeat(2, 1, 1, 1))[:1], expected)


def test_validation_does_not_unfreeze(network):
    head_first = HeadFirst(network, 1)
    head_first.freeze()
    before = snapshot(network)
    for mode in (False, True):
        network.train(mode)(data()[0]["image"][None])
    assert not changed(network, before)


def test_one_process_needs_no_wrapper(network):
    assert place(network, torch.device("cpu")) is network


def test_phases_are_counted_from_one():
    assert [phase_of(epoch, 2) for epoch in (1, 2, 3)] == ["head", "head", "all"]
    assert phase_of(1, 0) == "all"


def test_the_rates_of_a_run():
    schedule = PhasedCosine(10, head_epochs=2, head_factor=0.3, warmup_epochs=2)
    decay = [0.5 * (1 + math.cos(math.pi * k / 6)) for k in range(6)]
    expected = [0.3, 0.3, 1 / 3, 2 / 3, *decay]
    assert [schedule(epoch) for epoch in range(10)] == pytest.approx(expected, abs=1e-15)


def test_a_plain_cosine():
    schedule = PhasedCosine(4, head_epochs=0)
    expected = [1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125)]
    assert [schedule(epoch) for epoch in range(4)] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("epochs", "head", "warmup"), [(3, 3, 0), (3, 5, 2), (1, 0, 4), (4, 1, 3)])
def test_short_runs_have_usable_rates(epochs, head, warmup):
    schedule = PhasedCosine(epochs, head, 0.5, warmup)
    assert all(0 < schedule(epoch) <= 1 for epoch in range(epochs))
    # LambdaLR also asks for the epoch after the last.
    assert 0 <= schedule(epochs) <= 1


def test_the_optimizer_gets_the_rates():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.2)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, PhasedCosine(3, 1, 0.5))
    rates = []
    for _ in range(3):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([0.1, 0.2, 0.1], abs=1e-15)

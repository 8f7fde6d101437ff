"""What is written after an epoch, and what a continued run takes from it."""

from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine

from monai_covid.errors import RunFolderError, WeightsError
from monai_covid.models.model_file import ModelInfo, load_model
from monai_covid.training.checkpoint import RunCheckpoint
from monai_covid.training.run_folder import RunFolder
from monai_covid.training.selection import BestEpoch

pytestmark = pytest.mark.usefixtures("tiny_network")

INFO = ModelInfo(start="imagenet")


def trainer_at(epoch, max_epochs=5):
    trainer = Engine(lambda *_: None)
    trainer.state.epoch, trainer.state.iteration = epoch, 10 * epoch
    trainer.state.max_epochs = max_epochs
    return trainer


def checkpoint_in(path, *, resume=False, info=INFO, **options):
    folder = RunFolder(path, resume=resume)
    network = INFO.build()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    best = BestEpoch(SimpleNamespace())
    return RunCheckpoint(
        folder, network, info, best=best, parts={"optimizer": optimizer}, **options
    )


def move(network):
    with torch.no_grad():
        network.class_layers.out.bias += 1


def test_what_was_saved_comes_back(tmp_path):
    saved = checkpoint_in(tmp_path)
    optimizer = saved.parts["optimizer"]
    saved.network(torch.rand(2, 1, 32, 32)).sum().backward()
    optimizer.step()
    saved.best.update(2, 0.75)
    saved(trainer_at(2))
    restored, trainer = checkpoint_in(tmp_path, resume=True), trainer_at(0)
    restored.restore(trainer)
    assert (trainer.state.epoch, trainer.state.iteration) == (2, 20)
    assert (restored.best.epoch, restored.best.score) == (2, 0.75)
    assert not restored.finished
    for name, tensor in saved.network.state_dict().items():
        assert torch.equal(restored.network.state_dict()[name], tensor)
    momenta = [list(part.parts["optimizer"].state.values()) for part in (saved, restored)]
    assert len(momenta[0]) == len(list(saved.network.parameters()))
    for first, second in zip(*momenta, strict=True):
        assert torch.equal(first["momentum_buffer"], second["momentum_buffer"])


def test_only_a_better_epoch_replaces_the_model(tmp_path):
    checkpoint = checkpoint_in(tmp_path)
    checkpoint.best.update(1, 0.8)
    checkpoint(trainer_at(1))
    best = checkpoint.network.class_layers.out.bias.clone()
    for epoch, score in ((2, 0.7), (3, float("nan")), (4, 0.8)):
        move(checkpoint.network)
        checkpoint.best.update(epoch, score)
        checkpoint(trainer_at(epoch))
        network, info = load_model(tmp_path / "model.pt")
        assert torch.equal(network.class_layers.out.bias, best)
        assert info == INFO
    checkpoint.best.update(5, 0.9)
    checkpoint(trainer_at(5))
    bias = load_model(tmp_path / "model.pt")[0].class_layers.out.bias
    assert torch.equal(bias, checkpoint.network.class_layers.out.bias)


def test_the_last_epoch_is_the_model_if_asked_for(tmp_path):
    checkpoint = checkpoint_in(tmp_path, model_epoch="last")
    for epoch, score in ((1, 0.8), (2, 0.7), (3, float("nan"))):
        move(checkpoint.network)
        checkpoint.best.update(epoch, score)
        checkpoint(trainer_at(epoch))
        bias = load_model(tmp_path / "model.pt")[0].class_layers.out.bias
        assert torch.equal(bias, checkpoint.network.class_layers.out.bias)
    assert (checkpoint.best.epoch, checkpoint.best.score) == (1, 0.8)


def test_an_unknown_epoch_is_refused(tmp_path):
    with pytest.raises(ValueError, match="model_epoch is 'first'; it must be one of best, last"):
        checkpoint_in(tmp_path, model_epoch="first")


def test_a_worse_epoch_after_resuming_does_not_replace_the_model(tmp_path):
    before = checkpoint_in(tmp_path)
    before.best.update(1, 0.8)
    before(trainer_at(1))
    model = (tmp_path / "model.pt").read_bytes()
    after = checkpoint_in(tmp_path, resume=True)
    after.restore(trainer_at(0))
    move(after.network)
    after.best.update(2, 0.7)
    after(trainer_at(2))
    assert (tmp_path / "model.pt").read_bytes() == model


def test_without_any_score_the_latest_epoch_is_the_model(tmp_path):
    checkpoint = checkpoint_in(tmp_path)
    for epoch in (1, 2):
        move(checkpoint.network)
        checkpoint.best.update(epoch, float("nan"))
        checkpoint(trainer_at(epoch))
        bias = load_model(tmp_path / "model.pt")[0].class_layers.out.bias
        assert torch.equal(bias, checkpoint.network.class_layers.out.bias)


@pytest.mark.parametrize(
    ("epoch", "early", "finished"), [(4, False, False), (5, False, True), (2, True, True)]
)
def test_when_a_run_is_finished(tmp_path, epoch, early, finished):
    checkpoint = checkpoint_in(tmp_path)
    checkpoint.best.stopped_early = early
    checkpoint(trainer_at(epoch))
    restored = checkpoint_in(tmp_path, resume=True)
    restored.restore(trainer_at(0))
    assert restored.finished == checkpoint.finished == finished
    assert restored.best.stopped_early == early


def test_nothing_is_restored_without_being_asked_or_without_a_run(tmp_path):
    checkpoint_in(tmp_path)(trainer_at(2))
    for checkpoint in (checkpoint_in(tmp_path), checkpoint_in(tmp_path / "new", resume=True)):
        trainer = trainer_at(0)
        checkpoint.restore(trainer)
        assert trainer.state.epoch == 0


def test_changed_settings_are_named(tmp_path):
    checkpoint_in(tmp_path, settings={"seed": 0, "momentum": 0.9, "fold": 1})(trainer_at(1))
    changed = checkpoint_in(
        tmp_path, resume=True, settings={"seed": 1, "momentum": 0.5, "fold": 1, "limit": 3}
    )
    before = changed.network.class_layers.out.bias.clone()
    with pytest.raises(RunFolderError) as error:
        changed.restore(trainer_at(0))
    assert "seed was 0 and is now 1; momentum was 0.9 and is now 0.5" in str(error.value)
    assert "limit was None and is now 3" in str(error.value)
    assert "fold" not in str(error.value).split("exactly:")[1].split("Give")[0]
    assert torch.equal(changed.network.class_layers.out.bias, before)


def test_equal_settings_of_other_types_are_equal(tmp_path):
    checkpoint_in(tmp_path, settings={"labels": ("a", "b"), "rate": 1, "new": {"a": ("b",)}})(
        trainer_at(1)
    )
    same = checkpoint_in(
        tmp_path, resume=True, settings={"labels": ["a", "b"], "rate": 1.0, "new": {"a": ["b"]}}
    )
    same.restore(trainer_at(0))


def test_the_start_that_is_noted_is_that_of_the_first_run(tmp_path):
    checkpoint_in(tmp_path)(trainer_at(1))
    offline = checkpoint_in(tmp_path, resume=True, info=ModelInfo(start="random"))
    offline.restore(trainer_at(0))
    assert offline.info == INFO


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "last.pt").write_bytes(b"half")
    with pytest.raises(WeightsError, match=r"last\.pt: not a readable"):
        checkpoint_in(tmp_path, resume=True).restore(trainer_at(0))
    torch.save({"epoch": 3}, tmp_path / "last.pt")
    with pytest.raises(RunFolderError, match=r"last\.pt: not written by this version.*settings"):
        checkpoint_in(tmp_path, resume=True).restore(trainer_at(0))


def test_killed_while_writing_leaves_the_previous_checkpoint(tmp_path, monkeypatch):
    checkpoint = checkpoint_in(tmp_path)
    checkpoint(trainer_at(1))
    before = (tmp_path / "last.pt").read_bytes()

    def break_off(_, file):
        with file if hasattr(file, "write") else file.open("wb") as stream:
            stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", break_off)
    with pytest.raises(KeyboardInterrupt):
        checkpoint(trainer_at(2))
    assert (tmp_path / "last.pt").read_bytes() == before

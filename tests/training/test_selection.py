"""Which epoch is the best, and when a run stops looking for a better one."""

import math
from types import SimpleNamespace

import pytest
from ignite.engine import Engine, Events

from monai_covid.training.selection import BestEpoch

NAN = float("nan")


def run(scores, patience=0, head_epochs=0, *, interval=1, best=None, start=0):
    """Run a trainer whose epochs score ``scores``; None for an epoch that is not validated."""
    validator = SimpleNamespace(state=SimpleNamespace(epoch=0, metrics={}))
    best = best or BestEpoch(validator, patience=patience, head_epochs=head_epochs)
    best.validator = validator
    trainer = Engine(lambda *_: None)
    improved = []

    @trainer.on(Events.EPOCH_COMPLETED(every=interval))
    def validate(engine):
        score = scores[engine.state.epoch - 1]
        validator.state = SimpleNamespace(
            epoch=engine.state.epoch, metrics={"validation_auc": score}
        )

    best.attach(trainer)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: improved.append(best.improved))
    trainer.state.max_epochs, trainer.state.epoch_length = len(scores), 1
    trainer.state.epoch = start
    trainer.run([0])
    return best, trainer.state.epoch, improved


def test_the_highest_score_wins_and_the_first_of_equals():
    best, epochs, improved = run([0.5, 0.7, 0.7, 0.6])
    assert (best.epoch, best.score, epochs) == (2, 0.7, 4)
    assert improved == [True, True, False, False]


def test_an_undefined_score_is_never_the_best():
    best, _, improved = run([NAN, 0.5, NAN])
    assert (best.epoch, best.score) == (2, 0.5)
    assert improved == [False, True, False]
    assert run([NAN, NAN])[0].score is None


@pytest.mark.parametrize(
    ("scores", "patience", "head_epochs", "last"),
    [
        ([0.9, 0.1, 0.1, 0.1, 0.1], 2, 0, 3),
        ([0.9, 0.1, 0.95, 0.1, 0.1, 0.1], 2, 0, 5),
        ([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 2, 3, 5),
        ([0.9, 0.1, 0.1, 0.1, 0.1], 0, 0, 5),
        ([NAN] * 5, 2, 0, 2),
        ([0.9, 0.1, 0.1], 1, 3, 3),
        ([0.9, 0.1, 0.1], 1, 9, 3),
    ],
)
def test_patience_is_counted_after_the_head_phase(scores, patience, head_epochs, last):
    best, epochs, _ = run(scores, patience, head_epochs)
    assert epochs == last
    assert best.stopped_early == (last < len(scores))


def test_only_validated_epochs_are_judged():
    best, epochs, improved = run([0.9, 0.5, 0.9, 0.4, 0.9, 0.3], patience=4, interval=2)
    assert (best.epoch, best.score, epochs) == (2, 0.5, 6)
    assert improved == [False, True, False, False, False, False]
    assert best.stopped_early


def test_a_resumed_run_remembers_its_best():
    before, _, _ = run([0.8, 0.2])
    after = BestEpoch(before.validator, patience=3)
    after.load_state_dict(before.state_dict())
    scores = [math.nan, math.nan, 0.5, 0.4, 0.3]
    best, epochs, improved = run(scores, best=after, start=2)
    assert (best.epoch, best.score, epochs) == (1, 0.8, 4)
    assert improved == [False, False]

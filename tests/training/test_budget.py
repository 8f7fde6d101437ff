"""A time budget ends a run after a whole epoch, and early enough."""

import pytest
from ignite.engine import Engine

from monai_covid.training import budget
from monai_covid.training.budget import TimeBudget


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(budget, "time", clock)
    return clock


def run(clock, minutes, seconds, epochs=6):
    limit = TimeBudget(minutes)

    def step(engine, _):
        clock.now += seconds[engine.state.epoch - 1]

    trainer = Engine(step)
    limit.attach(trainer)
    trainer.run([0], max_epochs=epochs)
    return limit, trainer.state.epoch


@pytest.mark.parametrize(
    ("minutes", "seconds", "last"),
    [
        (None, [1000] * 6, 6),
        (1, [20] * 6, 3),
        (1, [19] * 6, 3),
        (0, [10] * 6, 1),
        (2, [10, 50, 11, 10, 10, 10], 3),
        (10, [10] * 6, 6),
    ],
)
def test_the_next_epoch_must_fit(clock, minutes, seconds, last):
    limit, epochs = run(clock, minutes, seconds)
    assert epochs == last
    assert limit.exhausted == (last < 6)


def test_the_last_epoch_exhausts_nothing(clock):
    limit, epochs = run(clock, 0, [100], epochs=1)
    assert (limit.exhausted, epochs) == (False, 1)

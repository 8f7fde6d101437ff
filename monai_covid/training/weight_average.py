"""An exponential moving average of the weights, which is validated and kept instead of them.

Over the last steps the weights of a small data set swing about a better point than any of them;
their average is nearer to it, and its validation curve is smoother (Polyak & Juditsky, SIAM J.
Control Optim. 1992; Tarvainen & Valpola, NeurIPS 2017).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import nn


class WeightAverage:
    """Follows a network's weights and batch normalisation statistics while it trains.

    At step ``n`` the average moves by ``1 - min(decay, (1 + n) / (10 + n))`` of the way to the
    weights, so that what it started from is soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float = 0.0) -> None:
        """Follow ``network``.

        Args:
            network: Without any wrapper.
            decay: Share of the average that stays at each step, 0 to below 1; 0 for no average.

        Raises:
            ValueError: ``decay`` is out of range.
        """
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}; it must be at least 0 and below 1")
        self.network = network
        self.decay = decay
        self.average = copy.deepcopy(network) if decay else None
        self._continues = False

    def attach(self, engine: Engine) -> None:
        """Follow the steps of the trainer ``engine``."""
        if self.average is not None:
            engine.add_event_handler(Events.STARTED, self._start)
            engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def validated(self, network: nn.Module) -> nn.Module:
        """Return the network to validate: the average, or ``network`` where there is none."""
        return network if self.average is None else self.average

    def _start(self, _: Engine) -> None:
        assert self.average is not None
        self.average.to(next(self.network.parameters()).device)
        if not self._continues:
            self.average.load_state_dict(self.network.state_dict())

    @torch.no_grad()
    def __call__(self, engine: Engine) -> None:
        """Follow the step that was made."""
        assert self.average is not None
        step = engine.state.iteration
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        weights = self.network.state_dict()
        for name, average in self.average.state_dict().items():
            if average.is_floating_point():
                average.lerp_(weights[name], weight)
            else:
                average.copy_(weights[name])

    def state_dict(self) -> dict[str, Any]:
        """Return the average's tensors."""
        return {} if self.average is None else self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from ``state``."""
        if self.average is not None:
            self.average.load_state_dict(state)
            self._continues = True
